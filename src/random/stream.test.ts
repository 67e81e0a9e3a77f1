import { array, assert, integer, property } from 'fast-check'
import { mean, sampleKurtosis, standardDeviation } from 'simple-statistics'
import { describe, expect, it } from 'vitest'
import { mixSeed, type RandomStream, randomStream } from './stream.ts'

const draw = (count: number, next: () => number): number[] => Array.from({ length: count }, next)
const normalFrom = (stream: RandomStream) => () => stream.normal()
const uniformFrom = (stream: RandomStream) => () => stream.uniform()
const stream = randomStream(1, 'test')

describe('randomStream', () => {
  it('repeats itself for one seed and keys, to numbers that never change', () => {
    expect(draw(5, normalFrom(randomStream(7, 'dropout', 3)))).toEqual(
      draw(5, normalFrom(randomStream(7, 'dropout', 3))),
    )
    expect(draw(3, () => randomStream(7).integer(1000))).toEqual(Array(3).fill(randomStream(7).integer(1000)))
    expect(mixSeed(7, 'dropout', 3)).toMatchInlineSnapshot(`1908550581`)
    expect(draw(3, () => stream.integer(1_000_000))).toMatchInlineSnapshot(`
      [
        277268,
        745984,
        292733,
      ]
    `)
  })

  it('gives neighboring seeds and keys streams of their own', () => {
    const seeds = [0, 1, 2, 3, 1000, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1].map((seed) => mixSeed(seed))
    const keys = [[], [0], [1], [0, 1], [1, 0], ['a'], ['b'], ['ab'], ['ba'], ['a', 1], [1, 'a']].map((key) =>
      mixSeed(1, ...key),
    )
    expect(new Set(seeds).size).toBe(seeds.length)
    expect(new Set(keys).size).toBe(keys.length)
    const steps = Array.from({ length: 2000 }, (_, step) => randomStream(1, 'step', step).uniform())
    const shifted = steps.slice(1)
    const average = mean(steps)
    const correlation = mean(shifted.map((value, at) => (value - average) * (steps[at]! - average))) * 12
    expect(Math.abs(average - 0.5)).toBeLessThan(0.03)
    expect(Math.abs(correlation)).toBeLessThan(0.08)
  })

  it('draws uniforms in [0, 1) with their mean and deviation', () => {
    const values = draw(50_000, uniformFrom(stream))
    expect(Math.min(...values.slice(0, 10_000))).toBeGreaterThanOrEqual(0)
    expect(values.every((value) => value < 1)).toBe(true)
    expect(mean(values)).toBeCloseTo(0.5, 2)
    expect(standardDeviation(values)).toBeCloseTo(Math.sqrt(1 / 12), 2)
  })

  it('draws normals with their mean, deviation and tails', () => {
    const values = draw(50_000, normalFrom(stream))
    expect(Math.abs(mean(values))).toBeLessThan(0.02)
    expect(standardDeviation(values)).toBeCloseTo(1, 1)
    expect(Math.abs(sampleKurtosis(values))).toBeLessThan(0.15)
    expect(values.every(Number.isFinite)).toBe(true)
  })

  it('draws every integer below a bound alike, and 0 below 1', () => {
    const counts = Array<number>(6).fill(0)
    for (const value of draw(12_000, () => stream.integer(6))) counts[value]!++
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(200)
    expect(stream.integer(1)).toBe(0)
  })

  it('shuffles in place to any order alike, losing nothing', () => {
    assert(
      property(array(integer()), (values) => {
        const shuffled = [...values]
        expect(stream.shuffle(shuffled)).toBe(shuffled)
        expect(shuffled.toSorted((a, b) => a - b)).toEqual(values.toSorted((a, b) => a - b))
      }),
      { seed: 5 },
    )
    const orders = new Map<string, number>()
    for (const order of Array.from({ length: 6000 }, () => stream.shuffle([1, 2, 3]).join()))
      orders.set(order, (orders.get(order) ?? 0) + 1)
    expect(orders.size).toBe(6)
    for (const count of orders.values()) expect(Math.abs(count - 1000)).toBeLessThan(150)
  })
})
