/**
 * @file What a picture or a text says that the id does not, by a generator and a discriminator: (1-4) and (8-10) of
 * GMMF, whose header has the equations.
 */
import { xavier, zeros } from '../../nn/init.ts'
import { linear } from '../../nn/linear.ts'
import { add, mul, neg, square, sub } from '../../tensor/elementwise.ts'
import { matmul } from '../../tensor/linear.ts'
import { concat } from '../../tensor/move.ts'
import { stopGradient, type Tensor } from '../../tensor/node.ts'
import { parameterAtRate } from '../parts/own-rate.ts'

/** How differences are made. */
export interface DifferenceConfig {
  /** D */
  readonly modalitySize: number
  readonly reconstruction: 'linear' | 'relu'
  readonly generator: 'gan' | 'regression' | 'none'
  readonly adversarialRate: number
}

/** What learns to predict a code from an id. */
interface CodeGenerator {
  /** (2): id [.., D] -> g [.., D]; its gradient reaches the id, and no parameter of the generator. */
  readonly generate: (id: Tensor) => Tensor
  /** (9-10) of each item, [..]; they move the discriminator's and the generator's parameters, each its own alone. */
  readonly losses: (id: Tensor, code: Tensor) => { readonly discriminator?: Tensor; readonly generator: Tensor }
}

/** What is made of some items. */
interface Difference {
  /** (4): n, [.., D] */
  readonly difference: Tensor
  /** Of each item, [..]: (8), and (9-10) where there is a generator. */
  readonly losses: () => {
    readonly reconstruction: Tensor
    readonly discriminator?: Tensor
    readonly generator?: Tensor
  }
}

/**
 * Takes id and vector of a modality m, [.., D] each; parameters `encoder.m.*`, `decoder.m.*`, and with a generator
 * `generator.m.N.*`, `discriminator.m.N.*` and `difference.m.*`.
 */
export function modalityDifference(
  modality: string,
  config: DifferenceConfig,
): (id: Tensor, vector: Tensor) => Difference {
  const { modalitySize: width } = config
  const encode = linear(`encoder.${modality}`, [width, width])
  const decode = linear(`decoder.${modality}`, [width, width])
  const generator = config.generator === 'none' ? undefined : codeGenerator(modality, config)
  const gate = generator && linear(`difference.${modality}`, [4 * width, width])
  return (id, vector) => {
    const encoded = encode(vector)
    const code = encoded.relu()
    const generated = generator?.generate(id)
    const differenceOf = (g: Tensor): Tensor => {
      const read = concat([code, g, mul(code, g), sub(code, g)], -1)
      return sub(code, mul((gate as NonNullable<typeof gate>)(read).sigmoid(), g))
    }
    return {
      difference: generated ? differenceOf(generated) : code,
      losses() {
        const decoded = decode(encoded)
        const rebuilt = config.reconstruction === 'relu' ? decoded.relu() : decoded
        const reconstruction = square(sub(rebuilt, stopGradient(vector))).mean([-1])
        return { reconstruction, ...generator?.losses(id, code) }
      },
    }
  }
}

/** (2-3), (9-10), or the generator alone with a squared error. */
export function codeGenerator(
  modality: string,
  { modalitySize: width, generator, adversarialRate: rate }: DifferenceConfig,
): CodeGenerator {
  const generate = twoLayers(`generator.${modality}`, [width, width, width], rate)
  if (generator === 'regression') {
    return {
      generate: generate.frozen,
      losses: (id, code) => ({ generator: square(sub(generate(stopGradient(id)), stopGradient(code))).mean([-1]) }),
    }
  }
  const judge = twoLayers(`discriminator.${modality}`, [4 * width, 2 * width, 1], rate)
  const pair = (id: Tensor, z: Tensor): Tensor => concat([id, sub(id, z), mul(id, z), z], -1)
  const column = (logits: Tensor): Tensor => logits.reshape(logits.shape.slice(0, -1))
  return {
    generate: generate.frozen,
    losses(id, code) {
      const known = stopGradient(id)
      const made = generate(known)
      const ofReal = column(judge(pair(known, stopGradient(code))))
      const ofMade = column(judge(pair(known, stopGradient(made))))
      return {
        discriminator: add(neg(ofReal).softplus(), ofMade.softplus()),
        generator: neg(column(judge.frozen(pair(known, made)))).softplus(),
      }
    },
  }
}

/** Two layers with ReLU between. */
interface TwoLayers {
  (x: Tensor): Tensor
  /** The same; gradients reach x alone. */
  readonly frozen: (x: Tensor) => Tensor
}

/** Layers that learn at a rate of their own; parameters `NAME.{0,1}.{weight,bias}`. */
function twoLayers(name: string, sizes: readonly [number, number, number], rate: number): TwoLayers {
  const layers = [0, 1].map((at) => {
    const [from, to] = [sizes[at] as number, sizes[at + 1] as number]
    const weight = parameterAtRate(`${name}.${at}.weight`, [from, to], { init: xavier(from, to), rate })
    return { weight, bias: parameterAtRate(`${name}.${at}.bias`, [to], { init: zeros, rate }) }
  })
  const through =
    (of: (learned: Tensor) => Tensor) =>
    (x: Tensor): Tensor =>
      layers.reduce((y, { weight, bias }, at) => add(matmul(at > 0 ? y.relu() : y, of(weight)), of(bias)), x)
  return Object.assign(
    through((learned) => learned),
    { frozen: through(stopGradient) },
  )
}
