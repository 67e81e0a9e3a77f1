/** @file A trained model as one graph that stands alone: from the batch of one history to the scores of all items. */
import type { BatchShape, Recipe } from '../batches/kind.ts'
import { Bug } from '../errors.ts'
import { catalogInputs } from '../models/contract/catalog.ts'
import type { HistorySettings, Score } from '../models/contract/model.ts'
import { readUser } from '../models/contract/read-user.ts'
import { servingPass } from '../models/contract/serving-pass.ts'
import type { Graph } from '../onnx/graph.ts'
import { matmul } from '../tensor/linear.ts'
import { integers, type Tensor } from '../tensor/node.ts'
import type { ScorerParts } from './scorer.ts'
import { servedGraphs } from './served-graphs.ts'

/** A graph, and all that fills its inputs: nothing else of the model is needed to rank. */
export interface BakedModel {
  /** Inputs are those of the batch; the output `scores` is [1, items + 1], the pad first. */
  readonly graph: Graph
  readonly shape: BatchShape
  readonly history: HistorySettings
  /** How the batch is filled; absent where that cannot be written down. */
  readonly recipe: readonly Recipe[] | undefined
}

/** Bakes a trained model: what no history changes is computed, and is a constant of the graph. */
export async function bakedModel({
  slug,
  model: { batches, score, history, frozen: own = {} },
  dataset,
  parameters,
  memory = {},
  vocabulary,
  runtime,
}: ScorerParts): Promise<BakedModel> {
  const shape = { rows: 1, length: Math.max(1, history.maxLength), targets: 0 }
  const { inputs, batch } = batches.declare(shape)
  const frozen = catalogInputs(dataset, { vocabulary, own })
  await using graphs = servedGraphs({ parameters, memory, frozen, runtime })
  const scores = scoresOf(slug, score, batch, dataset.catalog.ids.length)
  return { graph: await graphs.baked({ scores }, inputs), shape, history, recipe: batches.recipe }
}

/** @throws Bug for a model of clicks */
function scoresOf(slug: string, score: Score, batch: unknown, itemRows: number): Tensor {
  const product = (user: Tensor, table: Tensor): Tensor => matmul(user, table, { transposeB: true })
  if (score.kind === 'dot') return product(readUser(score, batch, servingPass).user, score.table)
  if (score.kind === 'products') {
    const users = score.users(batch, servingPass)
    return score.combine(score.tables.map((table, at) => product(users[at] as Tensor, table)))
  }
  if (score.kind === 'pairs') return score.score(score.user(batch, servingPass), integers([...Array(itemRows).keys()]))
  throw new Bug(`${slug} says how probable clicks are and ranks no catalog`)
}
