/**
 * @file What a model trains by where it does not say: the softmax over the catalog for whoever ranks, the log loss for
 * clicks.
 */
import type { Impressions } from '../batches/impressions.ts'
import { Bug } from '../errors.ts'
import type {
  BuiltModel,
  ClickScore,
  DotScore,
  Losses,
  Pass,
  ProductsScore,
  Score,
  Stage,
  Targets,
} from '../models/contract/model.ts'
import { objective } from '../models/contract/model.ts'
import { readUser } from '../models/contract/read-user.ts'
import { catalogLossOf } from '../nn/catalog-loss.ts'
import { logLoss } from '../nn/log-loss.ts'
import { addAll, mul } from '../tensor/elementwise.ts'
import { matmul } from '../tensor/linear.ts'
import type { Tensor } from '../tensor/node.ts'

/** The stages of a model; one that trains its score where it names none. */
export function stagesOf({ batches, score, stages }: BuiltModel): readonly Stage[] {
  if (stages) return stages
  const losses = (batch: unknown, pass: Pass): Losses => lossesOf(score, batch, pass)
  return [{ name: 'train', epochs: 'until-best', objectives: [objective({ name: 'train', batches, losses })] }]
}

function lossesOf(score: Score, batch: unknown, pass: Pass): Losses {
  if (score.kind === 'dot') return rankingLosses(score, batch, pass)
  if (score.kind === 'clicks') return clickLosses(score, batch as Impressions, pass)
  if (score.kind === 'products') return productLosses(score, batch, pass)
  throw new Bug('a model whose score reads pairs must name its stages')
}

/** Cross-entropy of the targets over the whole catalog, and the model's own losses. */
export function rankingLosses(score: DotScore, batch: unknown, pass: Pass): Losses {
  const { user, losses } = readUser(score, batch, pass)
  const { target_P, weight_P } = batch as Targets
  const { table, tableRows, softmax = true } = score
  const main = (): Tensor =>
    pass.catalogLoss({
      hidden: user,
      table,
      targets: target_P,
      weights: weight_P,
      ...(tableRows && { rowsOf: tableRows }),
    })
  return { ...(softmax && { main: { weight: 1, value: main() } }), ...losses?.({ target_P, weight_P }) }
}

/** The log loss (eq. 18 of Diff-MSIN), and what the model adds to it. */
function clickLosses(score: ClickScore, batch: Impressions, pass: Pass): Losses {
  const { logit_B, losses } = score.forward(batch, pass)
  return { clicks: { weight: 1, value: logLoss(logit_B, batch.label_B, batch.weight_B) }, ...losses?.() }
}

/** Cross-entropy over the combined products. */
function productLosses(score: ProductsScore, batch: unknown, pass: Pass): Losses {
  const { target_P, weight_P } = batch as Targets
  const products = score
    .users(batch, pass)
    .map((user, at) => matmul(user, score.tables[at] as Tensor, { transposeB: true }))
  return { main: { weight: 1, value: catalogLossOf(score.combine(products), target_P, weight_P) } }
}

/** The sum that is minimized, and the losses to report: none where there is but one. */
export function totalLoss(losses: Losses): { readonly loss: Tensor; readonly parts: Readonly<Record<string, Tensor>> } {
  const terms = Object.values(losses).map(({ weight, value }) => (weight === 1 ? value : mul(value, weight)))
  const parts = Object.entries(losses).map(([name, { value }]) => [name, value] as const)
  return { loss: addAll(terms), parts: parts.length > 1 ? Object.fromEntries(parts) : {} }
}
