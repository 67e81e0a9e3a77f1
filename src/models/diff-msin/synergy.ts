/** @file Synergistic relationship capture of Diff-MSIN (section 3.4): noise in, then T steps in which modalities take it away by looking at each other. */
import { normal } from '../../nn/init.ts'
import { mlp } from '../../nn/mlp.ts'
import { type Noise, noNoise } from '../../nn/noise.ts'
import { type Block, multiHeadAttention } from '../../nn/transformer-block.ts'
import { add, addAll, div, mul, relu, sub } from '../../tensor/elementwise.ts'
import { matmul } from '../../tensor/linear.ts'
import { concat, reshape, slice } from '../../tensor/move.ts'
import { constant, parameter, type Tensor } from '../../tensor/node.ts'
import { sum } from '../../tensor/reduce.ts'
import type { ByModality } from './enhancement.ts'

/** How the module is built. */
export interface SynergyConfig {
  readonly expertSize: number
  readonly steps: number
  readonly alphaStart: number
  readonly alphaEnd: number
  readonly heads: number
  /** R-D4: a state is a vector, or a sequence of L. */
  readonly states: 'pooled' | 'sequence'
}

/**
 * Constants of step t. States are kept scaled, u_t = h_t / sqrt(abar_t), which takes the division by sqrt(alpha_t) out of eq. 11:
 * u_{t-1} = u_t - pull / root * eps(root * u_t).
 */
interface Step {
  /** sqrt(abar_t) */
  readonly root: number
  /** (1 - alpha_t) / sqrt(1 - abar_t) */
  readonly pull: number
}

/** The steps 1 to T with alpha_t linear (R-D4). */
export function synergySteps(count: number, alphaStart: number, alphaEnd: number): readonly Step[] {
  let kept = 1
  return Array.from({ length: count }, (_, at) => {
    const alpha = count === 1 ? alphaStart : alphaStart + ((alphaEnd - alphaStart) * at) / (count - 1)
    kept *= alpha
    return { root: Math.sqrt(kept), pull: (1 - alpha) / Math.sqrt(1 - kept) }
  })
}

/** What a modality takes from another: parameters are named `synergy.TO.FROM.*`. */
interface Pair {
  readonly to: string
  readonly from: string
  readonly name: string
  /** alpha_mn, [1, 1] */
  readonly weight: Tensor
}

/** Scaled states at step T to those at step 0, one a modality. */
type Steps = (states: readonly Tensor[], mask_HL: Tensor) => Tensor

/**
 * E_syn [B, d_e] from the experts' vectors (eq. 10-12): `pooled` states are vectors [B, d_e], `sequence` states [B, L, d_e] that are averaged over events
 * in the end. Parameters `synergy.M.N.*` for what M takes from N, their weights `synergy.weights` (alpha_mn), and `synergy.join.*`.
 */
export function synergy(names: readonly string[], config: SynergyConfig) {
  const { expertSize: width, steps: count, alphaStart, alphaEnd, states } = config
  const steps = synergySteps(count, alphaStart, alphaEnd)
  const order = names.flatMap((to) =>
    names.filter((from) => from !== to).map((from) => ({ to, from, name: `synergy.${to}.${from}` })),
  )
  const weights = parameter('synergy.weights', [order.length, 1], (values) => void values.fill(1 / (names.length - 1)))
  const pairs = order.map((pair, at) => ({ ...pair, weight: slice(weights, 0, at, at + 1) }))
  const reverse =
    states === 'sequence' ? sequenceSteps(names, pairs, steps, config) : pooledSteps(names, pairs, steps, width)
  const join = mlp('synergy.join', [names.length * width, width, width])
  return (vectors: ByModality, mask_HL: Tensor, noise: Noise): Tensor => {
    const { root } = steps.at(-1) as Step
    const begun = names.map((name) => noisy(vectors.get(name) as Tensor, root, noise))
    return join(reverse(begun, mask_HL), noise)
  }
}

/**
 * One vector a modality: an attention's only key has weight 1 whatever the query, so CI is a linear map of what it looks at, a step is u - pull u A with
 * one matrix A of blocks alpha_mn W_mn for all of them, and T steps are the product of (I - pull_t A). No step touches the batch, and when serving the
 * product is computed once.
 */
function pooledSteps(names: readonly string[], pairs: readonly Pair[], steps: readonly Step[], width: number): Steps {
  const maps = new Map(
    pairs.map(({ name }) => [name, parameter(`${name}.weight`, [width, width], normal(1 / Math.sqrt(width)))]),
  )
  const size = names.length * width
  const nothing = constant(new Float32Array(width * width), [width, width])
  const identity = constant(
    Float32Array.from({ length: size * size }, (_, at) => (at % (size + 1) === 0 ? 1 : 0)),
    [size, size],
  )
  return (states) => {
    const block = (to: string, from: string): Tensor => {
      const pair = pairs.find((one) => one.to === to && one.from === from)
      return pair ? mul(maps.get(pair.name) as Tensor, pair.weight) : nothing
    }
    const rows = names.map((from) =>
      concat(
        names.map((to) => block(to, from)),
        1,
      ),
    )
    const taken = concat(rows, 0)
    const whole = steps.reduce(
      (product, { pull }) => addAll([product, matmul(product, taken, { scale: -pull })]),
      identity,
    )
    return matmul(concat(states, 1), whole)
  }
}

/** One vector an event: what a modality's events find among another's. */
function sequenceSteps(
  names: readonly string[],
  pairs: readonly Pair[],
  steps: readonly Step[],
  { expertSize: width, heads }: SynergyConfig,
): Steps {
  const interact = new Map(pairs.map(({ name }) => [name, multiHeadAttention(name, { width, heads, dropout: 0 })]))
  return (states, mask_HL) => {
    const bias = eventBias(mask_HL)
    let state = new Map(names.map((name, at) => [name, states[at] as Tensor]))
    for (const { root, pull } of steps.toReversed()) {
      const at = (name: string): Tensor => mul(state.get(name) as Tensor, root)
      const found = ({ to, from, name, weight }: Pair): Tensor => {
        const attend = interact.get(name) as Block
        return mul(attend({ query: at(to), memory: at(from), bias, noise: noNoise }), mul(weight, -pull / root))
      }
      state = new Map(
        names.map((name) => [
          name,
          addAll([state.get(name) as Tensor, ...pairs.filter(({ to }) => to === name).map(found)]),
        ]),
      )
    }
    return concat(
      names.map((name) => meanOfEvents(state.get(name) as Tensor, mask_HL)),
      1,
    )
  }
}

/** Eq. 10 carried to step T at once, scaled: h + sqrt((1 - abar) / abar) e; the noise is its mean, 0, when serving (R-M5). */
function noisy(h: Tensor, root: number, noise: Noise): Tensor {
  const added = noise.normal(h.shape)
  return added ? add(h, mul(added, Math.sqrt(1 - root * root) / root)) : h
}

/** 0 where there is an event and a large negative number where not, [H, 1, 1, L]. */
function eventBias(mask_HL: Tensor): Tensor {
  const [rows, length] = mask_HL.shape as [number, number]
  return reshape(mul(sub(1, mask_HL), -1e9), [rows, 1, 1, length])
}

/** The mean over the events there are, 0 where there is none: [B, L, D] -> [B, D]. */
function meanOfEvents(x: Tensor, mask_HL: Tensor): Tensor {
  const [rows, length] = mask_HL.shape as [number, number]
  const events = sum(mul(x, reshape(mask_HL, [rows, length, 1])), [1])
  const count = sum(mask_HL, [1], { keep: true })
  return div(events, add(relu(sub(count, 1)), constant(Float32Array.of(1), [1])))
}
