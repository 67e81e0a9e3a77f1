/**
 * @file What an item's modalities say each by itself and all alike, kept apart by two discriminators: (1-9) of MARN,
 * whose header has the equations.
 */
import { linear } from '../../nn/linear.ts'
import { mlp } from '../../nn/mlp.ts'
import { noNoise } from '../../nn/noise.ts'
import { crossEntropyOf } from '../../tensor/cross-entropy.ts'
import { reverseGradient } from '../../tensor/custom-gradient.ts'
import { add, addAll, mul, sub } from '../../tensor/elementwise.ts'
import { concat } from '../../tensor/move.ts'
import { integers, stopGradient, type Tensor } from '../../tensor/node.ts'
import type { Losses } from '../contract/model.ts'

/** How modalities are split. */
export interface SplitConfig {
  /** D */
  readonly modalitySize: number
  readonly splitActivation: 'none' | 'relu'
  readonly weights: 'item' | 'plain'
  readonly sharedPool: 'max' | 'mean'
  readonly specific: 'shared' | 'own' | 'none'
  readonly discriminatorSize: number
  readonly adversarialWeight: number
}

/** The parts of some items, one tensor for each of M modalities. */
export interface SplitParts {
  /** s, [.., D] each */
  readonly privates: readonly Tensor[]
  /** c, [.., D] each */
  readonly shared: readonly Tensor[]
  /** w, [.., 1] each; without gradient */
  readonly weights: readonly Tensor[]
  /** w c, [.., D] each */
  readonly weighted: readonly Tensor[]
}

/** Which parts of some items are told from each other. */
interface Judged {
  /** Weights of the items, [B]. */
  readonly weight_B: Tensor
  /** For each modality 1 where an item has it, [B]; undefined where all do. */
  readonly present: readonly (Tensor | undefined)[]
}

/** Splits items, and trains what splits them. */
export interface ModalitySplit {
  /** (1-2), (5-6): vectors of M modalities, [.., D] each. */
  parts(vectors: readonly Tensor[]): SplitParts
  /** (3), (7), (10): both parts of an item in one vector, [.., D]. */
  join(parts: SplitParts): Tensor
  /** (14-17) of the candidates' parts, [B, D] each; none of a single modality. */
  losses(parts: SplitParts, judged: Judged): Losses
}

/** A weight that is never 0 when divided by a mean of such weights. */
const least = 1e-4

/**
 * Splits modalities by their names; parameters `private.MODALITY.*`, `gate.MODALITY.*`, `shared.*`, and of several
 * modalities `weigher.N.*`, `discriminator.N.*` and, with `specific: 'own'`, `privateDiscriminator.N.*`.
 */
export function modalitySplit(names: readonly string[], config: SplitConfig): ModalitySplit {
  const { modalitySize: width, splitActivation, sharedPool } = config
  const square = [width, width] as const
  const own = names.map((name) => ({
    split: linear(`private.${name}`, square),
    gate: linear(`gate.${name}`, square),
  }))
  const common = linear('shared', square)
  const activated = (x: Tensor): Tensor => (splitActivation === 'relu' ? x.relu() : x)
  const several = names.length > 1 ? discriminators(names.length, config) : undefined
  return {
    parts(vectors) {
      const privates = vectors.map((x, at) => activated((own[at] as (typeof own)[0]).split(x)))
      const shared = vectors.map((x) => activated(common(x)))
      if (!several) return { privates, shared, weights: [], weighted: shared }
      const weights = several.weights(shared)
      return { privates, shared, weights, weighted: shared.map((c, at) => mul(weights[at] as Tensor, c)) }
    },
    join({ privates, weighted }) {
      const gated = privates.map((s, at) => mul((own[at] as (typeof own)[0]).gate(s).tanh(), s))
      const pooled =
        sharedPool === 'max'
          ? weighted.reduce((a, b) => add(a, sub(b, a).relu()))
          : mul(addAll(weighted), 1 / names.length)
      return add(addAll(gated), pooled)
    },
    losses: (parts, judged) => several?.losses(parts, judged) ?? {},
  }
}

/** The networks that tell modalities from each other: [.., D] -> [.., M]. */
function discriminators(
  modalities: number,
  { modalitySize, discriminatorSize, weights: kind, specific, adversarialWeight }: SplitConfig,
): {
  weights(shared: readonly Tensor[]): readonly Tensor[]
  losses(parts: SplitParts, judged: Judged): Losses
} {
  const network = (name: string): ((x: Tensor) => Tensor) => {
    const layers = mlp(name, [modalitySize, discriminatorSize, modalities])
    return (x) => layers(x, noNoise)
  }
  const weigher = network('weigher')
  const discriminator = network('discriminator')
  const ofPrivates = specific === 'own' ? network('privateDiscriminator') : discriminator
  return {
    weights(shared) {
      const plain = shared.map((c, at) =>
        sub(
          1,
          weigher(stopGradient(c))
            .softmax()
            .slice(-1, at, at + 1),
        ),
      )
      const weights = kind === 'plain' ? plain : besideMean(plain)
      return weights.map((w) => stopGradient(w))
    },
    losses({ privates, shared, weighted }, judged) {
      const told = (by: (x: Tensor) => Tensor, parts: readonly Tensor[]): Tensor => toldApart(by, parts, judged)
      const weighing = { weight: 1, value: told(weigher, shared.map(stopGradient)) }
      if (adversarialWeight === 0) return { weighing }
      const weight = adversarialWeight
      const fooled = told(
        discriminator,
        weighted.map((x) => reverseGradient(x)),
      )
      return {
        weighing,
        shared: { weight, value: fooled },
        ...(specific !== 'none' && { private: { weight, value: told(ofPrivates, privates) } }),
      }
    },
  }
}

/** Each over the mean of all, [.., 1] each: an item's weights average 1. */
function besideMean(weights: readonly Tensor[]): readonly Tensor[] {
  const above = weights.map((w) => add(w, least))
  const mean = mul(addAll(above), 1 / weights.length)
  return above.map((w) => w.div(mean))
}

/** The cross-entropy of which modality each part is of, the mean over modalities and, by weight, over items. */
function toldApart(by: (x: Tensor) => Tensor, parts: readonly Tensor[], { weight_B, present }: Judged): Tensor {
  const rows = weight_B.shape[0] as number
  const weights = parts.map((_, at) => {
    const has = present[at]
    return mul(has ? mul(weight_B, has) : weight_B, 1 / parts.length)
  })
  const modalities = integers(Array.from({ length: parts.length * rows }, (_, at) => Math.floor(at / rows)))
  return crossEntropyOf(by(concat(parts, 0)), modalities, concat(weights, 0))
}
