/**
 * @file Gated residual bottlenecks beside frozen encoders: IISAN's towers, one a modality and one across both. They
 * read what encoders say of an item at several depths, its taps, and nothing flows back into the encoders.
 */
import { normal, zeros } from '../../nn/init.ts'
import { type Layer, linear } from '../../nn/linear.ts'
import { parameter, type Tensor } from '../../tensor/node.ts'

/** How towers are made. */
export interface TowerConfig {
  /** T, how many taps an item has. */
  readonly taps: number
  /** Width of a bottleneck. */
  readonly adapterSize: number
  /** What gates are divided by before their sigmoid. */
  readonly gateTemperature: number
  /** How a tap meets what came before it: weighed against it, or added. */
  readonly gates: 'gated' | 'add'
}

/** Taps of items [.., W] each -> [.., D]. */
export type Tower = (taps: readonly Tensor[]) => Tensor
/** Taps of pictures and of texts, of one width -> [.., D]. */
export type JointTower = (image: readonly Tensor[], text: readonly Tensor[]) => Tensor

/** The weight of a tap: sigmoid(g / t), one half at first; parameter `NAME.gate` [1]. */
const gate = (name: string, { gateTemperature }: TowerConfig): Tensor =>
  parameter(`${name}.gate`, [1], zeros).div(gateTemperature).sigmoid()

/** x + ReLU(x W_down + b) W_up + b'; parameters `NAME.down.*` and `NAME.up.*`. */
function bottleneck(name: string, width: number, { adapterSize }: TowerConfig): Layer {
  const init = normal(0.01)
  const down = linear(`${name}.down`, [width, adapterSize], { init })
  const up = linear(`${name}.up`, [adapterSize, width], { init })
  return (x) => x.add(up(down(x).relu()))
}

/** The gates and bottlenecks of a tower's taps, and the two layers behind the last. */
function layersOf(name: string, width: number, to: number, config: TowerConfig) {
  const full = linear(`${name}.full`, [width, width])
  const out = linear(`${name}.out`, [width, to])
  const each = Array.from({ length: config.taps }, (_, tap) => ({
    tap,
    weight: gate(`${name}.tap${tap}`, config),
    adapt: bottleneck(`${name}.tap${tap}`, width, config),
  }))
  return { each, last: (x: Tensor): Tensor => out(full(x)) }
}

const other = (weight: Tensor): Tensor => weight.mul(-1).add(1)

/**
 * h_i = A_i(s_i a_i + (1 - s_i) h_{i-1}), from h_0 = 0, then two linear layers; parameters `NAME.tapI.{gate,down,up}`,
 * `NAME.full` [W, W] and `NAME.out` [W, D].
 */
export function tower(name: string, [width, to]: readonly [number, number], config: TowerConfig): Tower {
  const { each, last } = layersOf(name, width, to, config)
  return (taps) => {
    let state: Tensor | undefined
    for (const { tap, weight, adapt } of each) {
      const own = taps[tap] as Tensor
      if (config.gates === 'add') state = adapt(state ? own.add(state) : own)
      else state = adapt(state ? own.mul(weight).add(state.mul(other(weight))) : own.mul(weight))
    }
    return last(state as Tensor)
  }
}

/** h_i = A_i(h_{i-1} + s_i a_i + (1 - s_i) b_i), from h_0 = 0; parameters as those of {@link tower}. */
export function jointTower(name: string, [width, to]: readonly [number, number], config: TowerConfig): JointTower {
  const { each, last } = layersOf(name, width, to, config)
  return (image, text) => {
    let state: Tensor | undefined
    for (const { tap, weight, adapt } of each) {
      const mixed = (image[tap] as Tensor).mul(weight).add((text[tap] as Tensor).mul(other(weight)))
      state = adapt(state ? state.add(mixed) : mixed)
    }
    return last(state as Tensor)
  }
}
