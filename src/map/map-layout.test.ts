import { describe, expect, it } from 'vitest'
import { mapLayout } from './map-layout.ts'
import { nearestShown, neighborPurity, purityByChance } from './nearest.ts'

describe('a layout', () => {
  // Three groups around three directions.
  const width = 8
  const vectors = Float32Array.from({ length: 60 * width }, (_, at) => {
    const [row, column] = [Math.floor(at / width), at % width]
    return (column === row % 3 ? 1 : 0) + 0.1 * Math.sin(7 * at)
  })
  const { points, near } = mapLayout({ width, vectors }, 1)

  it('is the same each time, and tells nearest ones that are of the same group', () => {
    expect(mapLayout({ width, vectors }, 1)).toEqual({ points, near })
    expect(near).toHaveLength(60 * nearestShown)
    for (const [at, other] of near.entries()) expect(other % 3).toBe(Math.floor(at / nearestShown) % 3)
  })

  it('lays a group together', () => {
    const place = (row: number): [number, number] => [points[2 * row] as number, points[2 * row + 1] as number]
    const apart = (a: number, b: number): number => Math.hypot(place(a)[0] - place(b)[0], place(a)[1] - place(b)[1])
    let [inside, outside] = [0, 0]
    for (let row = 3; row < 60; row++) {
      inside += apart(row, row - 3)
      outside += apart(row, row - 1)
    }
    expect(inside).toBeLessThan(outside)
  })

  it('has neighbors of one kind where kinds are the groups, and by chance where they are not', () => {
    const groups = Array.from({ length: 60 }, (_, row) => `group ${row % 3}`)
    expect(neighborPurity({ width, vectors }, groups)).toEqual(groups.map(() => 1))
    // One half in each of two kinds: 2 * 30 * 29 of 60 * 59 pairs.
    const halves = Array.from({ length: 60 }, (_, row) => (row < 30 ? 'first' : 'second'))
    expect(purityByChance(halves)).toBeCloseTo(29 / 59, 12)
    const mixed = neighborPurity({ width, vectors }, halves)
    expect(mixed.reduce((sum, one) => sum + one, 0) / 60).toBeLessThan(0.75)
  })
})
