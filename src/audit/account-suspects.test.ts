import { describe, expect, it } from 'vitest'
import { randomStream } from '../random/stream.ts'
import { type TinyEvent, tinyDataset } from '../testing/tiny-dataset.ts'
import { accountSuspects } from './account-suspects.ts'

const [day, minute] = [86_400_000, 60_000]
const random = randomStream(1, 'visitors')

/** Forty visitors with thirty events each, on three evenings. */
const visitors = Array.from({ length: 40 }, (_, at) =>
  Array.from(
    { length: 30 },
    (__, event): TinyEvent => [
      at + 1,
      1 + random.integer(60),
      'click',
      (event % 3) * day + 18 * 60 * minute + Math.floor(random.uniform() * 90 * minute),
    ],
  ),
).flat()

const found = (odd: readonly TinyEvent[], of: (user: number) => number = () => 0.2) => {
  const dataset = tinyDataset({ events: [...visitors, ...odd], items: 60 })
  const chances = Float64Array.from(dataset.events.user, of)
  return accountSuspects(dataset, chances).map(({ user, reasons }) => [user, reasons.join('; ')])
}
const odd = (time: (event: number) => number, item: (event: number) => number = () => 1 + random.integer(60)) =>
  Array.from({ length: 100 }, (_, event): TinyEvent => [41, item(event), 'click', time(event)])

describe('odd accounts', () => {
  it('are none among visitors', () => {
    expect(found([])).toEqual([])
  })

  it.each([
    ['a burst', odd((event) => event * 2000 + random.integer(1500)), /100 events within ten minutes/],
    ['much entered at once', odd((event) => Math.floor(event / 20) * day), /have the time of another item's event/],
    ['a clock', odd((event) => event * 30 * minute), /pauses as even as a clock/],
    ['no sleep', odd((event) => Math.floor(random.uniform() * 3 * day) + event), /of the 24 hours of one day/],
    [
      'one item',
      odd(
        (event) => (event % 3) * day + random.integer(90 * minute),
        () => 7,
      ),
      /the same few items/,
    ],
  ])('are found: %s', (_, events, reason) => {
    expect(found(events)).toEqual([[41, expect.stringMatching(reason)]])
  })

  it('are found where everything looks drawn by chance', () => {
    const events = odd((event) => (event % 3) * day + random.integer(90 * minute))
    expect(found(events, (user) => (user === 41 ? 0.9 : 0.1 + 0.002 * user))).toEqual([
      [41, expect.stringMatching(/look drawn by chance: 90 % likely/)],
    ])
  })
})
