/** @file Operators on square matrices. */
import { Bug } from '../errors.ts'
import { add, log, mul, sub } from './elementwise.ts'
import { matmul } from './linear.ts'
import { slice, transpose } from './move.ts'
import { operation, type Shape, type Tensor, withGradient } from './operation.ts'
import { reshape } from './primitives.ts'

/** The leading sizes of matrices that must be square. */
function leading(x: Tensor, name: string): Shape {
  if (x.shape.length < 2 || x.shape.at(-1) !== x.shape.at(-2))
    throw new Bug(`${name} of [${x.shape.join(', ')}], which is not square`)
  return x.shape.slice(0, -2)
}

/** The determinant of each matrix: x [.., n, n] -> [..]; its gradient needs the inverse. */
export function det(x: Tensor): Tensor {
  const lead = leading(x, 'det')
  const y: Tensor = operation('Det', {
    inputs: [x],
    shape: lead,
    gradient: ([g]) => [g && mul(transpose(inverse(x)), reshape(mul(g, y), [...lead, 1, 1]))],
  })
  return y
}

/** The inverse of each matrix: x [.., n, n] -> [.., n, n]. */
export function inverse(x: Tensor): Tensor {
  leading(x, 'inverse')
  const y: Tensor = operation('Inverse', {
    domain: 'com.microsoft',
    inputs: [x],
    shape: x.shape,
    gradient: ([g]) => [g && matmul(matmul(y, g, { transposeA: true }), y, { transposeB: true, scale: -1 })],
  })
  return y
}

/** The largest matrices whose determinant is computed at once: that of larger ones may be too large for float32. */
const wholeSize = 4

/** ln of the determinant of each symmetric positive definite matrix: x [.., n, n] -> [..]. */
export function logDet(x: Tensor): Tensor {
  const lead = leading(x, 'logDet')
  return withGradient(logDetOfParts(x), [x], (g) => [mul(transpose(inverse(x)), reshape(g, [...lead, 1, 1]))])
}

/** ln |A| + ln |D - C A^-1 B| of [A B; C D], A and D being halves, and halves of those. */
function logDetOfParts(x: Tensor): Tensor {
  const size = x.shape.at(-1) as number
  if (size <= wholeSize) return log(det(x))
  const half = Math.ceil(size / 2)
  const [first, second] = [
    [0, half],
    [half, size],
  ] as const
  const part = (rows: readonly [number, number], columns: readonly [number, number]): Tensor =>
    slice(slice(x, -2, ...rows), -1, ...columns)
  const corner = part(first, first)
  const left = sub(part(second, second), matmul(matmul(part(second, first), inverse(corner)), part(first, second)))
  return add(logDetOfParts(corner), logDetOfParts(left))
}
