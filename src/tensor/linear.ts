/** @file The matrix product, with transposes and scale folded in so that no weight gradient needs a copy. */
import { Bug } from '../errors.ts'
import { reshape, sumTo } from './move.ts'
import { operation, type Tensor } from './operation.ts'
import { broadcastShapes } from './shape.ts'

/** What is folded into the product. */
export interface MatmulOptions {
  readonly transposeA?: boolean
  readonly transposeB?: boolean
  readonly scale?: number
}

/** scale * op(a) @ op(b), batched over leading dimensions; `a` [.., m, k], `b` [.., k, n] before their transposes. */
export function matmul(
  a: Tensor,
  b: Tensor,
  { transposeA = false, transposeB = false, scale = 1 }: MatmulOptions = {},
): Tensor {
  // Rows of a against one matrix: a single large product is faster than a batch of small ones.
  if (b.shape.length === 2 && a.shape.length > 2 && !transposeA) {
    const flat = matmul(reshape(a, [-1, a.shape.at(-1) as number]), b, { transposeB, scale })
    return reshape(flat, [...a.shape.slice(0, -1), flat.shape[1] as number])
  }
  const [m, k] = lastTwo(a, transposeA)
  const [k2, n] = lastTwo(b, transposeB)
  if (k !== k2)
    throw new Bug(`matmul of [${a.shape.join(', ')}] and [${b.shape.join(', ')}]: ${k} columns against ${k2} rows`)
  const attributes = {
    transA: { int: transposeA ? 1 : 0 },
    transB: { int: transposeB ? 1 : 0 },
    alpha: { float: scale },
  }
  const plain = !transposeA && !transposeB && scale === 1
  return operation(plain ? 'MatMul' : 'FusedMatMul', {
    ...(!plain && { domain: 'com.microsoft' as const, attributes }),
    inputs: [a, b],
    shape: [...broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2)), m, n],
    gradient: ([g]) => {
      if (!g) return []
      const forA = transposeA
        ? matmul(b, g, { transposeA: transposeB, transposeB: true, scale })
        : matmul(g, b, { transposeB: !transposeB, scale })
      const forB = transposeB
        ? matmul(g, a, { transposeA: true, transposeB: transposeA, scale })
        : matmul(a, g, { transposeA: !transposeA, scale })
      return [sumTo(forA, a.shape), sumTo(forB, b.shape)]
    },
  })
}

function lastTwo(x: Tensor, transposed: boolean): [number, number] {
  const [rows, columns] = [x.shape.at(-2), x.shape.at(-1)]
  if (rows === undefined || columns === undefined)
    throw new Bug(`matmul needs matrices, got shape [${x.shape.join(', ')}]`)
  return transposed ? [columns, rows] : [rows, columns]
}
