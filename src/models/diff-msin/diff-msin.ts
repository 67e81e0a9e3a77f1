/**
 * @file Diff-MSIN: click prediction from id, picture and text, plugged on a behavior model.
 * Cui, Lu, Tong, Li & Zhao, SIGIR 2025. [bib: diff-msin]
 *   (1-2)   E_a^m = sum of attention(E_s^m, E_target^m)         history_HL, item_B -> pooled_BD      m in {image, text}
 *   (3-4)   E_expert^m = MLP(E_a^m), E_expert^id = DIN(S, s_t)   -> expert_BE, one a modality
 *   (5)     E_expert^sh = mean of shared experts                -> common_BE
 *   (6-7)   E^m = w E_expert^m + (1 - w) E_expert^sh            -> enhanced_BE
 *   (8-9)   L_con: experts apart, shared experts together       scalar
 *   (10-12) E_syn: noise in, T steps of cross-modal interaction -> synergy_BE
 *   (13)    L_syn: E_syn to the candidate if clicked, else away scalar
 *   (14-17) E_att = attention(E^id, cross(gates * parts))       -> fused_BE
 *   (18-19) L = log loss + w1 L_con + w2 L_syn
 * Symbols: B candidates, H histories (B, or 1 that all candidates share), L events, D = d_m, E = d_e.
 * Differs:
 * - vectors of pictures and texts are projected from 512 to `modalitySize` and layer-normalized before attention; the paper's unit reads
 *   them as they are, at eight times the cost; a learned vector stands for a missing one (R-M1);
 * - what the attention adds up of a modality is layer-normalized before the experts: with no softmax it grows with the history (`levelInterest`);
 * - the attention's weights have no softmax (R-D1); the id expert is a linear layer on the behavior model's output where widths differ (R-D2);
 * - cosines have 0.01 added to the squared lengths, or the direction of nearly empty histories would lead the training;
 * - L_con is a mean over pairs (R-D3), L_syn's negative term is max(0, cos - margin) (R-D5, `printedSynergyLoss` for the print);
 * - E_target of eq. 13 is a linear map of the candidate's id embedding, picture and text to d_e;
 * - SRC's states are single vectors by default (`states: 'pooled'`, as printed), with which CI is a linear map, or sequences (R-D4);
 *   the noise of eq. 10 comes in at once, as in eq. 7 of M³BSR, and is 0 when serving (R-M5); projections are shared by the steps;
 * - the parts of eq. 15 are those of eq. 7 for picture and text, which the print computes and then never reads, the common one and E_syn;
 *   a gate is one number a part, so that it can be told (R-D6);
 * - E^id is added to what eq. 17's attention found (`fusion: 'residual'`): printed, the behavior model only asks and is never heard;
 * - the gates and the head see the candidate's id embedding with its fields; the head has PReLU, as DIN (R-D7).
 */
import type { FeatureModality } from '../../dataset/schema.ts'
import { linear } from '../../nn/linear.ts'
import { mlp } from '../../nn/mlp.ts'
import type { Noise } from '../../nn/noise.ts'
import { mul } from '../../tensor/elementwise.ts'
import { concat, reshape } from '../../tensor/move.ts'
import type { Tensor } from '../../tensor/node.ts'
import { sum } from '../../tensor/reduce.ts'
import { backboneOf } from '../clicks/backbones.ts'
import { type ClickModel, type ClickShape, defineClickModel } from '../contract/click-model.ts'
import { clickOutput } from '../parts/click-output.ts'
import { embeddedFields, embeddedHistory } from '../parts/field-embeddings.ts'
import { type DiffMsinConfig, diffMsinConfig } from './config.ts'
import { type ByModality, enhancement } from './enhancement.ts'
import { dynamicFusion } from './fusion.ts'
import { type AttendedModality, attendedModality } from './modalities.ts'
import { synergy } from './synergy.ts'
import { synergyLoss } from './synergy-loss.ts'

/** Diff-MSIN; see the file's header. */
export const diffMsin = defineClickModel({
  slug: 'diff-msin',
  task: 'click',
  title: 'Diff-MSIN',
  config: diffMsinConfig,
  build,
})

/** The pictures and texts that a catalog has and no option leaves out. */
function modalitiesOf({ features }: ClickShape, { withoutImage, withoutText }: DiffMsinConfig): FeatureModality[] {
  const wanted = { image: !withoutImage, text: !withoutText }
  return (['image', 'text'] as const).filter((modality) => wanted[modality] && features[modality] !== undefined)
}

function build(config: DiffMsinConfig, shape: ClickShape): ClickModel {
  const { embeddingSize, expertSize, modalitySize, maxLength } = config
  const modalities = modalitiesOf(shape, config)
  const items = embeddedFields(shape, 'item', embeddingSize)
  const historyOf = embeddedHistory(shape, items)
  const backbone = backboneOf(config.backbone).build('id', config, items.width)
  const extract = new Map(modalities.map((modality) => [modality, attendedModality(modality, shape, config)]))
  const experts = expertsOf(modalities, { ...config, interest: backbone.width, history: items.width })
  const widths = new Map([
    ['id', backbone.width],
    ...modalities.map((modality) => [modality as string, modalitySize] as const),
  ])
  const enhance = config.withoutEnhancement ? undefined : enhancement(widths, expertSize)
  const names = ['id', ...modalities]
  const attention = { ...config, heads: config.fusionHeads }
  const together = config.withoutSynergy || modalities.length === 0 ? undefined : synergy(names, attention)
  const drawn = together && synergyLoss(items.width + modalities.length * modalitySize, config)
  const parts = partsOf(modalities, config, { common: enhance !== undefined, synergy: together !== undefined })
  const fuse =
    config.withoutFusion || parts.length === 0 ? undefined : dynamicFusion(parts.length, items.width, attention)
  const logits = clickOutput(shape, [fuse ? expertSize : (1 + parts.length) * expertSize, items.width], config)

  return {
    maxLength,
    ...(fuse && { gates: parts }),
    forward(batch, noise) {
      const { item_B, history_HL, behavior_HL, mask_HL } = batch
      const [target, history] = [items(item_B), historyOf(history_HL, behavior_HL)]
      const { interest, weights } = backbone({ history, target, mask: mask_HL, noise })
      const attended = new Map([...extract].map(([modality, read]) => [modality, read(batch)]))
      const pooled: ByModality = new Map([
        ['id', interest],
        ...[...attended].map(([name, { pooled }]) => [name as string, pooled] as const),
      ])
      const own: ByModality = new Map(
        names.map((name) => [name, experts.vector(name, pooled.get(name) as Tensor, noise)]),
      )
      const enhanced = enhance?.(pooled, own, noise)
      const states = config.states === 'sequence' ? experts.sequences(attended, { history, weights }, noise) : own
      const joined = together?.(states, mask_HL, noise)
      const given: ByModality = new Map([
        ...(enhanced?.enhanced ?? own),
        ...named('common', enhanced?.common),
        ...named('synergy', joined),
      ])
      const chosen = parts.map((part) => given.get(part) as Tensor)
      const id = given.get('id') as Tensor
      const fused = fuse?.(id, target, chosen)
      const candidate = [target, ...[...attended.values()].map((modality) => modality.target)]
      return {
        logit_B: logits({ interest: fused?.fused ?? concat([id, ...chosen], 1), target, batch, noise }),
        reasons: { attention: weights, ...(fused && { gates: fused.gates }) },
        losses: (label_B, weight_B) => ({
          ...(enhanced && { decoupling: { weight: config.w1, value: sum(mul(enhanced.decoupling, weight_B)) } }),
          ...(drawn &&
            joined && { synergy: { weight: config.w2, value: drawn({ joined, candidate, label_B, weight_B }) } }),
        }),
      }
    },
  }
}

const named = (name: string, tensor: Tensor | undefined): [string, Tensor][] => (tensor ? [[name, tensor]] : [])

/** What eq. 15 weighs, by name: what the candidate's gates are told by. */
function partsOf(
  modalities: readonly string[],
  { withoutPart }: DiffMsinConfig,
  made: { readonly common: boolean; readonly synergy: boolean },
): string[] {
  const all = [...modalities, ...(made.common ? ['common'] : []), ...(made.synergy ? ['synergy'] : [])]
  return all.filter((part) => part !== withoutPart)
}

interface ExpertSizes extends Pick<DiffMsinConfig, 'expertSize' | 'modalitySize' | 'states'> {
  /** Widths of the behavior model's output and of an embedded event. */
  readonly interest: number
  readonly history: number
}

/** The experts of eq. 3-4; parameters `expert.MODALITY.*`, and `expert.id.event.*` where states are sequences. */
function expertsOf(
  modalities: readonly FeatureModality[],
  { expertSize, modalitySize, states, interest, history }: ExpertSizes,
) {
  const ofId = interest === expertSize ? undefined : linear('expert.id', [interest, expertSize])
  const ofEvents =
    states === 'sequence' && modalities.length > 0 ? linear('expert.id.event', [history, expertSize]) : undefined
  const mlps = new Map(
    modalities.map((modality) => [
      modality as string,
      mlp(`expert.${modality}`, [modalitySize, expertSize, expertSize]),
    ]),
  )
  return {
    vector: (name: string, x: Tensor, noise: Noise): Tensor => mlps.get(name)?.(x, noise) ?? ofId?.(x) ?? x,
    /** Expert vectors of the weighted events, [B, L, d_e] each. */
    sequences(
      attended: ReadonlyMap<string, AttendedModality>,
      id: { readonly history: Tensor; readonly weights: Tensor },
      noise: Noise,
    ): ByModality {
      const events = mul(id.history, reshape(id.weights, [...id.weights.shape, 1]))
      return new Map([
        ...named('id', ofEvents?.(events)),
        ...[...mlps].map(
          ([name, expert]) => [name, expert((attended.get(name) as AttendedModality).sequence(), noise)] as const,
        ),
      ])
    },
  }
}
