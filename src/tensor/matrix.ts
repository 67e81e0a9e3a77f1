/** @file Operators on square matrices. */
import { Bug } from '../errors.ts'
import { mul } from './elementwise.ts'
import { matmul } from './linear.ts'
import { transpose } from './move.ts'
import { operation, type Shape, type Tensor } from './operation.ts'
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
