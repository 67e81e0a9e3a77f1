import { describe, expect, it } from 'vitest'
import { constant, integers, parameter } from '../../tensor/node.ts'
import { evaluateGradients, evaluateTensors } from '../../testing/evaluate-tensor.ts'
import { compaction, insertionAt, reordered } from './rows.ts'

const column = (...values: number[]) => constant(Float32Array.from(values), [values.length, 1])
const rowsOf = (values: ArrayLike<number | bigint>, width: number): number[][] =>
  Array.from({ length: values.length / width }, (_, row) =>
    Array.from({ length: width }, (_, at) => Number(values[row * width + at])),
  )

describe('an insertion', () => {
  // Three histories of four places; 90 goes to the left of a place, 91 to its right. The third has no room.
  const histories = [
    [1, 2, 3, 0, 90, 91],
    [4, 5, 6, 7, 90, 91],
    [8, 9, 1, 2, 90, 91],
  ]
  const order = insertionAt(column(0, 3, 1), column(1, 1, 0), 4)

  it('puts one item on each side of a place, and leaves others as they are where there is no room', async () => {
    const items = integers(histories.flat()).reshape([3, 6])
    const { moved } = await evaluateTensors({ moved: reordered(items, order) })
    expect(rowsOf(moved, 6)).toEqual([
      [90, 1, 91, 2, 3, 0],
      [4, 5, 6, 90, 7, 91],
      [8, 9, 1, 2, 90, 91],
    ])
  })

  it('hands gradients back to where values came from', async () => {
    const x = parameter('x', [3, 6], () => {})
    const weights = constant(Float32Array.from([10, 20, 30, 40, 50, 60].flatMap((one) => [one])), [1, 6])
    const loss = reordered(x.reshape([3, 6, 1]), order)
      .reshape([3, 6])
      .mul(weights)
      .sum()
    const { gradients } = await evaluateGradients(loss, [x], { x: new Float32Array(18) })
    expect(rowsOf(gradients['x'] ?? [], 6)).toEqual([
      [20, 40, 50, 60, 10, 30],
      [10, 20, 30, 50, 40, 60],
      [10, 20, 30, 40, 50, 60],
    ])
  })
})

it('moves what is kept to the front, in its order', async () => {
  const kept = constant(Float32Array.of(1, 0, 1, 1, 0, 0, 0, 0), [2, 4])
  const { matrix, count_B1 } = compaction(kept)
  const values = constant(Float32Array.of(5, 6, 7, 8, 1, 2, 3, 4), [2, 4, 1])
  const { moved, count } = await evaluateTensors({ moved: matrix.matmul(values), count: count_B1 })
  expect(rowsOf(moved, 4)).toEqual([
    [5, 7, 8, 0],
    [0, 0, 0, 0],
  ])
  expect([...count]).toEqual([3, 0])
})
