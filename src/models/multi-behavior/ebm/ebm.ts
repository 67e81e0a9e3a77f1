/**
 * @file EBM, the encoder of END4Rec, with what it stands in: a history of several behaviors is mixed as a spectrum; a
 * gate drops events, a filter takes out parts of the spectrum, and losses say that what is left fits the next item
 * best. Han et al., WWW 2024. [bib: ebm]
 *   (1)  S = drop(LN(E[s] + B[b] + P)), the last event at the last place          item_BL, behavior_BL -> s_BLD
 *   (2)  X = FFT(S) over places, F = floor(L / 2) + 1 frequencies                 -> real and imaginary, [B, F, D]
 *   (3)  Y = ReLU(X W_1 + b_1) W_2 + b_2, complex, a W for each of k chunks       -> [B, F, D]
 *   (4)  S' = FFT^-1(Y)                                                           -> [B, L, D]
 *   (5)  S <- LN(S + drop(S')), (2-5) twice                                       -> s_BLD
 *   (6)  R = 1/2 sum over chunks of ln |1 + D / (L eps^2) Z^T Z|, Z a chunk of S  scalar
 *   (7)  a_i = p_b - t_i, t_i = w . S_i + c, p_b = 1 + sigmoid(rho_b)             -> [B, L]
 *   (8)  m_i = [choice of (a_i, -a_i) is the first]                               -> keep_BL1
 *   (9)  S_hp = m S, S_hn = (1 - m) S                                             -> kept_BLD, dropped_BLD
 *   (10) S_sp = FFT^-1((sum_b share_b F_b) FFT(S_hp)), S_sn = S_hp - S_sp         -> passed_BLD, filtered_BLD
 *   (11) y = (2-5) once on LN(S_hp + drop(S_sp)), at the last place               -> user_BD
 *   (12) r = y . E                                                                -> scores_BV
 *   (13) L(p, s, n) = -ln sigma(Q_p - Q_s) - ln sigma(Q_s - Q_n), Q(S) = E[target] . mean of S
 *   (14) cross-entropy of (12) + 0.01 R + 0.1 (L(S_hp, S, S_hn) + L(S_sp, S_hp, S_sn))
 * Four stages: (1-6) and (11) alone, m and F being 1; then w, c and rho alone; then F_b alone; then all at half the
 * rate. A choice is drawn with Gumbel noise in training, straight through, and is the larger one when serving.
 * Differs (**the paper's abstract alone was seen**; equations are read from code of others with the paper's numbers):
 * - the published code cannot have made the paper's figures: (3) reads real parts alone there (`spectrum: 'real'`), no
 *   gradient reaches the embeddings, and no event is drawn; none of that is taken;
 * - p_b is a Poisson probability plus 1 in the paper, of **unconfirmed** form, in (1, 2] like ours;
 * - which S the gate reads, and R, are **unconfirmed**: the encoder's here. R is summed over chunks, with eps 0.5: at
 *   their 0.001 a determinant is beyond float32, and ours is a sum of logarithms;
 * - pads are 0 after every layer, dropped events are 0 after the normalization of (11), and each history is padded to
 *   `maxLength`, by which F_b is made; a transform mixes all places, so each target has a window that ends before it;
 * - stages 1 and 4 end by validation; theirs have 1 to 3 epochs. w, c and rho begin as zeros and F_b as ones;
 * - Q reads a mean, since the last event may be dropped (`contrastOn`): each over its own events, those that stay, all,
 *   or those that are dropped, so that what all items share moves no event.
 */
import { type SequenceSettings, type Sequences, sequences } from '../../../batches/sequences.ts'
import { normal } from '../../../nn/init.ts'
import { parameter } from '../../../tensor/node.ts'
import type { CatalogShape } from '../../contract/catalog.ts'
import { defineModel } from '../../contract/model.ts'
import { targetWeights } from '../../parts/item-windows.ts'
import { leftOut } from '../../parts/left-out.ts'
import { type Config, config } from './config.ts'
import { hardGate, softFilter } from './denoising.ts'
import { type Denoising, reader } from './reading.ts'
import { stagesOf } from './training.ts'

/** EBM; see the file's header. */
export const ebm = defineModel({
  slug: 'ebm',
  task: 'next-item',
  title: 'EBM',
  rows: 'targets',
  reducedForm: 'rebuilt from the abstract and from code of others; the published code cannot have made its figures',
  config,
  build(config, catalog) {
    const behaviors = catalog.behaviors.length
    const items = parameter('item', [catalog.itemCount + 1, config.hiddenSize], normal(), { rows: 'items' })
    const read = reader(config, behaviors, items)
    const whole: Denoising = {
      ...(!config.withoutHardNoise && { gate: hardGate(config, behaviors) }),
      ...(!config.withoutSoftNoise && { filter: softFilter(config, behaviors) }),
    }
    const windows = windowsOf(config, catalog)
    const batches = sequences(windows)
    return {
      batches,
      history: windows,
      score: {
        kind: 'dot',
        table: items,
        user(batch: Sequences, { noise }) {
          const { user_BD, keep_BL1 } = read(batch, whole, noise)
          return { user: user_BD, ...(whole.gate && { reasons: { keep: keep_BL1.reshape([batch.rows, -1]) } }) }
        },
      },
      stages: stagesOf(config, batches, { read, items, whole }),
      ...(whole.gate && {
        explain: (history, items, { keep }) => {
          // The last event is at the last place.
          const first = config.maxLength - history.item.length
          return leftOut(history, items, (at) => keep?.[first + at] !== 0)
        },
      }),
    }
  },
})

/** A window of its own for each target, all of one length. */
function windowsOf({ maxLength, auxiliaryTargets }: Config, catalog: CatalogShape): SequenceSettings {
  return {
    maxLength,
    stride: maxLength,
    targetWeights: targetWeights(catalog, auxiliaryTargets),
    mergeBehaviors: false,
    onePerPosition: true,
    onePerWindow: true,
    lengths: 'fixed',
  }
}
