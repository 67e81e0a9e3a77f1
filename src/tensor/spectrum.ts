/** @file The discrete Fourier transform: of complex pairs, and of real sequences by two products. */
import { Bug } from '../errors.ts'
import { mul, sub } from './elementwise.ts'
import { matmul } from './linear.ts'
import { constant, operation, type Tensor } from './operation.ts'
import { frontAxis } from './shape.ts'

/** How {@link dft} transforms. */
export interface DftOptions {
  /** The axis of time or frequency, -2 by default; never the last, which holds the pairs. */
  readonly axis?: number
  /** From frequencies back to times, divided by their number. */
  readonly inverse?: boolean
}

/** The discrete Fourier transform of complex x [.., L, .., 2], real and imaginary parts last -> the same shape. */
export function dft(x: Tensor, { axis = -2, inverse = false }: DftOptions = {}): Tensor {
  const along = frontAxis(axis, x.shape.length)
  if (x.shape.at(-1) !== 2 || along === x.shape.length - 1)
    throw new Bug(`dft along axis ${axis} of [${x.shape.join(', ')}], expected pairs in the last axis`)
  const length = x.shape[along] as number
  return operation('DFT', {
    attributes: { inverse: { int: inverse ? 1 : 0 } },
    // The runtime wants the axis as a scalar.
    inputs: [x, undefined, constant(BigInt64Array.of(BigInt(along)), [])],
    shape: x.shape,
    // The matrix is symmetric: its adjoint is the transform in the other direction, but for the factor.
    gradient: ([g]) => [g && mul(dft(g, { axis, inverse: !inverse }), inverse ? 1 / length : length)],
  })
}

/** The spectrum of a real sequence of length L: its first F = floor(L / 2) + 1 frequencies; the rest follow. */
export interface Spectrum {
  /** [.., F, D] */
  readonly real: Tensor
  /** [.., F, D] */
  readonly imaginary: Tensor
}

/** A matrix [F, L] over the angles 2 pi f t / L, orthonormal. */
function waves(length: number, wave: (angle: number, frequency: number) => number): Tensor {
  const frequencies = Math.floor(length / 2) + 1
  const values = Float32Array.from({ length: frequencies * length }, (_, at) => {
    const [frequency, time] = [Math.floor(at / length), at % length]
    return wave((2 * Math.PI * ((frequency * time) % length)) / length, frequency) / Math.sqrt(length)
  })
  return constant(values, [frequencies, length])
}

/** The orthonormal spectrum over time of x [.., L, D], by two products: up to L 50 they beat a fast transform. */
export function realSpectrum(x: Tensor): Spectrum {
  const length = x.shape[frontAxis(-2, x.shape.length)] as number
  return {
    real: matmul(waves(length, Math.cos), x),
    imaginary: matmul(
      waves(length, (angle) => -Math.sin(angle)),
      x,
    ),
  }
}

/** The real sequence [.., L, D] of an orthonormal spectrum [.., F, D]; `length` says whether L is even. */
export function fromRealSpectrum({ real, imaginary }: Spectrum, length: number): Tensor {
  // All but the frequencies 0 and L / 2 stand for two.
  const weight = (frequency: number): number => (frequency === 0 || 2 * frequency === length ? 1 : 2)
  const [cosines, sines] = [
    waves(length, (angle, frequency) => weight(frequency) * Math.cos(angle)),
    waves(length, (angle, frequency) => weight(frequency) * Math.sin(angle)),
  ]
  return sub(matmul(cosines, real, { transposeA: true }), matmul(sines, imaginary, { transposeA: true }))
}
