/** @file The two denoising layers one after the other (sections 4.2.1 and 4.2.2): an event's modalities led by its id, then by the target behavior. */
import type { Modality } from '../../dataset/schema.ts'
import type { Noise } from '../../nn/noise.ts'
import { add, addAll, div, mul, sqrt, sub } from '../../tensor/elementwise.ts'
import { reshape } from '../../tensor/move.ts'
import type { Tensor } from '../../tensor/node.ts'
import { sumSquares } from '../../tensor/reduce.ts'
import type { M3bsrConfig } from './config.ts'
import { type Denoised, type DenoiserConfig, denoiser } from './denoiser.ts'
import type { GraphInputs } from './inputs.ts'

/** Streams after both denoisings, and what that cost. */
export interface Streams {
  /** [B, L, D] for each modality. */
  readonly streams: readonly Tensor[]
  /** L_m and L_b; undefined where there is none. */
  readonly modality: Tensor | undefined
  readonly behavior: Tensor | undefined
  /** [B, L]: how far the behavior denoising moved each event: the length of the change over that of what is left, all modalities together. */
  readonly moved: Tensor | undefined
}

/** Eq. 6-13; parameters `denoise.MODALITY.*` and `denoise.target.MODALITY.*`. The first modality is the id. */
export function denoising(config: M3bsrConfig, modalities: readonly Modality[], behaviors: number) {
  const { hiddenSize: width, modalitySteps, behaviorSteps, withoutModalityDenoising, withoutBehaviorDenoising } = config
  const pass = (name: string, steps: number) =>
    denoiser(name, { ...(config as Omit<DenoiserConfig, 'width' | 'steps'>), width, steps })
  const byId = withoutModalityDenoising ? [] : modalities.slice(1).map((name) => pass(`denoise.${name}`, modalitySteps))
  const alone = behaviors === 1
  const byTarget =
    withoutBehaviorDenoising || alone ? [] : modalities.map((name) => pass(`denoise.target.${name}`, behaviorSteps))

  return ([id, ...frozen]: readonly Tensor[], inputs: GraphInputs, noise: Noise): Streams => {
    const condition = id as Tensor
    const cleaned = byId.map((denoise, index) =>
      denoise({ clean: frozen[index] as Tensor, condition, bias: inputs.own, weights: inputs.eventWeights, noise }),
    )
    const streams = [condition, ...frozen.map((stream, index) => cleaned[index]?.output ?? stream)]
    const led = byTarget.map((denoise, index) => {
      const clean = streams[index] as Tensor
      return denoise({ clean, condition: clean, bias: inputs.condition, weights: inputs.denoisedWeights, noise })
    })
    // Events that nothing may denoise pass unchanged (R-M7).
    const only = reshape(inputs.denoised, [...inputs.denoised.shape, 1])
    const changes = led.map(({ output }, index) => mul(sub(output, streams[index] as Tensor), only))
    return {
      streams: streams.map((stream, index) => (changes[index] ? add(stream, changes[index]) : stream)),
      modality: totalLoss(cleaned),
      behavior: totalLoss(led),
      moved: changes.length > 0 ? sqrt(div(lengths(changes), lengths(led.map(({ output }) => output)))) : undefined,
    }
  }
}

/** Squared lengths of [B, L, D] tensors, summed over them: [B, L]. */
const lengths = (parts: readonly Tensor[]): Tensor => addAll(parts.map((part) => sumSquares(part)))

function totalLoss(passes: readonly Denoised[]): Tensor | undefined {
  const losses = passes.flatMap(({ loss }) => (loss ? [loss] : []))
  return losses.length > 0 ? addAll(losses) : undefined
}
