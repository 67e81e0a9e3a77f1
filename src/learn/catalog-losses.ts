/**
 * @file The losses over a catalog that a run may choose from: what a step's graph has of each, and what the host draws
 * for it.
 */
import { fillDistinct } from '../batches/extras/drawn-items.ts'
import { trainingCounts } from '../batches/item-counts.ts'
import type { InputBuffers, TrainingData } from '../batches/kind.ts'
import { UserError } from '../errors.ts'
import type { FrozenInputs } from '../models/contract/catalog.ts'
import { type CatalogLoss, type CatalogLossParts, catalogLoss } from '../nn/catalog-loss.ts'
import { generalizedBce } from '../nn/generalized-bce.ts'
import type { Noise } from '../nn/noise.ts'
import { mixedSample, type Sample, sampledSoftmax } from '../nn/sampled-softmax.ts'
import { scalableCrossEntropy } from '../nn/scalable-cross-entropy.ts'
import type { RandomStream } from '../random/stream.ts'
import { log, mul } from '../tensor/elementwise.ts'
import { input, scalar, type Tensor } from '../tensor/node.ts'
import { rows } from '../tensor/rows.ts'
import { dims } from '../tensor/shape.ts'
import { type LossOptions, lossDefaults } from './config.ts'

/** A kind of loss over the catalog, ready for the graphs of a run. */
export interface CatalogLosses {
  /** The loss of one graph, and what it reads that the host fills at each step. */
  declare(noise: Noise): { readonly loss: CatalogLoss; readonly inputs: Readonly<Record<string, Tensor>> }
  /** Draws what a step's graph reads; buffers of other inputs are left alone. */
  fill(buffers: InputBuffers, random: RandomStream): void
  /** What graphs read at every step, and what the losses read beside it. */
  frozen(known: FrozenInputs): FrozenInputs
}

/** The softmax over the whole catalog: nothing is drawn. */
export const fullSoftmax: CatalogLosses = {
  declare: () => ({ loss: catalogLoss, inputs: {} }),
  fill: () => undefined,
  frozen: (known) => known,
}

/** Names of what the losses read. */
const names = { drawn: 'loss.drawn', share: 'loss.share' } as const

/** Which losses an option is for. */
const lossesOf: Readonly<Record<Exclude<keyof LossOptions, 'catalogLoss'>, readonly string[]>> = {
  drawnItems: ['sampled', 'gbce'],
  drawnFrom: ['sampled'],
  calibration: ['gbce'],
  buckets: ['sce'],
  bucketItems: ['sce'],
}

/** The losses of a run. @throws UserError for an option that the chosen loss does not have */
export function catalogLosses(options: LossOptions, data: TrainingData): CatalogLosses {
  const { catalogLoss: loss = lossDefaults.catalogLoss } = options
  for (const [name, losses] of Object.entries(lossesOf) as [keyof typeof lossesOf, readonly string[]][])
    if (options[name] !== undefined && !losses.includes(loss)) throw forAnother(name, losses, options)
  if (loss === 'full') return fullSoftmax
  if (loss === 'sce') return { ...fullSoftmax, declare: (noise) => ({ loss: bucketed(options, noise), inputs: {} }) }
  const items = data.dataset.catalog.ids.length - 1
  const count = Math.min(options.drawnItems ?? lossDefaults.drawnItems, items)
  return loss === 'gbce' ? yesOrNo(options, { count, items }) : sampled(options, { count, items, data })
}

/** How many items are drawn, out of how many. */
interface Drawing {
  readonly count: number
  readonly items: number
}

/** SCE; its buckets are noise of the step. */
const bucketed =
  ({ buckets, bucketItems = lossDefaults.bucketItems }: LossOptions, noise: Noise): CatalogLoss =>
  (parts) => {
    const [targets] = dims(parts.targets, 1)
    const [tableRows] = dims(parts.table, 2)
    // As published, a user is in four buckets on average.
    const count = buckets ?? Math.ceil(2 * Math.sqrt(targets))
    const mix = noise.normal([count, targets]) as Tensor
    const users = Math.min(targets, Math.ceil((4 * targets) / count))
    return scalableCrossEntropy(parts, { mix, users, items: Math.min(bucketItems, tableRows - 1) })
  }

function yesOrNo({ calibration = lossDefaults.calibration }: LossOptions, { count, items }: Drawing): CatalogLosses {
  return {
    ...fullSoftmax,
    declare() {
      const drawn = input(names.drawn, [count], 'int64')
      return { loss: (parts) => generalizedBce(parts, { drawn, calibration }), inputs: { [names.drawn]: drawn } }
    },
    fill: distinct(items),
  }
}

/** Sampled softmax. Drawn uniformly, no item comes twice; by popularity it may. */
function sampled(
  { drawnFrom = lossDefaults.drawnFrom }: LossOptions,
  { count, items, data }: Drawing & { readonly data: TrainingData },
): CatalogLosses {
  const shares = drawnFrom === 'uniform' ? undefined : sharesOf(data)
  return {
    declare() {
      const drawn = input(names.drawn, [count], 'int64')
      const share = input(names.share, [items + 1])
      const loss: CatalogLoss = (parts) => sampledSoftmax(parts, sampleOf(parts))
      return { loss, inputs: { [names.drawn]: drawn } }

      function sampleOf(parts: CatalogLossParts): Sample {
        if (drawnFrom === 'uniform') return { items: drawn, logExpected: scalar(Math.log(count / items)) }
        if (drawnFrom === 'popularity') return { items: drawn, logExpected: log(mul(rows(share, drawn), count)) }
        return mixedSample(parts, { drawn, share, itemCount: items })
      }
    },
    fill: shares && drawnFrom === 'popularity' ? byShare(shares) : distinct(items),
    frozen: (known) => (shares ? { get: (name) => (name === names.share ? shares : known.get(name)) } : known),
  }
}

/** Each item's share of training events, every item counting once more than it has events: none is never drawn. */
function sharesOf(data: TrainingData): Float32Array {
  const counts = trainingCounts(data)
  const total = counts.reduce((sum, count) => sum + count, counts.length - 1)
  return Float32Array.from(counts, (count, item) => (item === 0 ? 0 : (count + 1) / total))
}

const distinct =
  (items: number): CatalogLosses['fill'] =>
  (buffers, random) => {
    const into = buffers[names.drawn] as BigInt64Array | undefined
    if (into) fillDistinct(into, items, random)
  }

/** Draws by shares, an item again and again. */
function byShare(shares: Float32Array): CatalogLosses['fill'] {
  const upTo = new Float64Array(shares.length)
  for (let item = 1; item < shares.length; item++) upTo[item] = (upTo[item - 1] as number) + (shares[item] as number)
  const whole = upTo.at(-1) as number
  return (buffers, random) => {
    const into = buffers[names.drawn] as BigInt64Array | undefined
    for (let at = 0; at < (into?.length ?? 0); at++)
      (into as BigInt64Array)[at] = BigInt(firstAbove(upTo, random.uniform() * whole))
  }
}

/** The first place of an ascending list whose value is above a number below its last. */
function firstAbove(ascending: Float64Array, value: number): number {
  let [low, high] = [0, ascending.length - 1]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ascending[middle] as number) > value) high = middle
    else low = middle + 1
  }
  return low
}

function forAnother(name: keyof typeof lossesOf, losses: readonly string[], options: LossOptions): UserError {
  return new UserError({
    where: `training.${name}`,
    problem: 'unsupported',
    value: `${options[name]} with --catalog-loss ${options.catalogLoss ?? lossDefaults.catalogLoss}`,
    expected: losses.map((loss) => `--catalog-loss ${loss}`).join(' or '),
  })
}
