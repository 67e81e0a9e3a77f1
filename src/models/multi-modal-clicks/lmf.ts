/**
 * @file LMF: an item's id, picture and text multiplied into one vector, by a tensor of limited rank. Liu, Shen,
 * Lakshminarasimhan, Liang, Zadeh & Morency, ACL 2018. [bib: lmf]
 *   (1)  z^m = sub-network of modality m                                   -> z_BD       m in {id, image, text}
 *   (2)  P^m_k = [1, z^m] F^m_k, k one of R ranks                          -> [B, R, O]
 *   (3)  fused = sum_k c_k (product over m of P^m_k) + d                   -> target_BO, event_HLO
 *        = W . ([1, z^id] (x) [1, z^image] (x) [1, z^text]) + d, W = sum_k c_k (outer product over m of F^m_k)
 *   (4)  v = mean of the events' fused vectors                             -> interest_HO
 *   (5)  logit = MLP([v, fused candidate, its numbers, user, its numbers]) -> logit_B
 * Symbols: D = `modalitySize`, O = `fusionSize`, R = `rank`; the published code's `fusion_weights` are c, its
 * `fusion_bias` is d, its factors [R, D + 1, O] are F. The last page and the DOI of the citation are unconfirmed.
 * Differs:
 * - the paper fuses sound, video and words of a clip and says its sentiment; the click model, (4) and (5), is that of a
 *   third party's benchmark (MMCTR-Bench), where the id stands for the third modality;
 * - frozen vectors stand for raw features, so that a linear projection replaces the sub-networks with batch
 *   normalization and the LSTM over words; `subnet: 'mlp'` has the published three layers, without the normalization;
 * - a missing picture or text is a learned row (R-M1), zeros in the benchmark; a catalog without a modality has the
 *   product of the others;
 * - ranks are weighed (c), as in the published code; the paper's text adds them plainly;
 * - factors begin by the fans of one rank, and c at a deviation of 1 / sqrt(R): by the code's, of all ranks stacked,
 *   the product of three is nearly 0;
 * - candidates and events have one set of factors, so that a fused vector hangs on the item alone; the benchmark has
 *   two (`sharedFactors: false`);
 * - where a step fuses the whole catalog once, what is dropped of an item is the same wherever it is read;
 * - factors learn at the rate of the rest (`factorRate`); the published grid has a rate of their own for them;
 * - the published `post_fusion_prob` is declared and never used: `dropout` is that of the output network.
 */
import * as z from 'zod'
import { type Impressions, impressions } from '../../batches/impressions.ts'
import { xavier } from '../../nn/init.ts'
import { mlp } from '../../nn/mlp.ts'
import type { Noise } from '../../nn/noise.ts'
import type { CatalogShape } from '../contract/catalog.ts'
import { type BuiltModel, defineModel } from '../contract/model.ts'
import { embeddingSize, outputOptions } from '../parts/click-options.ts'
import { clickOutput } from '../parts/click-output.ts'
import { itemVectors, type VectorsOfItems } from '../parts/item-vectors.ts'
import { maxEvents } from '../parts/options.ts'
import { concatFusion, rankFusion, type VectorFusion } from '../parts/vector-fusion.ts'
import { fusedReading } from './fused-reading.ts'
import { fuse, fusion, fusionSize, inputDropout, modalitySize, rank } from './fusion-options.ts'

const config = z.strictObject({
  embeddingSize,
  modalitySize: modalitySize(64),
  fusionSize: fusionSize(64),
  rank: rank(4),
  fusion,
  subnet: z
    .enum(['linear', 'mlp'])
    .default('linear')
    .describe('what a modality passes before the fusion: its projection alone, or three more layers with ReLU'),
  sharedFactors: z
    .boolean()
    .default(true)
    .describe('fuse candidates and events by the same weights; false gives each weights of its own'),
  factorRate: z
    .number()
    .min(0.01)
    .max(100)
    .default(1)
    .describe('learning rate of the factors, as a multiple of the rate of everything else'),
  fuse,
  inputDropout: inputDropout(0),
  ...outputOptions,
  maxLength: maxEvents,
})
type LmfConfig = z.infer<typeof config>

/** LMF; see the file's header. */
export const lmf = defineModel({
  slug: 'lmf',
  task: 'clicks',
  title: 'LMF',
  withoutContent: 'multiplies nothing: it is a linear map of ids; train youtube-net',
  reducedForm: 'the fusion, whole, over frozen vectors; the click model around it is a third party’s',
  config,
  build,
})

function build(config: LmfConfig, catalog: CatalogShape): BuiltModel<Impressions> {
  const { fusionSize: width, maxLength } = config
  const items = itemVectors(catalog, config)
  const encode = subnets(items.names, config)
  const target = fusionOf('fusion', items.names, config)
  const event = config.sharedFactors ? target : fusionOf('eventFusion', items.names, config)
  const read = fusedReading(catalog, width, config.fuse)
  const output = clickOutput(catalog, [width, width], config)
  return {
    batches: impressions(maxLength),
    history: { maxLength, mergeBehaviors: true },
    score: {
      kind: 'clicks',
      forward(batch, { noise }) {
        const reading = read(batch, encode(items.in(batch), noise), { target, event })
        return { logit_B: output({ ...reading, batch, noise }) }
      },
    },
  }
}

/** (1); parameters `subnet.MODALITY.*` where there are layers after the projections. */
function subnets(
  names: readonly string[],
  { subnet, modalitySize: width, inputDropout }: LmfConfig,
): (vectors: VectorsOfItems, noise: Noise) => VectorsOfItems {
  const layers = names.map((name) =>
    subnet === 'mlp' ? mlp(`subnet.${name}`, [width, width, width, width]) : undefined,
  )
  return (vectors, noise) => (ids) =>
    vectors(ids).map((x, at) => {
      const read = noise.dropout(x, inputDropout)
      return layers[at]?.(read, noise).relu() ?? read
    })
}

/** (2-3), or what stands in for them. */
function fusionOf(
  name: string,
  modalities: readonly string[],
  { fusion, modalitySize, fusionSize, rank, factorRate }: LmfConfig,
): VectorFusion {
  const sizes = [modalitySize, fusionSize] as const
  if (fusion === 'concat') return concatFusion(name, modalities.length, sizes)
  const constantRow = xavier(modalitySize + 1, fusionSize)
  return rankFusion(name, modalities, sizes, { rank, rankWeights: true, constantRow, rate: factorRate })
}
