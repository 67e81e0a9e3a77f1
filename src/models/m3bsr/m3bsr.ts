/**
 * @file M³BSR: sequences of several modalities and behaviors, denoised by conditional diffusion and read by shared and
 * specific experts. Cui, Lu, Tong, Li & Zhao, SIGIR 2025. [bib: m3bsr]
 *   (3-5)   h_b^id = LN(E_i), h_b^m = LN(P_m x_i)          item_BL -> streams_BLD, one for each modality
 *   (6-9)   h^m = reverse(forward(h^m), c = h^id)          streams_BLD -> streams_BLD          m in {image, text}
 *   (11-12) h_cl^m = reverse(forward(h_cl^m), c = h_fa^m)  streams_BLD -> streams_BLD          every m
 *   (10,13) L_m, L_b: denoised against noisy states        scalars
 *   (14-17) h_common = Transformer(LN(e + b + CrossAttention(e, e_fa))), e = sum over m of h^m
 *                                                          streams_BLD -> common_PD
 *   (18-19) h_b^m = Transformer(h_b^m)                     streams_BLD -> specific_PD, K times M of them
 *   (20)    L_contrast                                     scalar
 *   (21-22) y = g * h_common + (1 - g) * [h_cl; h_fa]      -> slots_PSD
 *   (23)    r = mean of slots . (E + sum over m of P_m x)  user_PD -> scores_PV
 *   (25)    L = L_main + lambda_c L_contrast + lambda_m L_m + lambda_b L_b
 * Symbols: B windows, L events, P targets, D width, K behaviors, M modalities, S = K M slots, V items. A click (cl) is
 * any auxiliary behavior, a favor (fa) is the target behavior (R-M2).
 * Differs:
 * - `reading: 'joint'`, the default: an item is ranked by what it is read with, and its id is read without an MLP,
 *   small at first (R-M13); the shared expert reads all events in order (R-M9); specific experts of one modality share
 *   their layers (R-M10); the user is the mean of the slots, whose gates begin open (R-M12). `paper` has an MLP over id
 *   fields, projections of its own for reading and ranking, and W.
 * - One timeline holds the events of all behaviors, and one causal pass trains all targets of a window; in the joint
 *   reading a click and a favor of one item at one time are one event (R-M17).
 * - Each modality is layer-normalized before it is denoised, and a learned vector replaces a missing one (R-M1).
 * - The noisy states of all steps share one noise (R-M4), which is 0 when serving (R-M5).
 * - The reconstruction losses are means over events, features and steps, summed over modalities (R-M8).
 * - A click is denoised only by favors that came strictly before it (R-M7).
 * - The experts have learned positions, dropout and post-norm blocks with GELU (R-M1).
 * - A learned vector tells a specific expert how many events came since the one it is read at, and another replaces the
 *   last event of a behavior that a user never showed (R-M10).
 * - Next events of auxiliary behaviors are targets too, with less weight; of several targets of one time one is drawn
 *   anew each epoch and stands for all (R-M15).
 */
import { moments } from '../../batches/extras/moments.ts'
import { type SequenceSettings, sequences } from '../../batches/sequences.ts'
import { noNoise } from '../../nn/noise.ts'
import { addAll } from '../../tensor/elementwise.ts'
import { reshape } from '../../tensor/move.ts'
import { constant, integers, type Tensor } from '../../tensor/node.ts'
import { dims } from '../../tensor/shape.ts'
import type { CatalogShape } from '../contract/catalog.ts'
import { defineModel, type IdlePart } from '../contract/model.ts'
import { itemWindows } from '../parts/item-windows.ts'
import { type M3bsrConfig, m3bsrConfig } from './config.ts'
import { idleCost } from './denoiser.ts'
import { behaviorDenoising, modalityDenoising, modalityMlp, withoutDenoising } from './denoising-layers.ts'
import { type Compared, disentanglement, noContrast } from './disentangle.ts'
import { ageEmbedding, meansOfStreams, noExperts, placed, sharedExpert, specificExperts } from './experts.ts'
import { explainItems } from './explain.ts'
import { features, modalitiesOf, tiedFeatures } from './features.ts'
import { freeHead, tiedHead } from './heads.ts'
import { orderedExpert } from './ordered-expert.ts'
import { gatedRouting, meanRouting, ungatedRouting } from './routing.ts'
import { type EventBatch, visibility } from './visibility.ts'

/** Of positions, ages and behaviors at first, in the joint reading: as large as what they are added to. */
const deviation = 0.3

/** M³BSR; see the file's header. */
export const m3bsr = defineModel({
  slug: 'm3bsr',
  task: 'next-item',
  title: 'M³BSR',
  config: m3bsrConfig,
  // Validation was for it on every data set here: docs/tried.md.
  weightDecay: 0.5,
  build(config, catalog) {
    const { samples, head, lambdaContrast, lambdaModality, lambdaBehavior } = config
    const { behaviors, target } = catalog
    const modalities = modalitiesOf(catalog)
    const windows: SequenceSettings = {
      ...itemWindows(config, catalog),
      mergeBehaviors: config.reading === 'joint',
      onePerWindow: samples === 'targets',
    }
    const sightOptions = { behaviors: behaviors.length, target, wholeWindow: samples === 'targets' }
    const read = config.reading === 'joint' ? tiedFeatures(config, catalog) : features(config, catalog)
    const parts = partsOf(config, catalog)
    const { table, user } = head === 'free' ? freeHead(config, catalog) : tiedHead(read)
    return {
      batches: sequences(windows).with(moments()),
      history: windows,
      idle: idleParts(config, catalog),
      score: {
        kind: 'dot',
        ...table,
        user(batch: EventBatch, { noise }) {
          const sight = visibility(batch, sightOptions)
          const streams_BLD = read.events(batch.item_BL, batch.user_B) // (3-5)
          const cleaned = parts.denoiseModalities(streams_BLD, sight, noise) // (6-10)
          const led = parts.denoiseBehaviors(cleaned.streams_BLD, sight, noise) // (11-13)
          const placed_BLD = parts.place(led.streams_BLD, noise)
          const specific = parts.specific(placed_BLD, sight, noise) // (18-19)
          const common = parts.shared(placed_BLD, sight, noise) // (14-17)
          const routed = parts.route({ specific, common }) // (21-23)
          const { item_BL, behavior_BL } = batch
          const compared = (weight_P: Tensor): Compared => ({
            interests: { specific, common },
            weight_P,
            streams_BLD: led.streams_BLD,
            item_BL,
            behavior_BL,
          })
          return {
            user: user(routed.user_PD),
            reasons: { ...routed.reasons, ...led.reasons },
            losses: ({ weight_P }) => ({
              contrast: { weight: lambdaContrast, value: parts.contrast(compared(weight_P)) }, // (20)
              modality: { weight: lambdaModality, value: cleaned.loss() },
              behavior: { weight: lambdaBehavior, value: led.loss() },
            }),
          }
        },
      },
      ...(denoises(config, modalities) && {
        denoised(items: Tensor) {
          // Each item as the only event of a history: it is led by its own id alone.
          const [count] = dims(items, 1)
          const streams = read.events(reshape(items, [count, 1]), integers(Array.from({ length: count }, () => 0)))
          const alone = {
            own_BLL: constant(new Float32Array(count), [count, 1, 1]),
            eventWeight_BL: constant(new Float32Array(count), [count, 1]),
          }
          const cleaned = parts.denoiseModalities(streams, alone, noNoise)
          const together = (all: readonly Tensor[]): Tensor => reshape(addAll(all), [count, config.hiddenSize])
          return { before: together(streams), after: together(cleaned.streams_BLD) }
        },
      }),
      explainsByLeavingOut: 'shares',
      explain: (_, items, reasons, scores) =>
        explainItems({ behaviors, modalities }, items, reasons['parts'] as Float32Array, scores),
    }
  },
})

/** What L_m and L_b come to where nothing is denoised; a layer that is left out has neither. */
function idleParts(config: M3bsrConfig, catalog: CatalogShape): IdlePart[] {
  const modalities = modalitiesOf(catalog).length
  const { withoutModalityDenoising, modalityDenoiser, withoutBehaviorDenoising, modalitySteps, behaviorSteps } = config
  const costs = {
    modality: (modalities - 1) * idleCost({ ...config, steps: modalitySteps }),
    behavior: modalities * idleCost({ ...config, steps: behaviorSteps }),
  }
  return [
    ...(withoutModalityDenoising || modalityDenoiser === 'mlp' || modalities === 1
      ? []
      : [{ part: 'modality', said: 'denoising pictures and texts (L_m)', cost: costs.modality }]),
    ...(withoutBehaviorDenoising || catalog.behaviors.length === 1
      ? []
      : [{ part: 'behavior', said: 'denoising auxiliary behaviors (L_b)', cost: costs.behavior }]),
  ]
}

/** Whether pictures and texts are denoised. */
const denoises = ({ withoutModalityDenoising }: M3bsrConfig, modalities: readonly string[]): boolean =>
  !withoutModalityDenoising && modalities.length > 1

/** The parts of the method; what an ablation leaves out is replaced here. */
function partsOf(config: M3bsrConfig, catalog: CatalogShape) {
  const { hiddenSize: width, temperature, reading } = config
  const modalities = modalitiesOf(catalog)
  const behaviors = catalog.behaviors.length
  const slots = { behaviors, modalities }
  const sizes = { width, slots: behaviors * modalities.length, reading }
  const joint = reading === 'joint'
  const age = ageEmbedding(width, joint ? deviation : undefined)
  let parts = {
    denoiseModalities: modalityDenoising(modalities, { ...config, width, steps: config.modalitySteps }),
    denoiseBehaviors: behaviorDenoising(modalities, { ...config, width, steps: config.behaviorSteps }),
    place: placed(joint ? { ...config, dropout: 0, deviation } : config),
    specific: specificExperts({ ...config, acrossBehaviors: joint }, slots, age),
    shared: joint ? orderedExpert({ ...config, behaviors, deviation }) : sharedExpert(config, slots, age),
    route: gatedRouting(sizes),
    contrast: disentanglement({ reading: config.disentanglement, temperature }),
  }
  if (config.modalityDenoiser === 'mlp') parts = { ...parts, denoiseModalities: modalityMlp(modalities, width) }
  if (!denoises(config, modalities)) parts = { ...parts, denoiseModalities: withoutDenoising }
  if (config.withoutBehaviorDenoising || behaviors === 1) parts = { ...parts, denoiseBehaviors: withoutDenoising }
  if (config.withoutSharedExpert) parts = { ...parts, shared: noExperts, route: ungatedRouting(sizes) }
  if (config.withoutDisentanglement) parts = { ...parts, contrast: noContrast }
  if (config.withoutExperts) {
    const specific = meansOfStreams(config, slots)
    parts = { ...parts, specific, shared: noExperts, route: meanRouting(sizes), contrast: noContrast }
  }
  return parts
}
