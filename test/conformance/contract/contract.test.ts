import type { Dataset } from '../../../src/dataset/schema.ts'
import { blindToAll, conformance, type RankingCandidate } from '../../../src/testing/ranking/index.ts'
import { bilevelWeights } from './bilevel.ts'
import { allInputs, combinedProducts, mixedPlaces, pairTower } from './scores.ts'
import { memorizingPairs, refilledClusters, stagedModel, turnsOf } from './stages.ts'

const forgetsOrder = {
  ...blindToAll,
  causal: 'its rows are pairs, not windows',
  learns: 'it forgets order, which is all that the ring is made of',
} as const
/** Prices of items, and ages of users. */
function withNumbersAndFields(dataset: Dataset): Dataset {
  const { catalog, userIds } = dataset
  const price = Float32Array.from(catalog.ids, (_, item) => 10 * item)
  const age = { values: Int32Array.from(userIds, (_, user) => user % 3), vocabulary: ['', 'young', 'old'] }
  return { ...dataset, catalog: { ...catalog, numbers: { price } }, users: { fields: { age }, numbers: {} } }
}

const candidates: readonly RankingCandidate[] = [
  { definition: combinedProducts, options: {}, epochs: 40, learningRate: 3e-2, skips: blindToAll },
  { definition: pairTower, options: {}, skips: forgetsOrder },
  { definition: stagedModel, options: {}, epochs: 40, learningRate: 3e-2, skips: { ...blindToAll } },
  { definition: turnsOf('step'), options: {}, epochs: 40, skips: blindToAll },
  { definition: turnsOf('pass'), options: {}, epochs: 40, skips: blindToAll },
  { definition: refilledClusters, options: {}, epochs: 40, learningRate: 3e-2, skips: blindToAll },
  { definition: memorizingPairs, options: {}, skips: forgetsOrder },
  {
    definition: mixedPlaces,
    options: {},
    epochs: 150,
    learningRate: 1e-2,
    skips: { ...blindToAll, causal: 'it mixes all places of a window, which has one target' },
  },
  {
    definition: bilevelWeights,
    options: {},
    skips: { ...forgetsOrder, gradients: 'its weights are constants to the pairs, whose losses they are made of' },
  },
  {
    definition: allInputs,
    options: {},
    epochs: 60,
    learningRate: 3e-2,
    skips: blindToAll,
    extend: withNumbersAndFields,
  },
]
for (const candidate of candidates) conformance(candidate)
