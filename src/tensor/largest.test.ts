import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { evaluateTensor } from '../testing/evaluate-tensor.ts'
import { mul } from './elementwise.ts'
import { gradients } from './gradient.ts'
import { largest } from './largest.ts'
import { input, parameter } from './node.ts'
import { sum } from './reduce.ts'

/** By sorting: larger first, of equal ones the later. */
function naive(row: readonly number[], count: number): number[] {
  const order = [...row.keys()].sort((a, b) => row[b]! - row[a]! || b - a)
  const kept = new Set(order.slice(0, count))
  return row.map((_, at) => Number(kept.has(at)))
}

it('marks exactly the largest of each row, of equal ones the later', async () => {
  const examples = fc
    .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 9 }))
    .chain(([rows, length, count]) =>
      fc.tuple(
        fc.array(fc.array(fc.integer({ min: -2, max: 2 }), { minLength: length, maxLength: length }), {
          minLength: rows,
          maxLength: rows,
        }),
        fc.constant(count),
      ),
    )
  const property = fc.asyncProperty(examples, async ([rows, count]) => {
    const x = input('x', [1, rows.length, rows[0]!.length])
    const made = largest(x, count)
    expect(made.shape).toEqual(x.shape)
    expect(await evaluateTensor(made, { x: Float32Array.from(rows.flat()) })).toEqual(
      rows.flatMap((row) => naive(row, count)),
    )
  })
  await fc.assert(property, { numRuns: 30, seed: 4 })
})

it('lets no gradient flow', () => {
  const x = parameter('x', [2, 3], () => {})
  expect(() => gradients(sum(mul(largest(x, 2), 3)), [x])).toThrow('parameter "x" does not reach the loss')
})
