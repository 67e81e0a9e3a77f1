import { describe, expect, it } from 'vitest'
import { Bug } from '../errors.ts'
import { equal } from './compare.ts'
import { straightThrough } from './custom-gradient.ts'
import { add, addAll } from './elementwise.ts'
import { topK } from './largest.ts'
import { matmul } from './linear.ts'
import { det } from './matrix.ts'
import { concat, expand, reshape, slice, transpose } from './move.ts'
import { constant, input } from './node.ts'
import { sum } from './reduce.ts'
import { broadcastAxes, broadcastShapes, dims, frontAxis } from './shape.ts'
import { dft } from './spectrum.ts'

const x = input('x', [2, 3])
const y = input('y', [4, 5])

describe('shape rules', () => {
  it.each([
    ['shapes [2, 3] and [4, 5] do not broadcast', () => add(x, y)],
    ['matmul of [2, 3] and [4, 5]: 3 columns against 4 rows', () => matmul(x, y)],
    ['matmul of [2, 3] and [4, 5]: 3 columns against 5 rows', () => matmul(x, y, { transposeB: true })],
    ['matmul needs matrices, got shape [3]', () => matmul(x, input('v', [3]))],
    ['shapes [2] and [3] do not broadcast', () => matmul(input('a', [2, 1, 3]), input('b', [3, 3, 4]))],
    ['reshape of [2, 3] to [4, 2]', () => reshape(x, [4, 2])],
    ['reshape of [2, 3] to [-1, 4]', () => reshape(x, [-1, 4])],
    ['slice [2, 4) of axis 1 with size 3', () => slice(x, 1, 2, 4)],
    ['slice [2, 2) of axis 1 with size 3', () => slice(x, 1, 2, 2)],
    ['axis 2 of a tensor of rank 2', () => sum(x, [2])],
    ['axis -3 of a tensor of rank 2', () => sum(x, [-3])],
    ['constant of 2 values for shape [3]', () => constant(Float32Array.of(1, 2), [3])],
    ['concat along axis 0 of [2, 3] and [4, 5]', () => concat([x, y], 0)],
    ['addAll of [2, 3] and [4, 5]', () => addAll([x, y])],
    ['expand of [2, 3] to [2, 1]', () => expand(x, [2, 1])],
    ['expand of [2, 3] to [3]', () => expand(x, [3])],
    ['transpose of [2, 3] in the order [0]', () => transpose(x, [0])],
    ['concat of nothing', () => concat([], 0)],
    ['transpose of [2, 3] in the order [0, 0]', () => transpose(x, [0, 0])],
    ['a tensor of rank 3 was expected, not shape [2, 3] of rank 2', () => dims(x, 3)],
    ['shapes [2, 3] and [4, 5] do not broadcast', () => equal(x, y)],
    ['straightThrough of [2, 3] and [4, 5]', () => straightThrough(x, y)],
    ['topK of 4 along axis -1 of [2, 3]', () => topK(x, 4)],
    ['det of [2, 3], which is not square', () => det(x)],
    ['dft along axis -2 of [2, 3], expected pairs in the last axis', () => dft(x)],
  ] as const)('refuse what does not fit: %s', (message, build) => {
    expect(build).toThrow(Bug)
    expect(build).toThrow(message)
  })

  it('broadcast as NumPy does, and know which axes to sum back over', () => {
    expect(broadcastShapes([3, 1], [2, 1, 4])).toEqual([2, 3, 4])
    expect(broadcastShapes([], [2])).toEqual([2])
    expect(broadcastAxes([2, 3, 4], [3, 1])).toEqual([0, 2])
    expect(broadcastAxes([2, 1], [2, 1])).toEqual([])
    expect(frontAxis(-1, 3)).toBe(2)
  })

  it('read a tensor of a known rank', () => {
    const [rows, columns]: [number, number] = dims(x, 2)
    expect([rows, columns]).toEqual([2, 3])
  })
})
