/** @file EBM's layers: histories are mixed as spectra, chunk by chunk, and a measure says how large their code is. */
import { normal, zeros } from '../../../nn/init.ts'
import { type Layer, layerNorm } from '../../../nn/linear.ts'
import type { Noise } from '../../../nn/noise.ts'
import { logDet } from '../../../tensor/matrix.ts'
import { concat } from '../../../tensor/move.ts'
import { constant, parameter, type Tensor } from '../../../tensor/node.ts'
import { dims } from '../../../tensor/shape.ts'
import { fromRealSpectrum, realSpectrum } from '../../../tensor/spectrum.ts'
import type { Config } from './config.ts'

/** The sizes of a layer. */
type LayerConfig = Pick<Config, 'hiddenSize' | 'chunks' | 'spectrum' | 'dropout'>

/** x [B, L, D] -> [B, L, D] */
export type EncoderLayer = (x_BLD: Tensor, noise: Noise) => Tensor

/** (2-5); parameters `NAME.{inner,outer}.{real,imaginary,bias}` and `NAME.norm.*`. */
export function encoderLayer(name: string, { hiddenSize, chunks, spectrum, dropout }: LayerConfig): EncoderLayer {
  const size = hiddenSize / chunks
  const [inner, outer] = [complexAffine(`${name}.inner`, chunks, size), complexAffine(`${name}.outer`, chunks, size)]
  const norm = layerNorm(`${name}.norm`, hiddenSize)
  return (x_BLD, noise) => {
    const [rows, length] = dims(x_BLD, 3)
    const chunked = x_BLD.reshape([rows, length, chunks, size]).transpose([2, 0, 1, 3])
    const { real, imaginary } = realSpectrum(chunked)
    const frequencies = real.shape[2] as number
    const read = spectrum === 'whole' ? imaginary : imaginary.mul(0)
    const pairs = concat([real, read], -1).reshape([chunks, rows * frequencies, 2 * size])
    const mixed = outer(inner(pairs).relu()).reshape([chunks, rows, frequencies, 2 * size])
    const [mixedReal, mixedImaginary] = mixed.split(-1, [size, size]) as [Tensor, Tensor]
    const back = fromRealSpectrum({ real: mixedReal, imaginary: mixedImaginary }, length)
    const back_BLD = back.transpose([1, 2, 0, 3]).reshape([rows, length, hiddenSize])
    return norm(x_BLD.add(noise.dropout(back_BLD, dropout)))
  }
}

/** Complex x W + b of each chunk, real parts before imaginary ones: x [k, N, 2c] -> [k, N, 2c]. */
function complexAffine(name: string, chunks: number, size: number): Layer {
  const [real, imaginary] = ['real', 'imaginary'].map((part) =>
    parameter(`${name}.${part}`, [chunks, size, size], normal()),
  ) as [Tensor, Tensor]
  const bias = parameter(`${name}.bias`, [chunks, 1, 2 * size], zeros)
  const weight = concat([concat([real, imaginary], 2), concat([imaginary.neg(), real], 2)], 1)
  return (x) => x.matmul(weight).add(bias)
}

/** (6) The mean over histories, by weights that add up to 1: z [B, L, D] -> a scalar. */
export function compactness(
  z_BLD: Tensor,
  weight_B: Tensor,
  { chunks, epsilon }: Pick<Config, 'chunks' | 'epsilon'>,
): Tensor {
  const [rows, length, width] = dims(z_BLD, 3)
  const size = width / chunks
  const z_BkLc = z_BLD.reshape([rows, length, chunks, size]).transpose([0, 2, 1, 3])
  const gram = z_BkLc.matmul(z_BkLc, { transposeA: true, scale: width / (length * epsilon * epsilon) })
  const identity = Float32Array.from({ length: size * size }, (_, at) => (at % (size + 1) === 0 ? 1 : 0))
  const code_B = logDet(gram.add(constant(identity, [size, size]))).sum([1])
  return code_B.mul(weight_B).sum().mul(0.5)
}
