/**
 * @file Conditional diffusion denoising, eq. 6-13: noise is added, then T reverse steps, led by a condition, remove it.
 * The attention has one head and no biases, so its projections are applied to the condition once, for all steps:
 * eps_t = softmax(h_t K^T + bias) V with K = c W_k W_q^T / sqrt(d) and V = c W_v W_o.
 */
import { normal, xavier, zeros } from '../../nn/init.ts'
import { type Noise, noNoise } from '../../nn/noise.ts'
import { attention } from '../../tensor/attention.ts'
import { add, addAll, div, mul, neg, sqrt, square } from '../../tensor/elementwise.ts'
import { matmul } from '../../tensor/linear.ts'
import { slice, unsqueeze } from '../../tensor/move.ts'
import { parameter, scalar, stopGradient, type Tensor } from '../../tensor/node.ts'
import { sum, sumSquares } from '../../tensor/reduce.ts'
import { type DiffusionStep, diffusionSteps, linearSteps, noiseless } from '../parts/diffusion-schedule.ts'

/** How a denoiser is built. */
export interface DenoiserConfig {
  readonly width: number
  readonly steps: number
  readonly betaStart: number
  readonly betaEnd: number
  readonly reconstruction: 'posterior' | 'literal'
  readonly timeEmbedding: boolean
  readonly stateTerm: boolean
  /** How it learns; see the option of this name. */
  readonly denoisers: 'apart' | 'inline'
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

/** What a denoiser gives. */
export interface Denoised {
  /** h_0 again [B, L, D]. */
  readonly output: Tensor
  /** The reconstruction loss, a scalar: weighted over positions, mean over features and steps. */
  readonly loss: () => Tensor
}

/** A pass over inputs; `size_BL` is what the noise of each vector is as large as, 1 by default. */
type Pass = (inputs: DenoiserInputs, size_BL?: Tensor) => Denoised

/** The steps of a denoiser, from step 0, and those whose states its loss compares. */
function scheduleOf({ steps, betaStart, betaEnd, reconstruction }: Omit<DenoiserConfig, 'width'>) {
  const alphas = linearSteps(steps, betaStart, betaEnd).map((beta) => 1 - beta)
  // As printed, the sum ends at t = 1, and its first term, at t = T, compares the noisy state with itself.
  const lastCompared = reconstruction === 'literal' ? 1 : 0
  return {
    schedule: [noiseless, ...diffusionSteps(alphas)],
    compared: Array.from({ length: steps - lastCompared }, (_, at) => steps - 1 - at),
  }
}

/** What the reconstruction loss comes to where the noisy state is left as it is, for noise of variance 1. */
export function idleCost(config: Omit<DenoiserConfig, 'width'>): number {
  const { schedule, compared } = scheduleOf(config)
  const { spread: added } = schedule[config.steps] as DiffusionStep
  const costs = compared.map((t) => {
    const { root, spread } = schedule[t] as DiffusionStep
    return (root * (added - spread)) ** 2
  })
  return costs.reduce((sum, cost) => sum + cost, 0) / config.steps
}

/**
 * A denoiser, which learns inline or apart; parameters `NAME.{query,key,value,output}` [D, D] and, where asked for,
 * `NAME.time` [T, D] and `NAME.state` [D, D].
 */
export function denoiser(name: string, config: DenoiserConfig): (inputs: DenoiserInputs) => Denoised {
  const pass = denoisingPass(name, config)
  if (config.denoisers !== 'apart') return (inputs) => pass(inputs)
  return (inputs) => {
    const { output } = pass({ ...inputs, noise: noNoise })
    return { output, loss: () => lossApart(pass, inputs) }
  }
}

/** The reconstruction loss of vectors that it does not train, with noise in proportion to each. */
function lossApart(pass: Pass, inputs: DenoiserInputs): Tensor {
  const [clean, condition] = [stopGradient(inputs.clean), stopGradient(inputs.condition)]
  const meanSquare_BL = mul(sumSquares(clean), 1 / (clean.shape[2] as number))
  // The pad's vector may be 0.
  return pass({ ...inputs, clean, condition }, sqrt(add(meanSquare_BL, 1e-6))).loss()
}

function denoisingPass(name: string, config: DenoiserConfig): Pass {
  const { width, steps } = config
  const { schedule, compared } = scheduleOf(config)
  const step = (t: number): DiffusionStep => schedule[t] as DiffusionStep
  const matrix = (part: string, init = xavier(width, width)) => parameter(`${name}.${part}`, [width, width], init)
  const [query, key, value] = [matrix('query'), matrix('key'), matrix('value')]
  const output = matrix('output', normal())
  const own = config.stateTerm ? matrix('state', zeros) : undefined
  const times = config.timeEmbedding ? parameter(`${name}.time`, [steps, width], normal()) : undefined

  return ({ clean, condition, bias, weights, noise }, size_BL) => {
    const keys_BLD = matmul(condition, matmul(key, query, { transposeB: true, scale: 1 / Math.sqrt(width) }))
    const values_BLD = matmul(condition, matmul(value, output))
    const unit_BLD = noise.normal(clean.shape)
    const added_BLD = unit_BLD && size_BL ? mul(unit_BLD, unsqueeze(size_BL, 2)) : unit_BLD
    // An error counts as a share of its vector: a small one is denoised as well as a large one.
    const weights_BL = size_BL ? div(weights, square(size_BL)) : weights
    /** The noise of the forward state at t, none when serving (R-M5). */
    const noiseAt = (t: number, scale = 1): Tensor[] =>
      added_BLD && step(t).spread > 0 ? [mul(added_BLD, scale * step(t).spread)] : []

    /** Eq. 8 and 9, scaled: u_{t-1} from u_t. */
    function reverse(state_BLD: Tensor, t: number): Tensor {
      const { root, scaledPull } = step(t)
      const asked = times ? add(state_BLD, mul(slice(times, 0, t - 1, t), 1 / root)) : state_BLD
      const { output: change } = attention({
        query: asked,
        key: keys_BLD,
        value: values_BLD,
        bias,
        scale: root,
        outputScale: -scaledPull,
      })
      return addAll([state_BLD, change, ...(own ? [matmul(state_BLD, own, { scale: -scaledPull * root })] : [])])
    }

    /** The denoised state at t less the forward state at t (R-M8), both scaled as u_t. */
    const errorAt = (denoised: Tensor, t: number): Tensor => addAll([denoised, minusClean, ...noiseAt(t, -1)])

    /** The part of the loss that the state at t adds. */
    function lossAt(denoised: Tensor, t: number): Tensor {
      const { root } = step(t)
      const share = (root * root) / (steps * width)
      return mul(sum(mul(sumSquares(errorAt(denoised, t)), weights_BL)), share)
    }

    const minusClean = neg(clean)
    /** u_T, u_{T-1}, .. u_0. */
    const states = [noiseAt(steps).reduce(add, clean)]
    for (let t = steps; t >= 1; t--) states.push(reverse(states.at(-1) as Tensor, t))
    return {
      output: states.at(-1) as Tensor,
      loss: () =>
        compared.length === 0 ? scalar(0) : addAll(compared.map((t) => lossAt(states[steps - t] as Tensor, t))),
    }
  }
}
