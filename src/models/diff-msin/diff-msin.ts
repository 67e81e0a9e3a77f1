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
 * Differs (docs/papers.md gives the reasons):
 * - vectors of pictures and texts are projected to `modalitySize` and layer-normalized before attention, whose unit has
 *   one hidden layer, where DIN's own has two (R-D1); a learned vector stands for a missing one (R-M1);
 * - an event in the history of ids has the embedding of its behavior added, where a log has several;
 * - the attention's weights have no softmax, and what they sum up of a modality is layer-normalized (R-D1,
 *   `levelInterest`);
 * - a linear layer brings the behavior model's output to the experts' width where the two differ (R-D2);
 * - L_con is a mean over pairs (R-D3), of cosines whose squared lengths have 0.01 added;
 * - L_syn pushes away what was not clicked, which the print never does (R-D5, `margin`, `printedSynergyLoss`);
 * - E_target of eq. 13 is a linear map of the candidate's id embedding, picture and text;
 * - the synergy adds all its noise at once and shares its projections between steps (R-D4, `states`); eq. 11 has one
 *   interaction CI, and here each modality has its own for each other one, six in all;
 * - each part of eq. 15 has one number as its gate, and the parts of picture and text are those of eq. 7 (R-D6);
 * - E^id is added to what eq. 17's attention finds (R-D6, `fusion`), and the output is DIN's (R-D7).
 */
import { type Impressions, impressions } from '../../batches/impressions.ts'
import type { FeatureModality } from '../../dataset/schema.ts'
import type { CatalogShape } from '../contract/catalog.ts'
import { type BuiltModel, defineModel } from '../contract/model.ts'
import { clickOutput } from '../parts/click-output.ts'
import { type DiffMsinConfig, diffMsinConfig } from './config.ts'
import { type Enhancement, enhancement, unenhanced } from './enhancement.ts'
import { expertsOf } from './experts.ts'
import { type Extractor, extractorOf } from './extractor.ts'
import { dynamicFusion, type Fusion, sideBySide } from './fusion.ts'
import { noSynergy, type Synergy, synergy } from './synergy.ts'

/** Diff-MSIN; see the file's header. */
export const diffMsin = defineModel({
  slug: 'diff-msin',
  task: 'clicks',
  title: 'Diff-MSIN',
  withoutContent: 'is its expert of ids alone; train din, which is that at less cost',
  config: diffMsinConfig,
  build,
})

function build(config: DiffMsinConfig, catalog: CatalogShape): BuiltModel<Impressions> {
  const { maxLength } = config
  const modalities = modalitiesOf(catalog, config)
  const extractor = extractorOf(catalog, modalities, config)
  const experts = expertsOf(extractor, config)
  const { enhancement, synergy, fusion } = modulesOf(modalities, extractor, config)
  const output = clickOutput(catalog, [fusion.width, extractor.targetWidth], config)
  return {
    batches: impressions(maxLength),
    history: { maxLength, mergeBehaviors: true },
    score: {
      kind: 'clicks',
      ...(fusion.gates && { gates: fusion.gates }),
      forward(batch, { noise }) {
        const extracted = extractor.read(batch, noise)
        const { target, candidate, weights, pooled } = extracted
        const own = experts.vectors(extracted, noise)
        const enhanced = enhancement.enhance(pooled, own, noise)
        const states = experts.states(extracted, own, noise)
        const captured = synergy.capture({ states, candidate, mask_HL: batch.mask_HL }, noise)
        const { fused, reasons } = fusion.fuse(target, new Map([...enhanced.vectors, ...captured.vectors]), noise)
        return {
          logit_B: output({ interest: fused, target, batch, noise }),
          reasons: { attention: weights, ...reasons },
          losses: () => ({ ...enhanced.losses(batch), ...captured.losses(batch) }),
        }
      },
    },
  }
}

/** The pictures and texts that a catalog has and no option leaves out. */
function modalitiesOf({ features }: CatalogShape, { withoutImage, withoutText }: DiffMsinConfig): FeatureModality[] {
  const wanted = { image: !withoutImage, text: !withoutText }
  return (['image', 'text'] as const).filter((modality) => wanted[modality] && features[modality] !== undefined)
}

/** The modules of sections 3.3 to 3.5. */
interface Modules {
  readonly enhancement: Enhancement
  readonly synergy: Synergy
  readonly fusion: Fusion
}

/** Makes the modules; a substitute stands for each that is left out, or that has nothing to work on. */
function modulesOf(
  modalities: readonly FeatureModality[],
  { widths, targetWidth, candidateWidth }: Extractor,
  config: DiffMsinConfig,
): Modules {
  const alone = modalities.length === 0
  const enhances = config.withoutEnhancement ? unenhanced : enhancement(widths, config)
  const captures = config.withoutSynergy || alone ? noSynergy : synergy(['id', ...modalities], candidateWidth, config)
  const parts = [...modalities, ...enhances.parts, ...captures.parts].filter((part) => part !== config.withoutPart)
  const fusion =
    config.withoutFusion || parts.length === 0
      ? sideBySide(parts, config.expertSize)
      : dynamicFusion(parts, targetWidth, config)
  return { enhancement: enhances, synergy: captures, fusion }
}
