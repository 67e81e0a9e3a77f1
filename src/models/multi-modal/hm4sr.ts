/**
 * @file HM4SR: ids, texts and pictures as three streams; experts let them borrow from each other, experts routed by
 * time rescale them, and three Transformers read them. Zhang et al., WWW 2025. [bib: hm4sr]
 *   (1) x_id = E[s] + P, x_m = W_m a_m + b_m + P, one P; X = [x_id; x_text; x_image]      item_BL -> x_BLW, W = 3D
 *   (2) x_m += w_m sum_k softmax_k(G_m x_m) o_k^m, o_k = X W_k + b_k                       -> x_BLW
 *   (3) t = [B[floor(s log2(gap + 1))]; cos((w day + b) / 10000^(j / D))]                  gap_BL, day_BL -> t_BLU
 *       X *= sum_k softmax_k(t W + b) q_k                                                  -> x_BLW
 *   (4) h_m = blocks_m(drop(LN_m(x_m))), causal                                            -> state_PD each
 *   (5) r = h_id . E + sum_m h_m . (W_m a_m + b_m)                                         -> scores_PV
 *   (6) cross-entropy of r                                                                 scalar
 *   (7) + NCE(h_id, E of the target; 0.2)                                                  scalar, a row a target
 *   (8) + binary cross-entropy of sigmoid([E; W_m a_m + b_m] W + b), the item's categories scalar, every event
 *   (9) + NCE(h_m, h~_m; 1), h~_m read with a share of x_m replaced by t W_m' + b_m'       scalar, a row a target
 * U = 2D. NCE contrasts the rows of a batch by their cosines; see parts/info-nce.ts.
 * Differs:
 * - the paper's text could not be opened: equations and settings are those of the published code, and whether the paper
 *   has them so is unconfirmed;
 * - the code keeps the q_k of (3) in a list, so that they are never trained; here they are (`temporalExperts: 'frozen'`
 *   follows the code);
 * - w day is of days since training's first event, in place of seconds since 1970, whose cosines are noise in float32;
 *   a gap is at most the longest of training, and 0 at a window's first event;
 * - (7) and (9) contrast the targets of a batch, a window's own among them, in groups of at most 1,024, where the code
 *   has rows of other users; a duplicate of a target is no negative of it, where the code leaves a 1 in the sum;
 * - the prefixes of a window share the places that (9) draws, since all are read at once;
 * - categories are the values of categorical fields, one of each field; a field of many values, such as an author, is
 *   none unless it is named;
 * - biases of linear layers begin at 0, those of (2), (8) and (9) too;
 * - a learned vector stands for a text or picture that an item lacks; a catalog may lack either, or both;
 * - without times in the data every moment is the same to (3): X *= mean_k q_k, near to what the code does with times
 *   of 0, and (9) replaces by P W_m' + b_m'; `withoutTime` leaves (3) out; without fields (8) is left out;
 * - what SASRec itself differs in holds here as well.
 */
import * as z from 'zod'
import { type DrawnPlaces, drawnPlaces } from '../../batches/extras/histories.ts'
import { type Times, times } from '../../batches/extras/moments.ts'
import { type Sequences, sequences } from '../../batches/sequences.ts'
import type { FeatureModality, Modality } from '../../dataset/schema.ts'
import { normal, uniform, zeros } from '../../nn/init.ts'
import { type Layer, layerNorm, linear } from '../../nn/linear.ts'
import type { Noise } from '../../nn/noise.ts'
import { equal, greater, where } from '../../tensor/compare.ts'
import { add, addAll, cos, div, log, mul, relu, softplus, sub } from '../../tensor/elementwise.ts'
import { matmul } from '../../tensor/linear.ts'
import { cast, concat, reshape, slice, split, stack, unsqueeze } from '../../tensor/move.ts'
import { constant, input, integers, parameter, type Tensor } from '../../tensor/node.ts'
import { softmax } from '../../tensor/normalize.ts'
import { type CatalogShape, catalogInput } from '../contract/catalog.ts'
import { defineModel, type Losses, type Memory, objective, type Pass, type StageContext } from '../contract/model.ts'
import { chosenFields, fieldNames } from '../parts/chosen-fields.ts'
import { itemWindows } from '../parts/item-windows.ts'
import { presentModalities } from '../parts/modalities.ts'
import { modalityShares } from '../parts/modality-shares.ts'
import { flag, headsDivide, lossWeight, sequenceOptions, temperature } from '../parts/options.ts'
import { frozenVectors, projectedVectors } from '../parts/projected-vectors.ts'
import { sequenceEncoder } from '../parts/sequence-encoder.ts'
import { targetContrast } from '../parts/target-contrast.ts'

/** A field of more values names items rather than kinds of them. */
const mostValues = 256
const expertCount = (what: string) => z.int().min(1).max(64).default(4).describe(what)
const config = z
  .strictObject({
    ...sequenceOptions,
    experts: expertCount('number of experts by which the streams borrow from each other (K)'),
    temporalExperts: z
      .enum(['trained', 'frozen'])
      .default('trained')
      .describe('whether the experts that time chooses among are trained; frozen follows the published code'),
    timeExperts: expertCount('number of experts that time chooses among (K)'),
    intervalScale: z
      .int()
      .min(1)
      .max(1000)
      .default(100)
      .describe('vectors of gaps between events, for each doubling of the gap (s)'),
    fields: fieldNames.describe(
      `names of the categorical fields that are predicted, with commas between; all is every field of at most ${mostValues} values`,
    ),
    temperature: temperature(0.2, 'temperature of the contrast of ids'),
    placeholderShare: z
      .number()
      .min(0)
      .max(1)
      .default(0.3)
      .describe('share of the places of a history where texts and pictures give way to placeholders'),
    placeholderTemperature: temperature(1, 'temperature of the contrast with placeholders'),
    lambdaId: lossWeight(1, 'weight of the contrast of ids'),
    lambdaCategory: lossWeight(1, 'weight of the prediction of categories'),
    lambdaPlaceholder: lossWeight(1, 'weight of the contrast with placeholders'),
    withoutInteractive: flag('let no stream borrow from another'),
    withoutTime: flag('leave out times and the experts that they choose among'),
    withoutCategories: flag('leave out the prediction of categories; a catalog without fields is read so'),
    withoutIdContrast: flag('leave out the contrast of ids'),
    withoutPlaceholders: flag('leave out the contrast with placeholders'),
  })
  .refine(...headsDivide('hiddenSize'))
type Config = z.infer<typeof config>
type Batch = Sequences & Times & DrawnPlaces

const hasTimes = ({ withoutTime }: Config, { time }: CatalogShape): boolean => !withoutTime && time !== 'order'

/** HM4SR; see the file's header. */
export const hm4sr = defineModel({
  slug: 'hm4sr',
  task: 'next-item',
  title: 'HM4SR',
  withoutContent: 'is its id stream and what times make of it; train sasrec where there are no times either',
  config,
  lacks: (config, catalog) => [
    ...(catalog.time === 'order' && !config.withoutTime ? ['times'] : []),
    ...(categoryFields(config, catalog).length === 0 && !config.withoutCategories ? ['categories'] : []),
  ],
  build(config, catalog) {
    const { hiddenSize, maxLength } = config
    const streams = streamsOf(config, catalog)
    const names = streams.map(({ name }) => name)
    const positions = parameter('position', [maxLength, hiddenSize], normal())
    const interact = config.withoutInteractive ? undefined : interactiveExperts(config, names)
    const experts = config.withoutTime ? undefined : timeExperts(config, names.length * hiddenSize)
    const clock = experts && hasTimes(config, catalog) ? timeOf(config, experts) : undefined
    const categories = config.withoutCategories ? undefined : categoryLoss(config, catalog, names.length)
    const placeholders = config.withoutPlaceholders
      ? []
      : names.slice(1).map((name) => placeholder(name, config, clock))

    const read = (batch: Batch, noise: Noise): Read => {
      // (1) Of a large batch every item is in the table, which is computed once.
      const { item_BL, rows, length, serving } = batch
      const inTable = serving || catalog.itemCount < rows * length
      const own = streams.map(({ of }) => (inTable ? of().rows(item_BL) : of(item_BL)))
      const positions_LD = slice(positions, 0, 0, length)
      const placed = own.map((x_BLD) => add(x_BLD, positions_LD))
      const time_BLU = clock?.of(batch)
      // (2-3)
      const mixed_BLW = interact ? interact(placed) : concat(placed, -1)
      const chosen = clock && time_BLU ? clock.choose(time_BLU) : experts?.mean([0])
      const scaled_BLW = chosen ? mul(mixed_BLW, chosen) : mixed_BLW
      const widths = names.map(() => hiddenSize)
      const each = split(scaled_BLW, 2, widths)
      // (4)
      const states = each.map((x_BLD, at) => (streams[at] as Stream).encoder.atTargets(x_BLD, batch, noise))
      return { own, each, states, moment: time_BLU ?? positions_LD }
    }
    /** (7-9) */
    const more = ({ own, each, states, moment }: Read, batch: Batch, { noise }: Pass): Losses => {
      const { drawn_BL, item_BL, mask_BL, target_P } = batch
      const drawn = unsqueeze(greater(drawn_BL, 0), -1)
      const withPlaceholders = placeholders.map((replacement, index) => {
        const [{ encoder }, x_BLD] = [streams[index + 1] as Stream, each[index + 1] as Tensor]
        const state_PD = encoder.atTargets(where(drawn, replacement(moment), x_BLD), batch, noise)
        return targetContrast(states[index + 1] as Tensor, state_PD, batch, {
          temperature: config.placeholderTemperature,
        })
      })
      const ids = (): Tensor => targetContrast(states[0] as Tensor, (streams[0] as Stream).of(target_P), batch, config)
      return {
        ...(!config.withoutIdContrast && { ids: { weight: config.lambdaId, value: ids() } }),
        ...(categories && {
          categories: { weight: config.lambdaCategory, value: categories(own, item_BL, mask_BL) },
        }),
        ...(withPlaceholders.length > 0 && {
          placeholders: {
            weight: config.lambdaPlaceholder,
            value: mul(addAll(withPlaceholders), 1 / withPlaceholders.length),
          },
        }),
      }
    }
    // (5)
    const table = concat(
      streams.map(({ of }) => of()),
      1,
    )
    const tableRows = (ids: Tensor): Tensor =>
      concat(
        streams.map(({ of }) => of(ids)),
        1,
      )
    const windows = itemWindows(config, catalog)
    const batches = sequences(windows).with(times()).with(drawnPlaces(config.placeholderShare))
    return {
      batches,
      history: windows,
      ...(clock && { memory: { ...untold } }),
      score: {
        kind: 'dot',
        table,
        tableRows,
        user(batch: Batch, { noise }) {
          const user = concat(read(batch, noise).states, 1)
          return { user, reasons: { user } }
        },
      },
      stages: [
        {
          name: 'train',
          epochs: 'until-best',
          ...(clock && { before: tellTimes }),
          objectives: [
            objective<Batch>({
              name: 'train',
              batches,
              trains: (name) => config.temporalExperts === 'trained' || name !== expertsOfTime,
              losses(batch, pass) {
                const { target_P: targets, weight_P: weights } = batch
                const reading = read(batch, pass.noise)
                const hidden = concat(reading.states, 1)
                // (6)
                const main = pass.catalogLoss({ hidden, table, targets, weights, rowsOf: tableRows })
                return { main: { weight: 1, value: main }, ...more(reading, batch, pass) }
              },
            }),
          ],
        },
      ],
      explain: (_, items, { user }, scores) => modalityShares(names, items, user as Float32Array, scores),
    }
  },
})

/** What is made of a batch. */
interface Read {
  /** Of each stream, without positions, [B, L, D]. */
  readonly own: readonly Tensor[]
  /** Of each stream, as its encoder reads it, [B, L, D]. */
  readonly each: readonly Tensor[]
  /** [P, D] */
  readonly states: readonly Tensor[]
  /** What placeholders are made of: the time of each place [B, L, 2D], or its position [L, D]. */
  readonly moment: Tensor
}

/** Ids, texts or pictures. */
interface Stream {
  readonly name: Modality
  /** ids [..] -> [.., D], or all items [V + 1, D]. */
  readonly of: (ids?: Tensor) => Tensor
  readonly encoder: ReturnType<typeof sequenceEncoder>
}

/** The id stream, and those that the catalog has; parameters `item`, `MODALITY.*` and `STREAM.{norm,blockN}.*`. */
function streamsOf(config: Config, catalog: CatalogShape): readonly Stream[] {
  const { hiddenSize } = config
  const encoder = (name: Modality): Stream['encoder'] =>
    sequenceEncoder(config, `${name}.`, { norm: layerNorm(`${name}.norm`, hiddenSize) })
  const items = parameter('item', [catalog.itemCount + 1, hiddenSize], normal(), { rows: 'items' })
  const ofModality = (name: FeatureModality): Stream => {
    const project = projectedVectors(frozenVectors(name, catalog), hiddenSize, name)
    const whole = project()
    return { name, of: (ids) => (ids ? project(ids) : whole), encoder: encoder(name) }
  }
  return [
    { name: 'id', of: (ids) => (ids ? items.rows(ids) : items), encoder: encoder('id') },
    ...presentModalities(catalog).toReversed().map(ofModality),
  ]
}

/** As PyTorch begins a linear layer, biases aside. */
const affine = (name: string, from: number, to: number): Layer =>
  linear(name, [from, to], { init: uniform(1 / Math.sqrt(from)) })

/**
 * (2) [B, L, D] a stream -> [B, L, W]; parameters `interact.{expertK,gate.STREAM}.*`, and `interact.weight` [M, 1] that
 * leaves ids as they are at first.
 */
function interactiveExperts({ hiddenSize, experts }: Config, names: readonly Modality[]) {
  const width = names.length * hiddenSize
  const outputs = Array.from({ length: experts }, (_, expert) => affine(`interact.expert${expert}`, width, width))
  const gates = names.map((name) => affine(`interact.gate.${name}`, hiddenSize, experts))
  const weight = parameter('interact.weight', [names.length, 1], (values) => void values.fill(1).fill(0, 0, 1))
  return (placed: readonly Tensor[]): Tensor => {
    const x_BLW = concat(placed, -1)
    const gate_BLMK = softmax(
      stack(
        placed.map((x_BLD, at) => (gates[at] as Layer)(x_BLD)),
        2,
      ),
    )
    const byStream = [...x_BLW.shape.slice(0, -1), names.length, hiddenSize]
    const mixed_BLMD = addAll(
      outputs.map((output, expert) => mul(reshape(output(x_BLW), byStream), slice(gate_BLMK, 3, expert, expert + 1))),
    )
    return add(x_BLW, reshape(mul(mixed_BLMD, weight), x_BLW.shape))
  }
}

/** What the model is told of the times of training; kept with its parameters. */
const told = { first: 'time.first', longest: 'time.longest' } as const
const expertsOfTime = 'time.expert'
/** The logarithm of more seconds than there can be between two events. */
const mostDoublings = 32
const untold: Memory = {
  /** The first event, in days since 1970. */
  [told.first]: { shape: [1], data: new Float32Array(1) },
  /** The longest gap between a user's events, in seconds. */
  [told.longest]: { shape: [1], data: Float32Array.of(2 ** 31) },
}

/** Reads first event and longest gap off the training rows. */
function tellTimes({ data: { dataset, split }, memory }: StageContext): void {
  const { start, time } = dataset.events
  let [first, longest] = [Number.POSITIVE_INFINITY, 0]
  for (const [user, end] of (split?.trainEnd ?? []).entries()) {
    for (let row = start[user] as number; row < end; row++) {
      first = Math.min(first, time[row] as number)
      if (row > (start[user] as number)) longest = Math.max(longest, (time[row] as number) - (time[row - 1] as number))
    }
  }
  memory[told.first]?.data.set([first / 86_400_000] as never)
  memory[told.longest]?.data.set([Math.min(longest / 1000, 2 ** 31)] as never)
}

/** (3) [K, W] */
const timeExperts = ({ timeExperts: count }: Config, width: number): Tensor =>
  parameter(expertsOfTime, [count, width], normal(0.1))

/** Time as the model reads it. */
interface Clock {
  /** t, [B, L, 2D] */
  readonly of: (batch: Pick<Batch, 'gap_BL' | 'date_BL' | 'mask_BL'>) => Tensor
  /** What t makes of the experts, [B, L, W]. */
  readonly choose: (time_BLU: Tensor) => Tensor
}

/** (3) Parameters `time.{gap,scale,shift}` and `time.gate.*`. */
function timeOf({ hiddenSize, intervalScale, timeExperts: count }: Config, expert_KW: Tensor): Clock {
  const gaps = parameter('time.gap', [intervalScale * mostDoublings, hiddenSize], normal())
  const scale_D = parameter('time.scale', [hiddenSize], normal())
  const shift_D = parameter('time.shift', [hiddenSize], zeros)
  const gate = linear('time.gate', [2 * hiddenSize, count], { init: normal() })
  const [first, longest] = [input(told.first, [1]), input(told.longest, [1])]
  const slower_D = constant(
    Float32Array.from({ length: hiddenSize }, (_, at) => 10_000 ** (at / hiddenSize)),
    [hiddenSize],
  )
  return {
    of({ gap_BL, date_BL, mask_BL }) {
      const known_BL = relu(sub(gap_BL, relu(sub(gap_BL, longest))))
      const doublings_BL = mul(log(add(known_BL, 1)), 1 / Math.LN2)
      const bucket_BL = cast(mul(doublings_BL, intervalScale), 'int64')
      const day_BL = mul(sub(date_BL, first), mask_BL)
      const phase_BLD = add(mul(unsqueeze(day_BL, -1), scale_D), shift_D)
      return concat([gaps.rows(bucket_BL), cos(div(phase_BLD, slower_D))], -1)
    },
    choose: (time_BLU) => matmul(softmax(gate(time_BLU)), expert_KW),
  }
}

/** The fields whose values are predicted. @throws UserError as {@link chosenFields} */
function categoryFields({ fields }: Config, catalog: CatalogShape): readonly string[] {
  const chosen = chosenFields('hm4sr', fields, catalog)
  // Value 0 is unknown, and no category.
  return fields === 'all' ? chosen.filter((name) => (catalog.fields[name] as number) - 1 <= mostValues) : chosen
}

/**
 * (8) Of the streams' own vectors, where there are fields; parameters `category.*`.
 * @throws UserError as {@link categoryFields}
 */
function categoryLoss(config: Config, catalog: CatalogShape, streams: number) {
  const chosen = categoryFields(config, catalog)
  if (chosen.length === 0) return undefined
  const values = chosen.map((name) => input(catalogInput.field(name), [catalog.itemCount + 1], 'int64'))
  const sizes = chosen.map((name) => (catalog.fields[name] as number) - 1)
  const toCategories = affine('category', streams * config.hiddenSize, addUp(sizes))
  return (own: readonly Tensor[], item_BL: Tensor, mask_BL: Tensor): Tensor => {
    const logit_BLC = toCategories(concat(own, -1))
    const label_BLC = concat(
      values.map((value, at) => {
        const classes = integers(Array.from({ length: sizes[at] as number }, (_, index) => index + 1))
        return cast(equal(unsqueeze(value.rows(item_BL), -1), classes), 'float32')
      }),
      -1,
    )
    const loss_BL = sub(softplus(logit_BLC), mul(logit_BLC, label_BLC)).mean([2])
    return div(mul(loss_BL, mask_BL).sum(), mask_BL.sum())
  }
}
const addUp = (sizes: readonly number[]): number => sizes.reduce((sum, size) => sum + size, 0)

/** What stands in (9) for a text or a picture; parameters `placeholder.MODALITY.*`. */
const placeholder = (name: Modality, { hiddenSize }: Config, clock: Clock | undefined): Layer =>
  affine(`placeholder.${name}`, clock ? 2 * hiddenSize : hiddenSize, hiddenSize)
