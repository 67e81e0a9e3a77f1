/**
 * @file MTFN: an item's id, picture and text through bounded layers, and a sum of R products of what linear maps make
 * of them. Wang, Xu, Yang, Hanjalic, Shen & Song, ACM Multimedia 2019. [bib: mtfn]
 *   (1)  t^m = tanh(drop(x^m)), x^m the projection of modality m         -> t_BD       m in {id, image, text}
 *   (2)  p^m_k = t^m A^m_k + a^m_k, k one of R ranks                     -> [B, R, O]
 *   (3)  h = sum_k (product over m of p^m_k)                             -> h_BO
 *   (4)  y = h C + c                                                     -> target_BO, event_HLO
 *   (5)  v = mean of the events' y                                       -> interest_HO
 *   (6)  logit = MLP([v, candidate's y, its numbers, user, its numbers]) -> logit_B
 *   (7)  with `score: 'matching'`, beside v: s_k = (past A'_k) . (now B'_k), past the mean of the events' t of all
 *        modalities side by side, now the candidate's                    -> [B, R]
 * Symbols: D = `modalitySize`, O = `fusionSize`, R = `rank`. (2) and (3) are (2) and (3) of lmf.ts with c = 1 and a the
 * row of F that meets the 1: the two models differ by tanh, rank, (4), and weights of ranks. The DOI of the citation
 * is unconfirmed.
 * Differs:
 * - the paper matches pictures with sentences, and its score is a linear map of h to one number; the click model, (4)
 *   to (6), and the id as a third factor are those of a third party's benchmark (MMCTR-Bench);
 * - its branch from text to text and its re-ranking of retrieved lists mean nothing for clicks and are left out;
 * - frozen vectors stand for the mean over 36 regions of a picture and for a sentence's 2,400 numbers; dropout comes
 *   after their projection, the published code's before it, and where a step fuses the whole catalog once, what is
 *   dropped of an item is the same wherever it is read;
 * - a missing picture or text is a learned row (R-M1), zeros in the benchmark; a catalog without a modality has the
 *   product of the others;
 * - tanh and the biases a are in, as in the published code; the benchmark leaves both out (`bounded`);
 * - D and O are 32 and R is 10, where the paper has 1,024 and 20, since every event of a history is fused;
 * - A and C begin by Xavier's rule, where the code has its framework's; a begins as the code's;
 * - the log loss of labels, where the paper has a hinge against the hardest wrong pairs of a batch;
 * - (7) is ours: the published idea of matching, between history and candidate.
 */
import * as z from 'zod'
import { type Impressions, impressions } from '../../batches/impressions.ts'
import { uniform } from '../../nn/init.ts'
import { linear } from '../../nn/linear.ts'
import type { Noise } from '../../nn/noise.ts'
import { mul } from '../../tensor/elementwise.ts'
import { concat } from '../../tensor/move.ts'
import type { Tensor } from '../../tensor/node.ts'
import type { CatalogShape } from '../contract/catalog.ts'
import { type BuiltModel, defineModel } from '../contract/model.ts'
import { embeddingSize, outputOptions } from '../parts/click-options.ts'
import { clickOutput } from '../parts/click-output.ts'
import { itemVectors, type VectorsOfItems } from '../parts/item-vectors.ts'
import { meanOverHistory } from '../parts/mean-over-history.ts'
import { maxEvents } from '../parts/options.ts'
import { concatFusion, rankFusion, type VectorFusion } from '../parts/vector-fusion.ts'
import { fusedReading } from './fused-reading.ts'
import { fuse, fusion, fusionSize, inputDropout, modalitySize, rank } from './fusion-options.ts'

const config = z.strictObject({
  embeddingSize,
  modalitySize: modalitySize(32),
  fusionSize: fusionSize(32),
  rank: rank(10),
  fusion,
  bounded: z
    .boolean()
    .default(true)
    .describe('pass each modality through tanh before the fusion, which keeps its numbers between -1 and 1'),
  compress: z.boolean().default(true).describe('pass the fused vector through one more linear layer'),
  fuse,
  score: z
    .enum(['fused', 'matching'])
    .default('fused')
    .describe(
      'what the output network reads: the fused vectors, or beside them how well history and candidate match, one number for each rank',
    ),
  inputDropout: inputDropout(0.1),
  ...outputOptions,
  maxLength: maxEvents,
})
type MtfnConfig = z.infer<typeof config>

/** MTFN; see the file's header. */
export const mtfn = defineModel({
  slug: 'mtfn',
  task: 'clicks',
  title: 'MTFN',
  withoutContent: 'multiplies nothing: it reads ids alone; train youtube-net',
  reducedForm:
    'the fusion, over frozen vectors, without the branch between texts and the re-ranking, which clicks have no use for; the click model around it is a third party’s',
  config,
  build,
})

function build(config: MtfnConfig, catalog: CatalogShape): BuiltModel<Impressions> {
  const { fusionSize: width, modalitySize, rank, maxLength, score } = config
  const items = itemVectors(catalog, config)
  const encode = bounded(config)
  const fuse = fusionOf(items.names, config)
  const read = fusedReading(catalog, width, config.fuse)
  const match = score === 'matching' ? matching(items.names.length * modalitySize, config) : undefined
  const output = clickOutput(catalog, [width + (match ? rank : 0), width], config)
  return {
    batches: impressions(maxLength),
    history: { maxLength, mergeBehaviors: true },
    score: {
      kind: 'clicks',
      forward(batch, { noise }) {
        const vectors = encode(items.in(batch), noise)
        const { target, interest } = read(batch, vectors, { target: fuse, event: fuse })
        const matched = match?.(batch, vectors)
        const whole = matched ? concat([interest.expand([batch.rows, width]), matched], 1) : interest
        return { logit_B: output({ interest: whole, target, batch, noise }) }
      },
    },
  }
}

/** (1) */
const bounded =
  ({ bounded, inputDropout }: MtfnConfig) =>
  (vectors: VectorsOfItems, noise: Noise): VectorsOfItems =>
  (ids) =>
    vectors(ids).map((x) => {
      const kept = noise.dropout(x, inputDropout)
      return bounded ? kept.tanh() : kept
    })

/** (2-4), or what stands in for (2-3). */
function fusionOf(
  names: readonly string[],
  { fusion, modalitySize, fusionSize, rank, compress }: MtfnConfig,
): VectorFusion {
  const sizes = [modalitySize, fusionSize] as const
  const fuse =
    fusion === 'concat'
      ? concatFusion('fusion', names.length, sizes)
      : rankFusion('fusion', names, sizes, {
          rank,
          rankWeights: false,
          constantRow: uniform(1 / Math.sqrt(modalitySize)),
        })
  if (!compress) return fuse
  const layer = linear('compress', [fusionSize, fusionSize])
  return (vectors) => layer(fuse(vectors))
}

/** (7), [B, R]; parameters `match.{history,candidate}.weight` [M D, R O]. */
function matching(
  from: number,
  { rank, fusionSize }: MtfnConfig,
): (batch: Impressions, vectors: VectorsOfItems) => Tensor {
  const [ofHistory, ofCandidate] = (['history', 'candidate'] as const).map((side) =>
    linear(`match.${side}`, [from, rank * fusionSize], { bias: false }),
  ) as [ReturnType<typeof linear>, ReturnType<typeof linear>]
  return ({ rows, item_B, history_HL, mask_HL }, vectors) => {
    const past_HE = concat(
      vectors(history_HL).map((t_HLD) => meanOverHistory(t_HLD, mask_HL)),
      1,
    )
    const products = mul(ofHistory(past_HE), ofCandidate(concat(vectors(item_B), 1)))
    return products.reshape([rows, rank, fusionSize]).sum([2])
  }
}
