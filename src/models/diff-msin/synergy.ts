/**
 * @file Synergistic relationship capture of Diff-MSIN (section 3.4): noise in, then T steps in which modalities take it
 * away by looking at each other.
 */
import { normal } from '../../nn/init.ts'
import { type Affine, affineAfter, linear } from '../../nn/linear.ts'
import { type Noise, noNoise } from '../../nn/noise.ts'
import { multiHeadAttention } from '../../nn/transformer-block.ts'
import { addAll, mul } from '../../tensor/elementwise.ts'
import { concat } from '../../tensor/move.ts'
import { constant, parameter, type Tensor } from '../../tensor/node.ts'
import { dims } from '../../tensor/shape.ts'
import { maskBias } from '../parts/attention-bias.ts'
import { type DiffusionStep, diffusionSteps, linearSteps } from '../parts/diffusion-schedule.ts'
import type { DiffMsinConfig } from './config.ts'
import { synergyLoss } from './synergy-loss.ts'
import { type Contribution, noLosses, type Vectors, vectorOf } from './vectors.ts'

/** What the synergy reads. */
export interface SynergyInputs {
  /** What each modality begins with: [B, d_e], or [B, L, d_e] where states are sequences. */
  readonly states: Vectors
  /** All that is known of the candidate, [B, ..] each. */
  readonly candidate: readonly Tensor[]
  readonly mask_HL: Tensor
}

/** The synergy, or what stands in for it. */
export interface Synergy {
  /** What it makes for the fusion. */
  readonly parts: readonly string[]
  capture(inputs: SynergyInputs, noise: Noise): Contribution
}

/** Stands in for a synergy that is left out: nothing. */
export const noSynergy: Synergy = { parts: [], capture: () => ({ vectors: new Map(), losses: noLosses }) }

/** How the synergy is built. */
export type SynergyConfig = Pick<
  DiffMsinConfig,
  'expertSize' | 'steps' | 'alphaStart' | 'alphaEnd' | 'fusionHeads' | 'states' | 'w2' | 'margin' | 'printedSynergyLoss'
>

/** What a modality takes from another: parameters are named `synergy.TO.FROM.*`. */
interface Pair {
  readonly to: string
  readonly from: string
  readonly name: string
  /** alpha_mn, [1, 1] */
  readonly weight: Tensor
}

/** What the steps read. */
interface StepInputs {
  /** States at step T, scaled by 1 / sqrt(abar_t), one a modality. */
  readonly states: readonly Tensor[]
  readonly mask_HL: Tensor
  /** What comes next: it reads what is left of the states at step 0 side by side, [B, modalities * d_e]. */
  readonly after: Affine
  readonly training: boolean
}

/** Takes the states to step 0 and on through `after`: [B, d_e]. */
type Steps = (inputs: StepInputs) => Tensor

/**
 * E_syn [B, d_e] from the experts' vectors (eq. 10-12), and the loss that draws it to the candidate (eq. 13). Sequences
 * are averaged over events in the end. Parameters `synergy.M.N.*` for what M takes from N, their weights
 * `synergy.weights` (alpha_mn), `synergy.join.*` and `synergy.target.*`.
 * @param names of the modalities, the id first; @param candidateWidth width of all that is known of a candidate
 */
export function synergy(names: readonly string[], candidateWidth: number, config: SynergyConfig): Synergy {
  const { expertSize: width, steps: count, alphaStart, alphaEnd, w2 } = config
  // alpha_t is linear in t (R-D4).
  const steps = diffusionSteps(linearSteps(count, alphaStart, alphaEnd))
  const pairs = pairsOf(names)
  const reverse =
    config.states === 'sequence' ? sequenceSteps(names, pairs, steps, config) : pooledSteps(names, pairs, steps, width)
  const toHidden = linear('synergy.join.0', [names.length * width, width])
  const toJoined = linear('synergy.join.1', [width, width])
  const lossOf = synergyLoss(candidateWidth, config)
  const [last] = steps.slice(-1) as [DiffusionStep]
  return {
    parts: ['synergy'],
    capture({ states, candidate, mask_HL }, noise) {
      const begun = names.map((name) => noisy(vectorOf(states, name), last, noise))
      const hidden = reverse({ states: begun, mask_HL, after: toHidden, training: noise.training })
      const joined = toJoined(hidden.relu())
      return {
        vectors: new Map([['synergy', joined]]),
        losses: ({ label_B, weight_B }) => ({
          synergy: { weight: w2, value: lossOf({ joined, candidate, label_B, weight_B }) },
        }),
      }
    },
  }
}

/** Every modality with every other one; at first all weigh the same. */
function pairsOf(names: readonly string[]): readonly Pair[] {
  const order = names.flatMap((to) => names.filter((from) => from !== to).map((from) => ({ to, from })))
  const weights = parameter('synergy.weights', [order.length, 1], (values) => void values.fill(1 / (names.length - 1)))
  return order.map(({ to, from }, at) => ({
    to,
    from,
    name: `synergy.${to}.${from}`,
    weight: weights.slice(0, at, at + 1),
  }))
}

/**
 * One vector a modality. An attention's only key has weight 1 whatever the query, so CI is a linear map of what it
 * looks at. A step is then u - pull u A with one matrix A of blocks alpha_mn W_mn for all of them, and T steps are the
 * product of (I - pull_t A). No step touches the batch, and when serving the product is computed once.
 */
function pooledSteps(
  names: readonly string[],
  pairs: readonly Pair[],
  steps: readonly DiffusionStep[],
  width: number,
): Steps {
  const maps = new Map(
    pairs.map((pair) => {
      const map = parameter(`${pair.name}.weight`, [width, width], normal(1 / Math.sqrt(width)))
      return [pair.name, { map, weight: pair.weight }]
    }),
  )
  const size = names.length * width
  const nothing = constant(new Float32Array(width * width), [width, width])
  const identity = constant(
    Float32Array.from({ length: size * size }, (_, at) => (at % (size + 1) === 0 ? 1 : 0)),
    [size, size],
  )
  return ({ states, after, training }) => {
    const block = (to: string, from: string): Tensor => {
      const pair = maps.get(`synergy.${to}.${from}`)
      return pair ? mul(pair.map, pair.weight) : nothing
    }
    const rows = names.map((from) =>
      concat(
        names.map((to) => block(to, from)),
        1,
      ),
    )
    const taken = concat(rows, 0)
    const whole = steps.reduce<Tensor>(
      (product, { pull }) => addAll([product, product.matmul(taken, { scale: -pull })]),
      identity,
    )
    const begun = concat(states, 1)
    // When serving, all steps and what comes next are one matrix, made once.
    return training ? after(begun.matmul(whole)) : affineAfter(whole, after)(begun)
  }
}

/** One vector an event: what a modality's events find among another's. */
function sequenceSteps(
  names: readonly string[],
  pairs: readonly Pair[],
  steps: readonly DiffusionStep[],
  { expertSize: width, fusionHeads: heads }: SynergyConfig,
): Steps {
  const interactions = pairs.map((pair) => ({
    ...pair,
    attend: multiHeadAttention(pair.name, { width, heads, dropout: 0 }),
  }))
  return ({ states, mask_HL, after }) => {
    const bias = eventBias(mask_HL)
    const begun: Vectors = new Map(names.map((name, at) => [name, states[at] as Tensor]))
    const ended = steps.toReversed().reduce<Vectors>((state, { root, scaledPull }) => {
      const at = (name: string): Tensor => mul(vectorOf(state, name), root)
      const found = ({ to, from, weight, attend }: (typeof interactions)[number]): Tensor =>
        mul(attend({ query: at(to), memory: at(from), bias, noise: noNoise }), mul(weight, -scaledPull))
      return new Map(
        names.map((name) => [
          name,
          addAll([vectorOf(state, name), ...interactions.filter(({ to }) => to === name).map(found)]),
        ]),
      )
    }, begun)
    return after(
      concat(
        names.map((name) => meanOfEvents(vectorOf(ended, name), mask_HL)),
        1,
      ),
    )
  }
}

/**
 * Eq. 10 carried to step T at once, scaled: h + sqrt((1 - abar) / abar) e; the noise is its mean, 0, when serving
 * (R-M5).
 */
function noisy(h: Tensor, { spread }: DiffusionStep, noise: Noise): Tensor {
  const added = noise.normal(h.shape)
  return added ? h.add(mul(added, spread)) : h
}

/** 0 where there is an event and a large negative number where not, [H, 1, 1, L]. */
function eventBias(mask_HL: Tensor): Tensor {
  const [histories, length] = dims(mask_HL, 2)
  return maskBias(mask_HL).reshape([histories, 1, 1, length])
}

/** The mean over the events there are, 0 where there is none: [B, L, D] -> [B, D]. */
function meanOfEvents(x: Tensor, mask_HL: Tensor): Tensor {
  const events = mul(x, mask_HL.unsqueeze(2)).sum([1])
  const count = mask_HL.sum([1], { keep: true })
  return events.div(
    count
      .sub(1)
      .relu()
      .add(constant(Float32Array.of(1), [1])),
  )
}
