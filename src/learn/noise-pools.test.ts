import { describe, expect, it } from 'vitest'
import { noisePools } from './noise-pools.ts'

describe('noise pools', () => {
  it('draw the same for one seed and key, however large the pool has grown', () => {
    const small = noisePools(3)
    const first = Float32Array.from(small.draw('normal', 0, 100, 42))
    small.draw('normal', 0, 5000, 7)
    expect(small.draw('normal', 0, 100, 42)).toEqual(first)
    expect(noisePools(3).draw('normal', 0, 100, 42)).toEqual(first)
    expect(noisePools(4).draw('normal', 0, 100, 42)).not.toEqual(first)
    expect(noisePools(3).draw('normal', 0, 100, 43)).not.toEqual(first)
  })

  it('hold standard Gumbel values: mean 0.5772, variance π²/6', () => {
    const values = noisePools(1).draw('gumbel', 0, 200_000, 1)
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
    expect(Math.abs(mean - 0.5772)).toBeLessThan(0.01)
    expect(Math.abs(variance - Math.PI ** 2 / 6)).toBeLessThan(0.03)
  })

  it('hold standard normals, and masks that keep the mean', () => {
    const pools = noisePools(1)
    const normals = pools.draw('normal', 0, 200_000, 1)
    const mean = normals.reduce((sum, value) => sum + value, 0) / normals.length
    const variance = normals.reduce((sum, value) => sum + value * value, 0) / normals.length
    expect(Math.abs(mean)).toBeLessThan(0.01)
    expect(Math.abs(variance - 1)).toBeLessThan(0.02)
    const masks = pools.draw('keep', 0.25, 200_000, 1)
    expect(new Set(masks)).toEqual(new Set([0, Math.fround(1 / 0.75)]))
    expect(masks.reduce((sum, value) => sum + value, 0) / masks.length).toBeCloseTo(1, 1)
  })
})
