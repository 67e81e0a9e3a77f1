import { expect, it } from 'vitest'
import { splitDataset } from '../dataset/splits.ts'
import { randomStream } from '../random/stream.ts'
import { type TinyEvent, tinyDataset } from '../testing/tiny-dataset.ts'
import { clickSuspects } from './click-suspects.ts'
import { foreseenSuspects } from './foreseen-suspects.ts'

/** The places in a history of what its user did not mean; 12 and 15 are the targets. */
const strange = [2, 5, 8, 13]
const events = 16

/** Eighty users of one half of the items, who touch some of the other half; `foreign` draws the targets from it. */
function shop(foreign: boolean) {
  const random = randomStream(1, 'foreseen')
  const log = Array.from({ length: 80 * events }, (_, at): TinyEvent => {
    const [user, place] = [Math.floor(at / events), at % events]
    const isTarget = place === 12 || place === 15
    const other = strange.includes(place) || (isTarget && foreign)
    const half = other ? 1 - (user % 2) : user % 2
    return [1 + user, 1 + half * 20 + random.integer(20), isTarget ? 'favorite' : 'click', place * 60_000]
  })
  return tinyDataset({ events: log, items: 40, candidates: 'all' })
}

const suspectsOf = (foreign: boolean): readonly number[] => {
  const dataset = shop(foreign)
  return foreseenSuspects(dataset, splitDataset(dataset), 0.5)
}

it('finds what fits no other event, in what trains and in what comes between the targets', () => {
  const found = suspectsOf(false)
  const countAt = (place: number): number => found.filter((row) => row % events === place).length
  for (const place of strange) expect(countAt(place)).toBeGreaterThan(48)
  for (const place of [0, 4, 11, 14]) expect(countAt(place)).toBeLessThan(40)
})

it('names the same suspects whatever the targets are, where an audit of the whole log does not', () => {
  const trained = (rows: readonly number[]) => rows.filter((row) => row % events < 12)
  expect(trained(suspectsOf(true))).toEqual(trained(suspectsOf(false)))
  const [whole, other] = [false, true].map((foreign) =>
    clickSuspects(shop(foreign), 0.5).suspects.map(({ row }) => row),
  )
  expect(new Set(trained(whole ?? []))).not.toEqual(new Set(trained(other ?? [])))
})
