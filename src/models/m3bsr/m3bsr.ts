/**
 * @file M³BSR: multi-modal multi-behavior sequences, denoised by conditional diffusion and read by shared and specific experts.
 * Cui, Lu, Tong, Li & Zhao, SIGIR 2025. [bib: m3bsr]
 *   (3-5)   h_b^m = MLP(ids), W image, W text              history_BL -> streams_BLD, one a modality
 *   (6-9)   h^m = reverse(forward(h^m), c = h^id)          streams_BLD -> streams_BLD          m in {image, text}
 *   (11-12) h_cl^m = reverse(forward(h_cl^m), c = h_fa^m)  streams_BLD -> streams_BLD          every m
 *   (10,13) L_m, L_b: denoised against noisy states        scalars
 *   (14-17) h_common = Transformer(CrossAttention(cl, fa)) streams_BLD -> common_MD
 *   (18-19) h_b^m = Transformer(h_b^m)                     streams_BLD -> specific_MD, K times M of them
 *   (20)    L_contrast                                     scalar
 *   (21-22) y = g * h_common + (1 - g) * [h_cl; h_fa]      -> slots_MSD
 *   (23)    r = (W y + b) . item table                     -> scores_MV
 *   (25)    L = L_main + lambda_c L_contrast + lambda_m L_m + lambda_b L_b
 * Symbols: B windows, L events, M targets, D width, S slots (behaviors times modalities), V items; click = any auxiliary behavior,
 * favor = the target behavior (R-M2).
 * Differs:
 * - one timeline a window, a behavior being a mask over it; every attention is causal in event time, so one pass serves all targets
 *   of a window (R-M17), and experts of one layer compute only the queries that targets read; `samples: 'targets'` is the paper's row a target;
 * - each modality is layer-normalized before it is denoised: noise of variance 1 would drown vectors of length 1;
 * - the noisy states of a pass share one noise, h_t = sqrt(abar_t) h_0 + sqrt(1 - abar_t) e (R-M3, R-M4), 0 when serving (R-M5). Compared with
 *   the state before it (R-M8, `posterior`) h_0 cancels out of the difference: the loss cannot fall by shrinking what is denoised, so no
 *   gradient is stopped;
 * - losses are means over events, features and steps, summed over modalities (R-M8); events nothing denoises are left out;
 * - an event sees a favor by which it is denoised only if that came strictly before it: one of the same moment is often its consequence;
 * - learned positions before the experts, dropout, post-norm blocks with GELU (R-M1; the paper says nothing of them);
 * - an expert is told how many events came since the one it is read at (R-M10): on one timeline the last favor may be this visit's or long past;
 * - a learned vector stands for what is not there: a picture, a text (R-M1), the last event of a behavior a user never showed;
 * - without auxiliary events the shared expert reads the target's, without target events the auxiliary ones (R-M9);
 * - an item's embedding may also be added to what the MLP of eq. 3 makes of it (`residualId`);
 * - the matrix W of eq. 23 begins near the mean of the slots (the paper says nothing of how parameters begin);
 * - the item table is made of the items' own features (R-M13, `head: 'tied'`);
 * - the three readings of the contrast (R-M11); next events of other behaviors are targets too, with less weight (R-M15).
 */
import { normal } from '../../nn/init.ts'
import { type Noise, noNoise } from '../../nn/noise.ts'
import { crossEntropy } from '../../tensor/cross-entropy.ts'
import { addAll, mul } from '../../tensor/elementwise.ts'
import { rowsOf, selectRows } from '../../tensor/gather.ts'
import { reshape } from '../../tensor/move.ts'
import { parameter, scalar, type Tensor } from '../../tensor/node.ts'
import { type BatchShape, type CatalogShape, defineModel, type NextItemModel } from '../contract/model.ts'
import { type M3bsrConfig, m3bsrConfig } from './config.ts'
import { disentanglement } from './disentangle.ts'
import type { Reading } from './experts.ts'
import { explainItems } from './explain.ts'
import { features, modalitiesOf } from './features.ts'
import { fillBatch } from './fill.ts'
import { byName, type GraphInputs, graphInputs, type Layout } from './inputs.ts'
import { interests } from './interests.ts'
import { denoising } from './streams.ts'

/** M³BSR; see the file's header. */
export const m3bsr = defineModel({
  slug: 'm3bsr',
  task: 'next-item',
  title: 'M³BSR',
  config: m3bsrConfig,
  build: (config, catalog) => build(config, catalog),
})

function build(config: M3bsrConfig, catalog: CatalogShape): NextItemModel {
  const { hiddenSize: width, maxLength, stride, head, samples, temperature } = config
  const { behaviors, target } = catalog
  const modalities = modalitiesOf(catalog)
  const layout: Layout = {
    behaviors: behaviors.length,
    target,
    userCount: catalog.userCount,
    wholeWindow: samples === 'targets',
  }
  const read = features(config, catalog)
  const denoise = denoising(config, modalities, behaviors.length)
  const extract = interests(config, modalities, behaviors.length)
  const free = head === 'free' ? parameter('item', [catalog.itemCount + 1, width + 1], normal()) : undefined
  const table = free ?? read.items()

  return {
    windows: {
      maxLength,
      stride: Math.min(stride, maxLength),
      targetWeights: behaviors.map((_, behavior) => (behavior === target ? 1 : config.auxiliaryTargets)),
      mergeBehaviors: false,
      onePerPosition: true,
      ...(samples === 'targets' && { onePerWindow: true }),
    },
    table: () => table,
    train(shape, noise) {
      const inputs = graphInputs(layout, shape) as Required<GraphInputs>
      const { targets, weights } = inputs
      const { streams, modality, behavior } = denoise(read.events(inputs.history, inputs.userIndex), inputs, noise)
      const { user, specific, common } = extract(streams, inputs, targetReading(inputs, noise))
      const main = crossEntropy({
        hidden: user,
        table,
        targets,
        weights,
        ...(!free && { targetRows: read.items(targets) }),
      })
      const contrasted = !config.withoutDisentanglement && !config.withoutExperts
      const compared = {
        reading: config.disentanglement,
        temperature,
        specific,
        common,
        modalities: modalities.length,
        weights,
      }
      const contrast = contrasted ? disentanglement(compared) : undefined
      return { inputs: byName(inputs), ...totalLoss(config, { main, contrast, modality, behavior }) }
    },
    serve(shape) {
      const inputs = graphInputs(layout, { ...shape, targets: 0 })
      const { streams, moved } = denoise(read.events(inputs.history, inputs.userIndex), inputs, noNoise)
      const { user, parts, gates } = extract(streams, inputs, servingReading(shape))
      return { inputs: byName(inputs), user, reasons: { parts, ...(gates && { gates }), ...(moved && { moved }) } }
    },
    fill: (windows, shape, buffers) => fillBatch(layout, windows, shape, buffers),
    explain: (_, items, reasons, scores) =>
      explainItems({ behaviors, modalities }, items, reasons['parts'] as Float32Array, scores),
  }
}

/** Eq. 25, and its parts; one that an ablation left out is 0. */
function totalLoss(
  config: M3bsrConfig,
  parts: Readonly<Record<'main' | 'contrast' | 'modality' | 'behavior', Tensor | undefined>>,
) {
  const lambdas = {
    main: 1,
    contrast: config.lambdaContrast,
    modality: config.lambdaModality,
    behavior: config.lambdaBehavior,
  }
  const terms = (Object.keys(lambdas) as (keyof typeof lambdas)[]).flatMap((name) =>
    parts[name] ? [mul(parts[name], lambdas[name])] : [],
  )
  return {
    loss: addAll(terms),
    parts: Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, part ?? scalar(0)])),
  }
}

/** Reads the places of a batch's targets. */
function targetReading({ places, placesInverse }: Required<GraphInputs>, noise: Noise): Reading {
  const flat = (x: Tensor): Tensor => reshape(x, [-1, x.shape.at(-1) as number])
  return {
    compact: (x) => selectRows(flat(x), places, placesInverse),
    flags: (x) => reshape(rowsOf(x, places), [-1, 1]),
    noise,
  }
}

/** Reads the one place a window has. */
function servingReading({ rows }: BatchShape): Reading {
  return { compact: (x) => reshape(x, [rows, -1]), flags: (x) => reshape(x, [-1, 1]), noise: noNoise }
}
