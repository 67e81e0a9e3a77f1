import { expect, it } from 'vitest'
import { gradients } from '../../tensor/gradient.ts'
import { constant, parameter } from '../../tensor/node.ts'
import { sum } from '../../tensor/reduce.ts'
import { clickConformance, readsNoModality } from '../../testing/clicks/index.ts'
import { evaluateTensor } from '../../testing/evaluate-tensor.ts'
import { eta, simHash } from './eta.ts'

clickConformance(eta, {
  config: { embeddingSize: 4, hiddenSize: 16, topItems: 4, recentItems: 2 },
  skip: [readsNoModality],
})

it('hashes to signs that differ in about the share of bits that the angle has of a half turn, the same every time', async () => {
  const [bits, angle] = [1024, Math.PI / 3]
  const x = constant(Float32Array.of(1, 0, Math.cos(angle), Math.sin(angle), 5, 0), [3, 2])
  const codes = await evaluateTensor(simHash(2, bits)(x))
  expect(codes.every((sign) => sign === 1 || sign === -1)).toBe(true)
  const distance = (a: number, b: number): number =>
    codes.slice(0, bits).filter((_, bit) => codes[a * bits + bit] !== codes[b * bits + bit]).length
  expect(distance(0, 1) / bits).toBeCloseTo(1 / 3, 1)
  expect(distance(0, 2)).toBe(0)
  expect(await evaluateTensor(simHash(2, bits)(x))).toEqual(codes)
})

it('lets no gradient flow through hashing', () => {
  const x = parameter('x', [2, 3], () => {})
  expect(() => gradients(sum(simHash(3, 4)(x)), [x])).toThrow('parameter "x" does not reach the loss')
})
