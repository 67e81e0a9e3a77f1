/**
 * @file MLP-Mixers over a history: a feed-forward layer across places, then one across channels, each behind a
 * normalization and beside a residual path (Tolstikhin et al., 2021). A mixer has a weight for each place, so that it
 * needs no positions; padding is hidden from it, and a shorter batch reads the same numbers.
 */
import { normal, uniform, zeros } from '../../nn/init.ts'
import { layerNorm, linear } from '../../nn/linear.ts'
import type { Noise } from '../../nn/noise.ts'
import { gelu } from '../../tensor/elementwise.ts'
import { constant, parameter, type Tensor } from '../../tensor/node.ts'
import { dims } from '../../tensor/shape.ts'

/** The sizes of a mixer. */
export interface MixerConfig {
  readonly width: number
  /** L at most. */
  readonly maxLength: number
  /** Hidden units for each place, and for each channel. */
  readonly expansion: number
  readonly dropout: number
  /** Whether a place reads itself and those before it alone, as in TriMLP; all places can be read then. */
  readonly causal: boolean
  /** Whether each place reads the mean of all, in place of weights for each. */
  readonly meanOfPlaces: boolean
  readonly withoutChannels: boolean
}

/** Vectors of a history [B, L, D] to such, by its mask [B, L]. */
export type Mixer = (x_BLD: Tensor, mask_BL: Tensor, noise: Noise) => Tensor

/** Mixes places, then channels; parameters `NAME.tokens.{norm,in,out}` and `NAME.channels.{norm,in,out}`. */
export function mlpMixer(name: string, config: MixerConfig): Mixer {
  const { width, expansion, dropout, withoutChannels } = config
  const ofTokens = layerNorm(`${name}.tokens.norm`, width)
  const mixTokens = config.meanOfPlaces ? meanOfPlaces(config) : tokenMixing(`${name}.tokens`, config)
  const ofChannels = layerNorm(`${name}.channels.norm`, width)
  const inner = linear(`${name}.channels.in`, [width, expansion * width], { init: normal() })
  const outer = linear(`${name}.channels.out`, [expansion * width, width], { init: normal() })
  return (x_BLD, mask_BL, noise) => {
    const seen_BLD = ofTokens(x_BLD).mul(mask_BL.unsqueeze(-1))
    const mixed_BLD = x_BLD.add(mixTokens(seen_BLD, mask_BL, noise))
    if (withoutChannels) return mixed_BLD
    const hidden = noise.dropout(gelu(inner(ofChannels(mixed_BLD))), dropout)
    return mixed_BLD.add(noise.dropout(outer(hidden), dropout))
  }
}

/** As PyTorch begins a convolution over places. */
const byFan = (fan: number) => uniform(1 / Math.sqrt(fan))

/**
 * drop(gelu(x^T W_1 + b_1) W_2 + b_2)^T; parameters `NAME.in.weight` [L, E L], `NAME.in.bias`, `NAME.out.weight` [E L,
 * L] and `NAME.out.bias`. A batch of l places reads the first l rows and columns.
 */
function tokenMixing(name: string, { maxLength, expansion, dropout, causal }: MixerConfig): Mixer {
  const hidden = expansion * maxLength
  const inWeight = parameter(`${name}.in.weight`, [maxLength, hidden], byFan(maxLength))
  const inBias = parameter(`${name}.in.bias`, [hidden], zeros)
  const outWeight = parameter(`${name}.out.weight`, [hidden, maxLength], byFan(hidden))
  const outBias = parameter(`${name}.out.bias`, [maxLength], zeros)
  const placeOf = (unit: number): number => Math.floor(unit / expansion)
  const [into, out] = causal
    ? [
        inWeight.mul(matrix(maxLength, hidden, (place, unit) => (placeOf(unit) >= place ? 1 : 0))),
        outWeight.mul(matrix(hidden, maxLength, (unit, place) => (placeOf(unit) <= place ? 1 : 0))),
      ]
    : [inWeight, outWeight]
  return (x_BLD, _, noise) => {
    const [, length] = dims(x_BLD, 3)
    const inner_BDU = gelu(
      x_BLD
        .transpose([0, 2, 1])
        .matmul(into.slice(0, 0, length))
        .add(inBias),
    )
    const outer_BDL = noise
      .dropout(inner_BDU, dropout)
      .matmul(out.slice(1, 0, length))
      .add(outBias.slice(0, 0, length))
    return noise.dropout(outer_BDL, dropout).transpose([0, 2, 1])
  }
}

/** The mean of the places that a place sees: what is left of a history without its order. */
function meanOfPlaces({ causal }: MixerConfig): Mixer {
  return (x_BLD, mask_BL) => {
    const [, length] = dims(x_BLD, 3)
    if (!causal) {
      const seen_B1 = mask_BL.sum([1], { keep: true })
      return x_BLD.sum([1], { keep: true }).div(seen_B1.add(1e-9).unsqueeze(-1))
    }
    const sums = matrix(length, length, (from, to) => (from <= to ? 1 / (to + 1) : 0))
    return x_BLD.transpose([0, 2, 1]).matmul(sums).transpose([0, 2, 1])
  }
}

function matrix(rows: number, columns: number, valueAt: (row: number, column: number) => number): Tensor {
  const values = Float32Array.from({ length: rows * columns }, (_, at) =>
    valueAt(Math.floor(at / columns), at % columns),
  )
  return constant(values, [rows, columns])
}
