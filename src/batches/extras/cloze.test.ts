import { describe, expect, it } from 'vitest'
import { randomStream } from '../../random/stream.ts'
import type { Window } from '../windows.ts'
import { asked, maskCount, masked } from './cloze.ts'

const settings = { mask: 99, maskShare: 0.4, lastShare: 0.25, weights: [1, 0.5, 0] }
/** Items 1 to 6, of behaviors 0, 1, 2, 0, 1 and, for the one that comes after the history, 0. */
const window: Window = {
  history: {
    user: 1,
    item: Int32Array.of(1, 2, 3, 4, 5),
    behavior: Uint8Array.of(0, 1, 2, 0, 1),
    time: Float64Array.of(1, 2, 3, 4, 5),
  },
  targets: [2, 4, 6].map((item) => ({ item, behavior: 0, prefix: item - 1, weight: 1 })),
}

describe('cloze', () => {
  it('masks the share it is told to, or the last item alone', () => {
    const stream = randomStream(1)
    const draws = Array.from({ length: 400 }, () => masked(window, settings, 8, stream))
    const alone = draws.filter(({ targets }) => targets.length === 1)
    for (const { targets } of alone) expect(targets).toEqual([{ item: 6, prefix: 8, weight: 1 }])
    expect(Math.abs(alone.length / draws.length - 0.25)).toBeLessThan(0.06)
    const others = draws.filter(({ targets }) => targets.length !== 1)
    expect(others.every(({ targets }) => targets.length === maskCount(6, 0.4))).toBe(true)
    const items = others.flatMap(({ targets }) => targets.map(({ item }) => item))
    // Item 3's behavior weighs nothing.
    expect(new Set(items)).toEqual(new Set([1, 2, 4, 5, 6]))
    for (const item of [1, 2, 4, 5, 6])
      expect(Math.abs(items.filter((one) => one === item).length / items.length - 0.2)).toBeLessThan(0.05)
  })

  it('puts what is seen at the end, and tells each mask’s item, place and weight', () => {
    const stream = randomStream(2)
    for (let draw = 0; draw < 20; draw++) {
      const { history, targets } = masked(window, settings, 8, stream)
      const whole = [...history.item]
      for (const { item, prefix, weight } of targets) {
        expect([whole[prefix - 1], weight]).toEqual([99, [1, 0.5, 0, 1, 0.5, 1][item - 1]])
        whole[prefix - 1] = item
      }
      expect(whole).toEqual([0, 0, 1, 2, 3, 4, 5, 6])
    }
  })

  it('asks for what comes next by a mask behind the history', () => {
    const { item, behavior } = asked(window, { ...settings, asks: 2 }, 8).history
    expect([...item]).toEqual([0, 0, 1, 2, 3, 4, 5, 99])
    expect([...behavior]).toEqual([0, 0, 1, 2, 3, 1, 2, 3])
  })

  it('tells the behavior of every event, also of those that are masked', () => {
    const stream = randomStream(4)
    for (let draw = 0; draw < 5; draw++)
      expect([...masked(window, settings, 8, stream).history.behavior]).toEqual([0, 0, 1, 2, 3, 1, 2, 1])
  })

  it('leaves out what gives a masked item away', () => {
    // Item 7 is clicked, then clicked and collected at one time.
    const twins: Window = {
      history: {
        user: 1,
        item: Int32Array.of(7, 8, 7, 7),
        behavior: Uint8Array.of(0, 0, 0, 1),
        time: Float64Array.of(1, 2, 3, 3),
      },
      targets: [{ item: 9, behavior: 1, prefix: 4, weight: 1 }],
    }
    const seen = (more: { candidates?: 'all' | 'unseen' }): Set<string> => {
      const stream = randomStream(5)
      const all = { ...settings, weights: [1, 1], maskShare: 0.2, lastShare: 0, ...more }
      const draws = Array.from({ length: 60 }, () => masked(twins, all, 6, stream))
      for (const { history, targets } of draws) expect(history.item[(targets[0]?.prefix ?? 0) - 1]).toBe(99)
      return new Set(draws.map(({ history }) => history.item.join(' ')))
    }
    const [eight, nine] = ['0 7 99 7 7 9', '0 7 8 7 7 99']
    const kept = ['0 99 8 7 7 9', '0 7 8 99 7 9', '0 7 8 7 99 9', eight, nine]
    expect(seen({})).toEqual(new Set(kept))
    expect(seen({ candidates: 'all' })).toEqual(new Set(['0 99 8 7 7 9', '0 0 7 8 99 9', eight, nine]))
    expect(seen({ candidates: 'unseen' })).toEqual(new Set(['0 0 0 99 8 9', '0 0 0 8 99 9', eight, nine]))
  })

  it('masks at least one item', () => {
    expect([1, 2, 5, 10, 50].map((length) => maskCount(length, 0.2))).toEqual([1, 1, 1, 2, 10])
  })
})
