/**
 * @file QARM: vectors of pictures and texts, aligned by what users took, become codes that are read as ids. Luo, Cao,
 * Sun, Yu, Huang, Yuan, Lin, Zheng, Wang, Hu, Qiu, Zhang, Zhang, Yan, Zhang, Zhang, Wen, Liu, Gai & Zhou, CIKM 2025.
 * [bib: qarm]
 *   before clicks are learned from, by training rows alone
 *   (1)  for each click, the event before it that shares most users       -> pairs (i, j)
 *   (2)  a = normalize(A [v^image, v^text] + b), each v of length 1       -> aligned_VW
 *   (3)  L_align = (NCE(a_i, a_j) + NCE(a_j, a_i)) / 2, NCE(u, p) = mean_i -log softmax_j(u_i . p_j / t)[i]
 *   (4)  r^l = the nearest of K centers to e^(l-1), e^0 = a, e^l = e^(l-1) - that center, l = 1 .. Q; the centers by
 *        k-means of e^(l-1)                                               -> codes_VQ
 *   (5)  n_1 .. n_k = the nearest known items by a                        -> neighbors_Vk
 *   the model of clicks
 *   (6)  q = [T_1[r^1], .., T_Q[r^Q]], z = mean_j N[n_j], s = [q, z]      -> code_BS, code_HLS
 *   (7)  v = sum_l a(s_l, s) s_l, a DIN's unit; what was done is added    -> interest_BS
 *   (8)  x_l = share of events whose first l codes are the candidate's    -> [B, Q]
 *   (9)  logit = MLP([v, x, e, s, numbers, user, its numbers]), e the candidate's id and fields -> logit_B
 * Symbols: Q = `levels`, K = `centers`, k = `neighbors`, t = `temperature`, W = `alignedSize`; the paper's residual
 * codes (RQ) are r, its nearest-neighbor codes (VQ) are n.
 * Differs (no code was published; equations are from notes of readers):
 * - the paper trains a multimodal language model by (3); frozen vectors stand for it, and a linear adapter for its
 *   training. `alignment: 'none'` takes the vectors as they are;
 * - (1) is the paper's first source, by items' users in place of a ranking model's ids; its second, Swing, is left out;
 * - k is 10, Q 4 and K 256 or an eighth of the items; the paper's are 25, 6 and (second version) 4096;
 * - t, what (8) compares and whether N is the table of ids are **unconfirmed**: N is its own here;
 * - how histories are pooled is **unconfirmed**: DIN's unit here, a mean by `read: 'mean'`; whether ids of events are
 *   read beside (`events: 'both'`) too;
 * - one code for "no vector", which (8) never counts as shared;
 * - an item that came after training has the codes of the nearest centers, and no neighbors.
 */
import { type Impressions, impressions } from '../../../batches/impressions.ts'
import { itemPairs } from '../../../batches/item-pairs.ts'
import { logLoss } from '../../../nn/log-loss.ts'
import { concat } from '../../../tensor/move.ts'
import type { Tensor } from '../../../tensor/node.ts'
import type { CatalogShape } from '../../contract/catalog.ts'
import {
  type BuiltModel,
  type ClickScore,
  defineModel,
  objective,
  type Stage,
  type StageContext,
} from '../../contract/model.ts'
import { clickOutput } from '../../parts/click-output.ts'
import { categoricalFields, rowsOfFields, withBehavior } from '../../parts/field-embeddings.ts'
import { meanOverHistory } from '../../parts/mean-over-history.ts'
import { eventReading, type Side } from '../event-reading.ts'
import { type AlignedVectors, alignedVectors, alignmentLoss } from './aligned-vectors.ts'
import { alignmentPairs } from './alignment-pairs.ts'
import { codeFeatures } from './code-features.ts'
import { config, type QarmConfig } from './config.ts'
import { knownNeighbors } from './neighbors.ts'
import { residualCodes } from './residual-codes.ts'

/** QARM; see the file's header. */
export const qarm = defineModel({
  slug: 'qarm',
  task: 'clicks',
  title: 'QARM',
  withoutContent: 'has no codes: it is DIN; train din, which is that at less cost',
  reducedForm: 'both kinds of codes, over frozen vectors that a linear adapter aligns: no language model is trained',
  config,
  build,
})

function build(config: QarmConfig, catalog: CatalogShape): BuiltModel<Impressions> {
  const { embeddingSize, maxLength, neighbors: count } = config
  const fields = categoricalFields(catalog, 'item', embeddingSize)
  const ofId = (ids: Tensor): Tensor => concat(rowsOfFields(fields, ids), -1)
  const idSide = { name: 'id', width: fields.tables.length * embeddingSize }
  const vectors = alignedVectors(catalog, config)
  const hasCodes = vectors.length > 0
  const codes = vectors.map((one) => residualCodes(one, config, catalog))
  const neighbors = hasCodes && count > 0 ? knownNeighbors(vectors, count, catalog) : undefined
  const features = hasCodes ? codeFeatures(catalog, { codes, neighbors, fields }, config) : undefined
  const codeSide = features ? [{ name: 'code', width: features.width }] : []
  const sides = config.events === 'both' || !hasCodes ? [...codeSide, idSide] : codeSide
  const reading = historyReading(catalog, sides, config)
  const widths = [reading.width + (features?.sharesWidth ?? 0), idSide.width + (features?.width ?? 0)] as const
  const output = clickOutput(catalog, widths, config)
  const score: ClickScore<Impressions> = {
    kind: 'clicks',
    forward(batch, { noise }) {
      const { item_B, history_HL } = batch
      const code = features?.in(batch)
      const all = [...(code ? [code.features] : []), ofId]
      const targets = all.map((of) => of(item_B))
      const events = all.slice(0, sides.length).map((of) => of(history_HL))
      const { interest, ...reasons } = reading.read(events, targets, batch)
      const found = code ? concat([everyRow(interest, batch.rows), code.shares], 1) : interest
      const logit_B = output({ interest: found, target: concat(targets.toReversed(), 1), batch, noise })
      return { logit_B, reasons }
    },
  }
  const batches = impressions(maxLength)
  const history = { maxLength, mergeBehaviors: true }
  if (!hasCodes) return { batches, history, score }
  const offline = [...codes, ...(neighbors ? [neighbors] : [])]
  return {
    batches,
    history,
    score,
    memory: Object.assign({}, ...offline.map(({ memory }) => memory)),
    stages: [
      ...(config.alignment === 'adapter' ? [alignmentStage(vectors, config)] : []),
      {
        name: 'clicks',
        epochs: 'until-best',
        async before(context: StageContext) {
          for (const one of offline) await one.fit(context)
        },
        objectives: [
          objective<Impressions>({
            name: 'clicks',
            batches,
            losses(batch, pass) {
              const { logit_B } = score.forward(batch, pass)
              return { clicks: { weight: 1, value: logLoss(logit_B, batch.label_B, batch.weight_B) } }
            },
          }),
        ],
      },
    ],
  }
}

/** What one history says is the same of all candidates. */
const everyRow = (x: Tensor, rows: number): Tensor => (x.shape[0] === rows ? x : x.expand([rows, x.shape[1] as number]))

/** (7), or a mean. */
function historyReading(catalog: CatalogShape, sides: readonly Side[], config: QarmConfig) {
  if (config.read === 'din') return eventReading(catalog, sides, config)
  const width = sides.reduce((sum, side) => sum + side.width, 0)
  const done = withBehavior(catalog, width)
  return {
    width,
    read: (events: readonly Tensor[], _: readonly Tensor[], { behavior_HL, mask_HL }: Impressions) => ({
      interest: meanOverHistory(done(concat(events, -1), behavior_HL), mask_HL),
    }),
  }
}

/** (1-3) */
function alignmentStage(
  vectors: readonly AlignedVectors[],
  { alignmentEpochs, temperature, maxLength }: QarmConfig,
): Stage {
  const hint = 'train with --alignment none, which learns from no pairs'
  return {
    name: 'alignment',
    epochs: alignmentEpochs,
    objectives: [
      objective({
        name: 'alignment',
        batches: itemPairs((data) => alignmentPairs(data, maxLength), hint),
        losses: (batch) =>
          Object.fromEntries(
            vectors.map((one) => [one.name, { weight: 1, value: alignmentLoss(one, batch, temperature) }]),
          ),
      }),
    ],
  }
}
