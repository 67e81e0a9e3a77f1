/**
 * @file MMMLP: no attention, but MLP-Mixers over places and channels of a history's ids, pictures and texts, joined.
 * Liang et al., WWW 2023. [bib: mmmlp]
 *   (1)  X = LN_0(E[s]); X_m = LN_m(W_m a_m[s] + b_m)                     item_BL -> stream_BLD, m a picture or text
 *   (2)  X <- X + drop(W_2 drop(gelu(W_1 LN(X) + b_1)) + b_2), places     stream_BLD -> stream_BLD
 *   (3)  X <- X + drop(W_4 drop(gelu(W_3 LN(X) + b_3)) + b_4), channels   stream_BLD -> stream_BLD
 *   (4)  ids: (2, 3) n times with the same weights; pictures and texts: once
 *   (5)  F = [id; text; image], through one more (2, 3)                   -> joined_BLF, F = 3 D
 *   (6)  u = LN_0(W_f LN(F_last) + b_f)                                   -> user_PD
 *   (7)  r = u . E^T                                                      user_PD -> scores_PV
 * Numbers are the sheet's, not the paper's. Differs:
 * - pictures and texts are frozen vectors, projected to D: the paper's own mixer of pixels is built in the published
 *   code and never called;
 * - the mixer of (5) is what we take the abstract's fusion mixer to be (**unconfirmed**); the published code joins by
 *   (6) alone (`fusion: 'linear'`);
 * - defaults are ours: the published code gives no number of layers, no dropout and no length;
 * - padding is multiplied away before (2), and a batch of l places reads the first l of each weight, so that padding
 *   changes no score; in the published code it mixes into real places;
 * - the pad is no class; epsilon of normalizations is 1e-5;
 * - a learned vector is added where an item has no picture or text; a stream without vectors is left out;
 * - `causal` (triangular W_1 and W_2, as in TriMLP), `head: 'tied'` and `sharedLayers: false` are ours.
 */
import * as z from 'zod'
import { type SequenceSettings, type Sequences, sequences } from '../../batches/sequences.ts'
import { normal } from '../../nn/init.ts'
import { layerNorm, linear } from '../../nn/linear.ts'
import { addAll } from '../../tensor/elementwise.ts'
import { concat } from '../../tensor/move.ts'
import { parameter, type Tensor } from '../../tensor/node.ts'
import { defineModel } from '../contract/model.ts'
import { itemWindows } from '../parts/item-windows.ts'
import { type Mixer, mlpMixer } from '../parts/mlp-mixer.ts'
import { presentModalities } from '../parts/modalities.ts'
import { auxiliaryTargets, dropout, flag, hiddenSize, layers, maxLength, stride } from '../parts/options.ts'
import { frozenVectors, projectedVectors } from '../parts/projected-vectors.ts'

const config = z.strictObject({
  hiddenSize,
  maxLength,
  stride: stride.describe(
    'with causal: a history longer than maxLength is cut into windows that end this many items apart',
  ),
  layers: layers.default(4).describe('how often ids are mixed (n)'),
  expansion: z.int().min(1).max(16).default(4).describe('hidden units of a mixer for each place and for each channel'),
  dropout: dropout.default(0.2),
  auxiliaryTargets,
  sharedLayers: z
    .boolean()
    .default(true)
    .describe('mix ids with the same weights each time, as the published code does; false gives each time its own'),
  fusion: z
    .enum(['mixer', 'linear'])
    .default('mixer')
    .describe(
      'how streams are joined: mixer mixes places and channels of all before the linear layer; linear is that layer alone, as in the published code',
    ),
  head: z
    .enum(['free', 'tied'])
    .default('free')
    .describe('what items are ranked by: free is their ids alone; tied adds their projected pictures and texts'),
  causal: flag(
    'let a place read those before it alone, so that all places of a window train at once; the paper does not',
  ),
  withoutTokenMixing: flag('let each place read the mean of all places'),
  withoutChannelMixing: flag('leave out the mixing of channels'),
  withoutImage: flag('read no pictures'),
  withoutText: flag('read no texts'),
})

type Config = z.infer<typeof config>

/** MMMLP; see the file's header. */
export const mmmlp = defineModel({
  slug: 'mmmlp',
  task: 'next-item',
  title: 'MMMLP',
  withoutContent: 'is its mixer of ids alone; train sasrec beside it',
  reducedForm: 'frozen vectors of pictures, as in the published code, in place of the mixer of pixels',
  config,
  build(config, catalog) {
    const { hiddenSize, layers, sharedLayers, fusion, head } = config
    const items_VD = parameter('item', [catalog.itemCount + 1, hiddenSize], normal(), { rows: 'items' })
    const norm = layerNorm('norm', hiddenSize)
    const left = { image: config.withoutImage, text: config.withoutText }
    const contents = presentModalities(catalog)
      .filter((modality) => !left[modality])
      .map((modality) => ({
        project: projectedVectors(frozenVectors(modality, catalog), hiddenSize, modality),
        norm: layerNorm(`${modality}.norm`, hiddenSize),
        mix: mixerOf(modality, config, hiddenSize),
      }))
    const ofIds = sharedLayers ? mixerOf('id', config, hiddenSize) : undefined
    const idMixers = Array.from({ length: layers }, (_, at) => ofIds ?? mixerOf(`id.layer${at}`, config, hiddenSize))
    const width = (1 + contents.length) * hiddenSize
    const fuse = fusion === 'mixer' ? mixerOf('fusion', config, width) : undefined
    const fusionNorm = layerNorm('fusion.norm', width)
    const join = linear('fusion', [width, hiddenSize], { init: normal() })
    const windows = windowsOf(config, itemWindows(config, catalog))
    const rowsOf = (ids: Tensor): Tensor => addAll([items_VD.rows(ids), ...contents.map(({ project }) => project(ids))])
    const tied = head === 'tied' && contents.length > 0
    return {
      batches: sequences(windows),
      history: windows,
      score: {
        kind: 'dot',
        table: tied ? addAll([items_VD, ...contents.map(({ project }) => project())]) : items_VD,
        ...(tied && { tableRows: rowsOf }),
        user({ item_BL, mask_BL, atLast }: Sequences, { noise }) {
          const ids_BLD = idMixers.reduce((x, mix) => mix(x, mask_BL, noise), norm(items_VD.rows(item_BL))) // (1-4)
          const others = contents.map(({ project, norm, mix }) => mix(norm(project(item_BL)), mask_BL, noise))
          const streams_BLF = concat([ids_BLD, ...others.toReversed()], 2)
          const joined_BLF = fuse ? fuse(streams_BLF, mask_BL, noise) : streams_BLF // (5)
          return norm(join(fusionNorm(atLast(joined_BLF)))) // (6)
        },
      },
    }
  },
})

const mixerOf = (
  name: string,
  { maxLength, expansion, dropout, causal, withoutTokenMixing, withoutChannelMixing }: Config,
  width: number,
): Mixer =>
  mlpMixer(name, {
    width,
    maxLength,
    expansion,
    dropout,
    causal,
    meanOfPlaces: withoutTokenMixing,
    withoutChannels: withoutChannelMixing,
  })

/** A place that reads what comes behind it sees what it predicts: each target has a window that ends before it. */
const windowsOf = ({ causal }: Config, windows: SequenceSettings): SequenceSettings =>
  causal ? windows : { ...windows, onePerWindow: true }
