/**
 * @file Conditional diffusion denoising, eq. 6-13: noise in, then T reverse steps led by a condition.
 * One head and no biases, so the projections fold into the condition once: eps_t = softmax(h_t K^T + bias) V with
 * K = c W_k W_q^T / sqrt(d) and V = c W_v W_o, and a reverse step is two products, a softmax and two sums.
 */
import { normal, xavier, zeros } from '../../nn/init.ts'
import type { Noise } from '../../nn/noise.ts'
import { attention } from '../../tensor/attention.ts'
import { add, addAll, mul, neg } from '../../tensor/elementwise.ts'
import { matmul } from '../../tensor/linear.ts'
import { slice } from '../../tensor/move.ts'
import { parameter, type Tensor } from '../../tensor/node.ts'
import { sum, sumSquares } from '../../tensor/reduce.ts'
import { type DiffusionStep, diffusionSteps } from './schedule.ts'

/** How a denoiser is built. */
export interface DenoiserConfig {
  readonly width: number
  readonly steps: number
  readonly betaStart: number
  readonly betaEnd: number
  readonly reconstruction: 'posterior' | 'literal'
  readonly timeEmbedding: boolean
  readonly stateTerm: boolean
}

/** What one pass reads. */
export interface DenoiserInputs {
  /** h_0 [B, L, D] */
  readonly clean: Tensor
  /** c [B, L, D] */
  readonly condition: Tensor
  /** [B, L, L], added to the scores: which positions of the condition a position may read. */
  readonly bias: Tensor
  /** [B, L]: weight of each position in the reconstruction loss; adds up to 1. */
  readonly weights: Tensor
  readonly noise: Noise
}

/** The denoised h_0 [B, L, D], and the reconstruction loss: weighted over positions, mean over features and steps (undefined when serving). */
export interface Denoised {
  readonly output: Tensor
  readonly loss: Tensor | undefined
}

/** A denoiser; parameters `NAME.{query,key,value,output}` [D, D] and, where asked for, `NAME.time` [T, D] and `NAME.state` [D, D]. */
export function denoiser(name: string, config: DenoiserConfig): (inputs: DenoiserInputs) => Denoised {
  const { width, timeEmbedding } = config
  const schedule = diffusionSteps(config.steps, config.betaStart, config.betaEnd)
  const square = (part: string, init = xavier(width, width)) => parameter(`${name}.${part}`, [width, width], init)
  const [query, key, value] = [square('query'), square('key'), square('value')]
  const output = square('output', normal())
  const own = config.stateTerm ? square('state', zeros) : undefined
  const times = timeEmbedding ? parameter(`${name}.time`, [config.steps, width], normal()) : undefined

  return ({ clean, condition, bias, weights, noise }) => {
    const keys_BLD = matmul(condition, matmul(key, query, { transposeB: true, scale: 1 / Math.sqrt(width) }))
    const values_BLD = matmul(condition, matmul(value, output))
    const added_BLD = noise.normal(clean.shape)
    const noisy = ({ spread }: DiffusionStep): Tensor =>
      added_BLD && spread > 0 ? add(clean, mul(added_BLD, spread)) : clean
    const minusClean = neg(clean)
    const losses: Tensor[] = []
    let state_BLD = noisy(schedule.at(-1) as DiffusionStep)
    for (let t = config.steps; t >= 1; t--) {
      const [at, before] = [schedule[t], schedule[t - 1]] as [DiffusionStep, DiffusionStep]
      const asked = times ? add(state_BLD, mul(slice(times, 0, t - 1, t), 1 / at.root)) : state_BLD
      const { output: change } = attention({
        query: asked,
        key: keys_BLD,
        value: values_BLD,
        bias,
        scale: at.root,
        outputScale: -at.pull,
      })
      const changes = own ? [change, matmul(state_BLD, own, { scale: -at.pull * at.root })] : [change]
      state_BLD = addAll([state_BLD, ...changes])
      if (noise.training) {
        const share = (before.root * before.root) / (config.steps * width)
        losses.push(mul(sum(mul(sumSquares(errorAfter(state_BLD, at, before)), weights)), share))
      }
    }
    return { output: state_BLD, loss: losses.length > 0 ? addAll(losses) : undefined }

    /** The denoised state minus what it is compared with (R-M8), both scaled as the state at t - 1. */
    function errorAfter(denoised: Tensor, at: DiffusionStep, before: DiffusionStep): Tensor {
      const literal = config.reconstruction === 'literal'
      const [against, scale] = literal ? [at, -at.root / before.root] : [before, -1]
      const less = literal ? mul(clean, scale) : minusClean
      const terms = [
        denoised,
        less,
        ...(added_BLD && against.spread > 0 ? [mul(added_BLD, scale * against.spread)] : []),
      ]
      return addAll(terms)
    }
  }
}
