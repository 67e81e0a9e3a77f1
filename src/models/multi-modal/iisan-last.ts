/**
 * @file IISAN on what encoders say last: gated residual bottlenecks beside frozen encoders of pictures and texts, and a
 * SASRec on top, without ids. Fu et al., SIGIR 2024. [bib: iisan-last]
 *   A(x) = x + ReLU(x W_down + b) W_up + b', s(g) = sigmoid(g / 0.1), T taps a_i of an encoder
 *   (1)  h_i = A_i(s(g_i) a_i + (1 - s(g_i)) h_{i-1}), h_0 = 0         taps_VW -> state_VW, one tower a modality
 *   (2)  k_i = A_i(k_{i-1} + s(g_i) a_i + (1 - s(g_i)) b_i), k_0 = 0   taps_VW -> state_VW, one across both
 *   (3)  tower = (h_T W_full + b) W_out + b'                           state_VW -> side_VD
 *   (4)  x = [image; text; across] W + b                               -> item_VD
 *   (5)  u = blocks(drop(LN(x_s + P))), causal                         item_BL -> user_PD
 *   (6)  r = u . x                                                     user_PD -> scores_PV
 *   (7)  L = cross-entropy over the catalog, or over the batch's targets by r - log(share of training events)
 * Numbers are the sheet's, not the paper's. Differs:
 * - **one tap**, the encoder's last layer: a dataset has one vector for an item and modality. (1) is A(s a) then, and
 *   the path through the layers, which is the paper's point, is gone. `taps: 7` reads vectors that hold seven layers
 *   side by side, and is IISAN on cached states;
 * - (7) is over the catalog by default, which theirs estimates; `loss: 'in-batch'` is theirs, but first items of
 *   windows are no negatives;
 * - one learning rate; theirs has one for the encoder and others for bottlenecks and towers;
 * - attention has biases, epsilon is 1e-5, blocks begin by N(0, 0.02), and places count from the first event: theirs
 *   have none, 1e-6, Xavier's, and count from the last;
 * - where pictures and texts are of two widths, the wider are projected before (2);
 * - a learned vector is added to a tower where an item has no such vector; where a catalog has one modality, its tower
 *   is all there is.
 */
import * as z from 'zod'
import { trainingCounts } from '../../batches/item-counts.ts'
import { type Sequences, sequences } from '../../batches/sequences.ts'
import type { FeatureModality } from '../../dataset/schema.ts'
import { UserError } from '../../errors.ts'
import { normal, xavier, zeros } from '../../nn/init.ts'
import { linear } from '../../nn/linear.ts'
import { concat } from '../../tensor/move.ts'
import { input, parameter, type Tensor } from '../../tensor/node.ts'
import { dims } from '../../tensor/shape.ts'
import type { CatalogShape } from '../contract/catalog.ts'
import { type BuiltModel, defineModel, objective, type Pass, type StageContext } from '../contract/model.ts'
import { inBatchLoss } from '../parts/in-batch-loss.ts'
import { itemWindows } from '../parts/item-windows.ts'
import { neededModalities } from '../parts/needed-modalities.ts'
import { dropout, flag, headsDivide, sequenceOptions, temperature } from '../parts/options.ts'
import { frozenVectors } from '../parts/projected-vectors.ts'
import { explainParts, scoreParts, type TablePart } from '../parts/score-parts.ts'
import { sequenceEncoder } from '../parts/sequence-encoder.ts'
import { jointTower, tower } from '../parts/side-towers.ts'

const config = z
  .strictObject({
    ...sequenceOptions,
    dropout: dropout.default(0.1),
    adapterSize: z.int().min(1).max(1024).default(64).describe('width of a bottleneck'),
    taps: z
      .int()
      .min(1)
      .max(64)
      .default(1)
      .describe('how many layers of an encoder lie side by side in a vector (T); 1 is its last layer alone'),
    gateTemperature: temperature(0.1, 'what gates are divided by before their sigmoid'),
    gates: z
      .enum(['gated', 'add'])
      .default('gated')
      .describe('how a tap meets the one before it in the tower of a modality: weighed against it, or added'),
    loss: z
      .enum(['softmax', 'in-batch'])
      .default('softmax')
      .describe("what a target is compared with: all items, or the batch's other targets by their popularity"),
    withoutIntra: flag('leave out the towers of single modalities; needs pictures and texts'),
    withoutInter: flag('leave out the tower across modalities'),
  })
  .refine(...headsDivide('hiddenSize'))
  .refine(({ withoutIntra, withoutInter }) => !(withoutIntra && withoutInter), {
    path: ['withoutInter'],
    message: 'leaves a tower: not beside withoutIntra',
  })

type Config = z.infer<typeof config>

const slug = 'iisan-last'
const reads: readonly FeatureModality[] = ['image', 'text']
/** ln of each item's share of training events, [V + 1]. */
const logShares = 'item.logShare'

/** IISAN on the last layer of encoders; see the file's header. */
export const iisanLast = defineModel({
  slug,
  task: 'next-item',
  title: 'IISAN (last layer)',
  reducedForm: "the encoders' last layer alone, without the path through their layers, which is the paper's point",
  needs: () => reads,
  config,
  build(config, catalog): BuiltModel<Sequences> {
    const { hiddenSize, loss } = config
    const sides = sidesOf(config, catalog)
    const weight = parameter('join.weight', [sides.length * hiddenSize, hiddenSize], xavier(hiddenSize, hiddenSize))
    const bias = parameter('join.bias', [hiddenSize], zeros)
    const items = (ids?: Tensor): Tensor =>
      concat(
        sides.map(({ of }) => of(ids)),
        -1,
      )
        .matmul(weight)
        .add(bias)
    const table_VD = items()
    const encoder = sequenceEncoder({ ...config, activation: 'relu' })
    const windows = itemWindows(config, catalog)
    /** The whole catalog is computed where a batch reads more items than there are, and once for all requests. */
    const rowsOf = (ids: Tensor, { serving, rows, length }: Sequences): Tensor =>
      serving || loss === 'softmax' || catalog.itemCount < rows * length ? table_VD.rows(ids) : items(ids)
    const userOf = (batch: Sequences, { noise }: Pass): Tensor =>
      encoder.atTargets(rowsOf(batch.item_BL, batch), batch, noise)
    const logShare_V = input(logShares, [catalog.itemCount + 1])
    const inBatch = objective<Sequences>({
      name: 'train',
      batches: sequences(windows),
      losses: (batch, pass) => {
        const target_PD = rowsOf(batch.target_P, batch)
        const logShare_P = logShare_V.rows(batch.target_P)
        const value = inBatchLoss({ user_PD: userOf(batch, pass), target_PD, logShare_P }, batch)
        return { main: { weight: 1, value } }
      },
    })
    // A tower across modalities has no share that is one modality's.
    const told = sides.every(({ modality }) => modality) && sides.length > 1
    const modalities = sides.flatMap(({ modality }) => modality ?? [])
    const parts = (): TablePart[] =>
      sides.map(
        ({ of }, at): TablePart => [
          modalities[at] as FeatureModality,
          of().matmul(weight.slice(0, at * hiddenSize, (at + 1) * hiddenSize)),
        ],
      )
    return {
      batches: sequences(windows),
      history: windows,
      score: {
        kind: 'dot',
        table: table_VD,
        tableRows: (ids) => table_VD.rows(ids),
        user(batch: Sequences, pass) {
          const user_PD = userOf(batch, pass)
          return { user: user_PD, reasons: told ? scoreParts(user_PD, parts()) : {} }
        },
      },
      ...(loss === 'in-batch' && {
        memory: {
          [logShares]: { shape: [catalog.itemCount + 1], rows: 'items', data: new Float32Array(catalog.itemCount + 1) },
        },
        stages: [{ name: 'train', epochs: 'until-best', before: countShares, objectives: [inBatch] }],
      }),
      ...(told && { explain: explainParts(modalities) }),
    }
  },
})

/** One tower's part of an item. */
interface ItemSide {
  /** Absent where it is of several. */
  readonly modality?: FeatureModality
  /** ids of any shape [..] -> [.., D], or all items. */
  readonly of: (ids?: Tensor) => Tensor
}

/** The towers that options ask for and a catalog has. @throws UserError where there is none */
function sidesOf(config: Config, catalog: CatalogShape): readonly ItemSide[] {
  const { hiddenSize, taps, withoutIntra, withoutInter } = config
  const present = neededModalities(slug, reads, catalog).map((modality) => {
    const frozen = frozenVectors(modality, catalog)
    return { ...frozen, width: tapWidth(modality, dims(frozen.vectors, 2)[1], taps) }
  })
  const single = present.map(({ modality, vectors, width, present: has }): ItemSide => {
    const through = tower(modality, [width, hiddenSize], config)
    const missing = parameter(`${modality}.missing`, [1, hiddenSize], normal())
    const lacks = has.mul(-1).add(1)
    return {
      modality,
      of: (ids) => through(tapsOf(vectors, taps, ids)).add((ids ? lacks.rows(ids) : lacks).unsqueeze(-1).mul(missing)),
    }
  })
  const [image, text] = present
  const intra = withoutIntra ? [] : single
  if (!image || !text) {
    if (withoutIntra) throw nothingAcross()
    return intra
  }
  const width = Math.min(image.width, text.width)
  const [ofImage, ofText] = [image, text].map(({ modality, vectors, width: own }) => {
    const narrow = own > width ? linear(`across.${modality}`, [own, width]) : undefined
    return (ids?: Tensor): readonly Tensor[] => tapsOf(vectors, taps, ids).map((tap) => (narrow ? narrow(tap) : tap))
  }) as [(ids?: Tensor) => readonly Tensor[], (ids?: Tensor) => readonly Tensor[]]
  const through = jointTower('across', [width, hiddenSize], config)
  const across: ItemSide = { of: (ids) => through(ofImage(ids), ofText(ids)) }
  return withoutInter ? intra : [...intra, across]
}

/** What lies side by side in the vectors of items. */
function tapsOf(vectors: Tensor, taps: number, ids?: Tensor): readonly Tensor[] {
  const rows = ids ? vectors.rows(ids) : vectors
  const width = (rows.shape.at(-1) as number) / taps
  return Array.from({ length: taps }, (_, tap) =>
    taps === 1 ? rows : rows.slice(rows.shape.length - 1, tap * width, (tap + 1) * width),
  )
}

/** @throws UserError `mismatched` for vectors that are no such number of taps side by side */
function tapWidth(modality: FeatureModality, width: number, taps: number): number {
  if (width % taps === 0) return width / taps
  throw new UserError({
    where: `${slug}.taps`,
    problem: 'mismatched',
    value: `${taps}`,
    expected: `a divisor of ${width}, the width of a vector of ${modality === 'image' ? 'a picture' : 'a text'}`,
    hint: '1 reads one layer',
  })
}

const nothingAcross = (): UserError =>
  new UserError({
    where: `${slug}.withoutIntra`,
    problem: 'unsupported',
    value: 'true, on a dataset with one of pictures and texts',
    expected: 'false',
    hint: 'the tower across modalities needs both',
  })

/** Fills ln of each item's share of training events; an item of none counts as half of one. */
function countShares({ data, memory }: StageContext): void {
  const shares = memory[logShares]?.data as Float32Array
  const counts = trainingCounts(data)
  const total = counts.reduce((sum, count) => sum + count, 0)
  for (const [item, count] of counts.entries()) shares[item] = Math.log(Math.max(count, 0.5) / Math.max(total, 1))
}
