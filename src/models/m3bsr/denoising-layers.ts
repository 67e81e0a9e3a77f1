/**
 * @file The two denoising layers. An event's picture and text are denoised under its id (section 4.2.1), auxiliary
 * events under the target behavior (section 4.2.2).
 */
import { mlp } from '../../nn/mlp.ts'
import type { Noise } from '../../nn/noise.ts'
import { add, addAll, div, mul, sqrt, sub } from '../../tensor/elementwise.ts'
import { unsqueeze } from '../../tensor/move.ts'
import { scalar, type Tensor } from '../../tensor/node.ts'
import { sumSquares } from '../../tensor/reduce.ts'
import { type DenoiserConfig, denoiser } from './denoiser.ts'
import type { Visibility } from './visibility.ts'

/** Streams after a denoising. */
export interface DenoisedStreams {
  /** [B, L, D] for each modality. */
  readonly streams_BLD: readonly Tensor[]
  /** L_m or L_b, a scalar; only asked for in training. */
  readonly loss: () => Tensor
  /** What explains a served history. */
  readonly reasons: Readonly<Record<string, Tensor>>
}

/** A denoising of the streams of all modalities, the id first. */
export type DenoisingLayer<Sight = Visibility> = (
  streams_BLD: readonly Tensor[],
  sight: Sight,
  noise: Noise,
) => DenoisedStreams
/** What of the events' sight the denoising of modalities reads. */
export type OwnSight = Pick<Visibility, 'own_BLL' | 'eventWeight_BL'>

/** Replaces a denoising that is left out: nothing changes and nothing is lost. */
export const withoutDenoising: DenoisingLayer<unknown> = (streams_BLD) => ({
  streams_BLD,
  loss: () => scalar(0),
  reasons: {},
})

/**
 * Eq. 6-10: picture and text are denoised under the id, which is not changed (R-M6). The parameters are
 * `denoise.MODALITY.*`.
 */
export function modalityDenoising(
  [, ...modalities]: readonly string[],
  config: DenoiserConfig,
): DenoisingLayer<OwnSight> {
  const denoisers = modalities.map((modality) => denoiser(`denoise.${modality}`, config))
  return ([id, ...vectors], { own_BLL, eventWeight_BL }, noise) => {
    const condition = id as Tensor
    const denoised = denoisers.map((denoise, at) =>
      denoise({ clean: vectors[at] as Tensor, condition, bias: own_BLL, weights: eventWeight_BL, noise }),
    )
    return {
      streams_BLD: [condition, ...denoised.map(({ output }) => output)],
      loss: () => addAll(denoised.map(({ loss }) => loss())),
      reasons: {},
    }
  }
}

/**
 * An MLP in the place of each denoiser of a picture or text, which is led by nothing and has no loss of its own
 * (section 5.6); parameters `mlp.MODALITY.*`.
 */
export function modalityMlp([, ...modalities]: readonly string[], width: number): DenoisingLayer<unknown> {
  const layers = modalities.map((modality) => mlp(`mlp.${modality}`, [width, width, width]))
  return ([id, ...vectors], _, noise) => ({
    ...withoutDenoising([], undefined, noise),
    streams_BLD: [
      id as Tensor,
      ...vectors.map((vector_BLD, at) => (layers[at] as (typeof layers)[0])(vector_BLD, noise)),
    ],
  })
}

/**
 * Eq. 11-13: auxiliary events are denoised under target events. The parameters are `denoise.target.MODALITY.*`. The
 * reason `moved` [B, L] is how far each event was moved: the length of the change divided by the length of the denoised
 * vector, over all modalities.
 */
export function behaviorDenoising(modalities: readonly string[], config: DenoiserConfig): DenoisingLayer {
  const denoisers = modalities.map((modality) => denoiser(`denoise.target.${modality}`, config))
  return (streams_BLD, { condition_BLL, denoised_BL, denoisedWeight_BL }, noise) => {
    const denoised = denoisers.map((denoise, at) => {
      const clean = streams_BLD[at] as Tensor
      return denoise({ clean, condition: clean, bias: condition_BLL, weights: denoisedWeight_BL, noise })
    })
    // An event without a condition is not changed (R-M7).
    const only_BL1 = unsqueeze(denoised_BL, 2)
    const changes = denoised.map(({ output }, at) => mul(sub(output, streams_BLD[at] as Tensor), only_BL1))
    return {
      streams_BLD: streams_BLD.map((stream, at) => add(stream, changes[at] as Tensor)),
      loss: () => addAll(denoised.map(({ loss }) => loss())),
      reasons: { moved: sqrt(div(squares(changes), squares(denoised.map(({ output }) => output)))) },
    }
  }
}

/** The sum of the squared lengths of tensors [B, L, D]: [B, L]. */
const squares = (parts: readonly Tensor[]): Tensor => addAll(parts.map((part) => sumSquares(part)))
