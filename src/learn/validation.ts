/** @file What training is validated by: NDCG@10 over the full catalog for whoever ranks it, log loss for clicks. */
import type { ClickSamples } from '../dataset/click-samples.ts'
import type { Dataset, Split } from '../dataset/schema.ts'
import { clickShare } from '../evaluate/clicks.ts'
import { ndcgOf, ndcgOfRanks } from '../evaluate/evaluate.ts'
import { fullRanks } from '../evaluate/rank.ts'
import { logLoss } from '../metrics/log-loss.ts'
import { betterOf, printedFigure, validationMetric } from '../metrics/table.ts'
import type { Vocabulary } from '../models/contract/catalog.ts'
import type { BuiltModel, Memory } from '../models/contract/model.ts'
import type { Ranks } from '../mpi/ranks.ts'
import { clickPredictor } from '../rank/click-predictor.ts'
import { answeringEmpty } from '../rank/empty-histories.ts'
import { nextItemScorer } from '../rank/scorer.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { dryRun } from './dry-run.ts'
import { tablesElsewhere } from './fed-rows.ts'
import { type ParameterState, valuesOf } from './parameters.ts'
import { clickBytes, rankingBytes } from './serving-memory.ts'
import { type SharedRanking, sharedRanking } from './shared-ranking.ts'
import type { Validation, Validator } from './training-run.ts'

/** What a validation is made of. */
export interface ValidationParts {
  readonly slug: string
  readonly model: BuiltModel
  readonly dataset: Dataset
  readonly vocabulary?: Vocabulary | undefined
  readonly runtime: Runtime
}

/** Each of several ranks validates its share of the users. */
interface Sharing {
  readonly ranks?: Ranks | undefined
}

/** Whether a user is in the share of this rank. */
const isOwn = (user: number, { rank, size }: Ranks): boolean => user % size === rank

/** The mean over what all ranks have, from the mean of each. */
async function meanOfAll(count: number, mean: () => Promise<number>, ranks: Ranks): Promise<number> {
  const told = Float64Array.of(count > 0 ? count * (await mean()) : 0, count)
  await ranks.sum(told)
  return (told[0] as number) / (told[1] as number)
}

/** Whether there is anything to validate a model by that ranks. */
export const validatesRanks = ({ validation }: Split): boolean => validation.length > 0

/** Whether there is anything to validate a model of clicks by: of one answer alone, saying it always is the best. */
export const validatesClicks = ({ validation, label }: ClickSamples): boolean =>
  new Set(validation.map((sample) => label[sample] as number)).size === 2

/** What validates a model that ranks. */
type RankingParts = ValidationParts & Sharing & { readonly split: Split; readonly seed: number }

/** NDCG@10 of the validation targets over the full catalog; `seed` is that of the run. */
export function rankingValidation(parts: RankingParts): Validation {
  const { dataset, split, ranks } = parts
  const { validation } = split
  const rows = ranks ? validation.filter((row) => isOwn(dataset.events.user[row] as number, ranks)) : validation
  const own = { ...parts, own: { ...split, validation: rows } }
  const sharing = (state: ParameterState): boolean => tablesElsewhere(state).size > 0
  return {
    metric: printedFigure(validationMetric.ranks),
    better: betterOf(validationMetric.ranks),
    measures: validatesRanks(split),
    async bytes(state, memory) {
      if (!validatesRanks(split)) return 0
      return sharing(state)
        ? sharedBytes(parts, state, memory)
        : rankingBytes({ ...parts, parameters: valuesOf(state), memory })
    },
    open: (state, memory) => (sharing(state) ? openShared : openWhole)(own, state, memory),
  }
}

/** The targets of this rank beside those of all. */
type OwnParts = RankingParts & { readonly own: Split }

/** Validates by a scorer of the whole catalog. */
async function openWhole(parts: OwnParts, state: ParameterState, memory: Memory): Promise<Validator> {
  const { dataset, split, own, seed, ranks } = parts
  const scorer = answeringEmpty(await nextItemScorer({ ...parts, parameters: valuesOf(state), memory }), dataset, split)
  return {
    async validate(counted) {
      await scorer.refresh()
      const mean = () => ndcgOf(scorer, dataset, own, { part: 'validation', seed, ...(counted && { counted }) })
      return ranks ? meanOfAll(own.validation.length, mean, ranks) : mean()
    },
    [Symbol.asyncDispose]: () => scorer[Symbol.asyncDispose](),
  }
}

/** Validates where ranks hold the item table together. */
function openShared(parts: OwnParts, state: ParameterState, memory: Memory): Promise<Validator> {
  const { dataset, own, seed, ranks } = parts
  const ranking: SharedRanking = sharedRanking({ ...parts, state, memory })
  const { batchSize } = ranking
  return Promise.resolve({
    async validate(counted) {
      const asked = { part: 'validation', seed, batchSize, ...(counted && { counted }) } as const
      const mean = async () => ndcgOfRanks(await fullRanks(ranking, dataset, own, asked))
      const ofOwn = own.validation.length > 0 ? await mean() : 0
      await ranking.attend()
      return meanOfAll(own.validation.length, () => Promise.resolve(ofOwn), ranks as Ranks)
    },
    [Symbol.asyncDispose]: () => ranking[Symbol.asyncDispose](),
  })
}

/** Bytes that it takes: graphs, and the scores of all ranks' users against the rows of one. */
async function sharedBytes(parts: RankingParts, state: ParameterState, memory: Memory): Promise<number> {
  const dry = dryRun()
  await using ranking = sharedRanking({ ...parts, state, memory, runtime: dry.runtime })
  await ranking.compile()
  return dry.bytes() + 4 * ranking.batchSize * parts.dataset.catalog.ids.length
}

/** Log loss of the validation samples, beside that of the share of clicks among the training samples. */
export function clickValidation(parts: ValidationParts & Sharing & { readonly samples: ClickSamples }): Validation {
  const { samples, ranks } = parts
  const labelsOf = (numbers: Int32Array): Int32Array => numbers.map((sample) => samples.label[sample] as number)
  const labels = labelsOf(samples.validation)
  const { validation } = samples
  const own = ranks ? validation.filter((sample) => isOwn(samples.user[sample] as number, ranks)) : validation
  const constant = new Float64Array(labels.length).fill(clickShare(samples))
  return {
    metric: printedFigure(validationMetric.clicks),
    better: betterOf(validationMetric.clicks),
    constant: logLoss(constant, labels),
    measures: validatesClicks(samples),
    bytes: (state, memory) => clickBytes({ ...parts, parameters: valuesOf(state), memory }, samples.validation),
    open(state, memory) {
      const predictor = clickPredictor({ ...parts, parameters: valuesOf(state), memory })
      return Promise.resolve({
        async validate(counted) {
          await predictor.refresh()
          const mean = async () => logLoss(await predictor.samples(own, counted), labelsOf(own))
          return ranks ? meanOfAll(own.length, mean, ranks) : mean()
        },
        [Symbol.asyncDispose]: () => predictor[Symbol.asyncDispose](),
      })
    },
  }
}
