/**
 * @file DIPN, its browse part: each behavior is a sequence with a recurrent layer of its own, attention weighs the
 * events of each sequence and then the sequences; one vector says which item comes next and whether the target behavior
 * does. Guo et al., KDD 2019. [bib: dipn]
 *   (1) x_t = [item; fields; behavior; gap; age]                         item_BL, behavior_BL, gap_BL -> x_NE
 *   (2) h = GRU_m(x) over the events of view m                           x_BLE -> hidden_MBLW
 *   (3) w_t = softmax_t(c_m . tanh(A_m h_t + a_m)), v_m = sum_t w_t h_t  -> view_MBW; an empty view's is learned
 *   (4) r_m = softmax_m(c . tanh(A v_m + a)), z = sum_m r_m v_m          -> share_BM
 *       s = [z; v_1; ..; v_M]                                            -> s_BS, S = (M + 1) W
 *   (5) s' = W_2 drop(relu(W_1 s + b_1)) + b_2                           s_BS -> user_BD
 *   (6) y = sigmoid(s' . w + b), whether the next event is of the target behavior
 *   (7) r = s' . Q, Q the items of (1)                                   user_PD -> scores_PV
 *   (8) cross-entropy of (7) for next events of the target behavior + lambda_1 binary cross-entropy of (6)
 *       + lambda_2 cross-entropy of a second (5, 7) for next events of the other behaviors
 * Gap and age are vectors of floor(log2(1 + seconds)), since the event before and until the window's last event.
 * Differs: **no equation of the paper was seen, and there is no code: all of (1-8) is rebuilt from descriptions
 * (unconfirmed)**, and so are the defaults;
 * - no touch: swipes and taps are in no public log, and the paper's gain comes from them; this is its reduced baseline;
 * - the paper says whether a user buys within the hour; ours ranks the next item, and (6) is an auxiliary loss;
 * - gaps stand for the time spent on a page, which logs don't have;
 * - windows that end before another behavior are drawn anew each epoch, as many as there are of the target;
 * - both cross-entropies are one pass: each row is read by the head of its own next event;
 * - without times gaps and ages are left out; with one behavior (6) and the second head are.
 */
import * as z from 'zod'
import { type Times, times } from '../../batches/extras/moments.ts'
import { type TargetBehaviors, targetBehaviors } from '../../batches/extras/target-behaviors.ts'
import { type SequenceSettings, type Sequences, sequences } from '../../batches/sequences.ts'
import { normal } from '../../nn/init.ts'
import { linear } from '../../nn/linear.ts'
import { logLoss } from '../../nn/log-loss.ts'
import type { Noise } from '../../nn/noise.ts'
import { equal, greater, where } from '../../tensor/compare.ts'
import { add, div, log, mul, sub } from '../../tensor/elementwise.ts'
import { cast, concat } from '../../tensor/move.ts'
import { constant, integers, parameter, type Tensor } from '../../tensor/node.ts'
import type { CatalogShape } from '../contract/catalog.ts'
import { defineModel, type Losses, type Pass, type Targets } from '../contract/model.ts'
import { chosenFields, fieldNames } from '../parts/chosen-fields.ts'
import { itemFeatures } from '../parts/item-features.ts'
import { targetWeights } from '../parts/item-windows.ts'
import { dropout, fieldSize, flag, hiddenSize, lossWeight, maxEvents } from '../parts/options.ts'
import { explainViews } from './explain-views.ts'
import { viewAttention } from './view-attention.ts'
import { viewEvents } from './view-events.ts'

const config = z.strictObject({
  embeddingSize: z
    .int()
    .min(1)
    .max(1024)
    .default(64)
    .describe("width of an item's embedding, by which it is ranked (D)"),
  fieldSize: fieldSize.describe("width of the embedding of each of an event's fields, its behavior, gap and age"),
  hiddenSize: hiddenSize.describe('width of the recurrent layers and of a view (W)'),
  maxLength: maxEvents,
  fields: fieldNames,
  dropout: dropout.default(0.2),
  lambdaIntent: lossWeight(0.1, 'weight of the loss of whether the target behavior comes next'),
  lambdaAuxiliary: lossWeight(0.1, 'weight of the loss of the next item of another behavior'),
  mergedView: flag('read all events in order as one more view'),
  bottom: z
    .enum(['attention', 'last'])
    .default('attention')
    .describe('what stands for a view: its events weighed, or its last state'),
  top: z.enum(['attention', 'mean']).default('attention').describe('how views are weighed: by attention, or alike'),
  withoutTimes: flag('leave out gaps and ages; a dataset without times is read so'),
})
type Config = z.infer<typeof config>
type Batch = Sequences & Times & TargetBehaviors

const slug = 'dipn'
const hasTimes = ({ withoutTimes }: Config, { time }: CatalogShape): boolean => !withoutTimes && time !== 'order'

/** DIPN; see the file's header. */
export const dipn = defineModel({
  slug,
  task: 'next-item',
  title: 'DIPN',
  rows: 'targets',
  reducedForm: 'what users browse, without their touches, which no public log has; rebuilt from descriptions',
  config,
  lacks: (config, { time }) => (time === 'order' && !config.withoutTimes ? ['times'] : []),
  build(config, catalog) {
    const { embeddingSize, hiddenSize, lambdaIntent, lambdaAuxiliary } = config
    const items = parameter('item', [catalog.itemCount + 1, embeddingSize], normal(), { rows: 'items' })
    const events = eventReader(config, catalog, items)
    const views = catalog.behaviors.length + (config.mergedView ? 1 : 0)
    const attend = viewAttention(config, { views, width: events.width })
    const others = catalog.behaviors.length > 1
    const withIntent = others && lambdaIntent > 0
    const withOthers = others && lambdaAuxiliary > 0
    const sizes = [(views + 1) * hiddenSize, hiddenSize, embeddingSize] as const
    const head = headOf('next', sizes, config)
    const otherHead = headOf('other', sizes, config)
    const intent = linear('intent', [embeddingSize, 1])
    const read = (batch: Batch) => {
      const ofViews = viewEvents(batch.behavior_BL, catalog.behaviors.length, config.mergedView)
      return attend(events.read(batch, ofViews.inOrder), ofViews)
    }
    const losses = (
      batch: Batch,
      { noise, catalogLoss }: Pass,
      { s_BS, user_BD }: Read,
    ): ((targets: Targets) => Losses) => {
      const isNext_P = cast(equal(batch.targetBehavior_P, integers([catalog.target + 1])), 'float32')
      return ({ target_P, weight_P }) => {
        const [next_P, other_P] = [mul(weight_P, isNext_P), mul(weight_P, sub(1, isNext_P))]
        const [nextSum, otherSum] = [orOne(next_P.sum()), orOne(other_P.sum())]
        const weights = add(div(next_P, nextSum), mul(div(other_P, otherSum), lambdaAuxiliary))
        const user_PD = atTargets(user_BD, batch)
        const hidden = withOthers
          ? where(greater(isNext_P, 0).unsqueeze(1), user_PD, atTargets(otherHead(s_BS, noise), batch))
          : user_PD
        const logit_P = intent(user_PD).reshape([-1])
        return {
          next: { weight: 1, value: catalogLoss({ hidden, table: items, targets: target_P, weights }) },
          ...(withIntent && { intent: { weight: lambdaIntent, value: logLoss(logit_P, isNext_P, weight_P) } }),
        }
      }
    }
    const windows = windowsOf(config, catalog)
    return {
      batches: sequences(windows).with(times()).with(targetBehaviors()),
      history: windows,
      score: {
        kind: 'dot',
        table: items,
        softmax: false,
        user(batch: Batch, pass) {
          const { s_BS, share_BM, weight_MBL } = read(batch)
          const user_BD = head(s_BS, pass.noise)
          if (!batch.serving) return { user: atTargets(user_BD, batch), losses: losses(batch, pass, { s_BS, user_BD }) }
          const reasons = { views: share_BM, ...(weight_MBL && { events: weight_MBL }) }
          return { user: user_BD, reasons: { ...reasons, ...(withIntent && { intent: intent(user_BD).sigmoid() }) } }
        },
      },
      explain: (history, items, reasons) => explainViews(catalog.behaviors, history, items, reasons),
    }
  },
})

/** What losses are made of. */
interface Read {
  readonly s_BS: Tensor
  readonly user_BD: Tensor
}

/** A window of its own for each target; of other behaviors' as many as of the target behavior's. */
function windowsOf(config: Config, catalog: CatalogShape): SequenceSettings {
  const trainsOthers = config.lambdaIntent > 0 || config.lambdaAuxiliary > 0
  return {
    maxLength: config.maxLength,
    stride: config.maxLength,
    targetWeights: targetWeights(catalog, trainsOthers ? 1 : 0),
    mergeBehaviors: false,
    onePerPosition: true,
    onePerWindow: true,
    evenWith: catalog.target,
    userCount: catalog.userCount,
  }
}

const orOne = (sum: Tensor): Tensor => where(greater(sum, 0), sum, 1)

/** Each target's window: x [B, D] -> [P, D]. */
function atTargets(x_BD: Tensor, { seen_BQ, atPlaces }: Sequences): Tensor {
  const [rows, places] = seen_BQ.shape as [number, number]
  const width = x_BD.shape[1] as number
  return atPlaces(x_BD.unsqueeze(1).expand([rows, places, width]))
}

/** (5); parameters `NAME.{inner,outer}.*`. */
function headOf(name: string, [from, hidden, to]: readonly [number, number, number], { dropout }: Config) {
  const [inner, outer] = [linear(`${name}.inner`, [from, hidden]), linear(`${name}.outer`, [hidden, to])]
  return (s_BS: Tensor, noise: Noise): Tensor => outer(noise.dropout(inner(s_BS).relu(), dropout))
}

/** Times are told apart by doubling: so many doublings of a second are 68 years. */
const buckets = 32
/** floor(log2(1 + seconds)), int64. */
function bucketOf(seconds: Tensor): Tensor {
  const doublings = mul(log(add(seconds, 1)), 1 / Math.LN2)
  return cast(where(greater(doublings, buckets - 1), buckets - 1, doublings), 'int64')
}

/** Seconds from each event to the last one [B, L], the sum of the gaps after it. */
function agesOf(gap_BL: Tensor): Tensor {
  const length = gap_BL.shape[1] as number
  const later = Float32Array.from({ length: length * length }, (_, at) =>
    Math.floor(at / length) > at % length ? 1 : 0,
  )
  return gap_BL.matmul(constant(later, [length, length]))
}

/** (1); parameters `field.NAME`, `behavior`, `gap` and `age`. */
function eventReader(config: Config, catalog: CatalogShape, items: Tensor) {
  const size = config.fieldSize
  const chosen = chosenFields(slug, config.fields, catalog)
  const fields = itemFeatures(catalog, size, { fields: chosen, modalities: [] })
  const behaviors = parameter('behavior', [catalog.behaviors.length + 1, size], normal())
  const [gaps, ages] = ['gap', 'age'].map((name) => parameter(name, [buckets, size], normal())) as [Tensor, Tensor]
  const timed = hasTimes(config, catalog)
  return {
    width: config.embeddingSize + size * (fields.length + 1 + (timed ? 2 : 0)),
    /** [N, E] */
    read({ item_BL, behavior_BL, gap_BL }: Batch, inOrder: (of_BL: Tensor) => Tensor): Tensor {
      const item_N = inOrder(item_BL)
      const timesOf = (table: Tensor, seconds_BL: Tensor): Tensor => table.rows(inOrder(bucketOf(seconds_BL)))
      return concat(
        [
          items.rows(item_N),
          ...fields.map(({ of }) => of(item_N)),
          behaviors.rows(inOrder(behavior_BL)),
          ...(timed ? [timesOf(gaps, gap_BL), timesOf(ages, agesOf(gap_BL))] : []),
        ],
        -1,
      )
    },
  }
}
