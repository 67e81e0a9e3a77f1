import { describe, expect, it } from 'vitest'
import type { History } from '../dataset/schema.ts'
import { bestKept, mostAtOnce } from '../rank/pass-sizes.ts'
import { nextPass, scoreQueue } from './score-queue.ts'

const history = (user: number): History => ({
  user,
  item: Int32Array.of(1),
  behavior: new Uint8Array(1),
  time: new Float64Array(1),
})

/** Scores item 1 with the user's number, a turn of the event loop later; remembers the batches and their arrays. */
function stub({ failing = -1 } = {}) {
  const [batches, arrays] = [[] as number[], new Set<unknown>()]
  return {
    batches,
    arrays,
    itemCount: 1,
    async score(histories: readonly History[], into: Float32Array = new Float32Array(0)) {
      batches.push(histories.length)
      arrays.add(into.buffer)
      await new Promise((resume) => setTimeout(resume, 1))
      for (const [row, { user }] of histories.entries()) {
        if (user === failing) throw new Error('a pass that fails')
        into[2 * row + 1] = user
      }
      return into.subarray(0, 2 * histories.length)
    },
  }
}
const ask = (queue: ReturnType<typeof scoreQueue>, user: number): Promise<number> =>
  queue.score(history(user), (scores) => scores[1] as number)
const users = (count: number): number[] => Array.from({ length: count }, (_, at) => at)

describe('histories that wait together', () => {
  it('are scored in one pass, and each gets its own scores', async () => {
    const scorer = stub()
    const queue = scoreQueue(scorer, 32)
    const first = users(30).map((user) => ask(queue, user))
    // These come while the first pass runs.
    await new Promise((resume) => setImmediate(() => setImmediate(resume)))
    const second = users(20).map((user) => ask(queue, 30 + user))
    expect(await Promise.all([...first, ...second])).toEqual(users(50))
    expect(scorer.batches).toEqual([30, 20])
    expect(await ask(queue, 7)).toBe(7)
    expect(scorer.arrays.size).toBe(1)
  })

  it('fill the batches that are compiled', () => {
    const passes = [1, 2, 3, 5, 9, 16, 17, 33, 500].map((waiting) => nextPass(waiting, 32))
    expect(passes).toEqual([1, 1, 3, 4, 9, 16, 17, 32, 32])
    expect([1, 9, 17, 500].map((waiting) => nextPass(waiting, 16))).toEqual([1, 9, 16, 16])
    expect([1, 5].map((waiting) => nextPass(waiting, 1))).toEqual([1, 1])
    expect([100, 93_466, 1_000_000, 30_000_000].map(mostAtOnce)).toEqual([32, 32, 16, 1])
  })

  it('fail with their pass alone, and one whose reader fails alone', async () => {
    const queue = scoreQueue(stub({ failing: 3 }), 32)
    const failed = await Promise.allSettled(users(5).map((user) => ask(queue, user)))
    expect(new Set(failed.map(({ status }) => status))).toEqual(new Set(['rejected', 'fulfilled']))
    const readers = [
      ask(queue, 1),
      queue.score(history(2), () => {
        throw new Error('a reader that fails')
      }),
    ]
    expect((await Promise.allSettled(readers)).map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(await ask(queue, 4)).toBe(4)
  })
})

describe('the best items', () => {
  const none = new Set<number>()
  /** Ranks 200 items, the highest number first; remembers what was asked. */
  function ranking() {
    const asked: string[] = []
    return {
      asked,
      itemCount: 200,
      score: async (histories: readonly History[], into: Float32Array = new Float32Array(0)) => {
        asked.push('score')
        for (let row = 0; row < histories.length; row++)
          for (let item = 0; item <= 200; item++) into[201 * row + item] = item === 0 ? -Infinity : item
        return into.subarray(0, 201 * histories.length)
      },
      best: async (histories: readonly History[]) => {
        asked.push('best')
        return histories.map(() => Array.from({ length: bestKept }, (_, at) => ({ item: 200 - at, score: 200 - at })))
      },
    }
  }
  const itemsOf = (list: readonly { readonly item: number }[]): number[] => list.map(({ item }) => item)

  it('are taken from those that the model keeps, without the excluded ones', async () => {
    const scorer = ranking()
    const found = await scoreQueue(scorer, 32).best(history(1), 3, new Set([200, 198]))
    expect(itemsOf(found)).toEqual([199, 197, 196])
    expect(scorer.asked).toEqual(['best'])
  })

  it('are taken from all scores where too few of those kept are left, and where more are asked for', async () => {
    const scorer = ranking()
    const queue = scoreQueue(scorer, 32)
    const excluded = { has: (item: number) => item > 73 }
    expect(itemsOf(await queue.best(history(1), 2, excluded))).toEqual([73, 72])
    expect(scorer.asked).toEqual(['best', 'score'])
    expect(await queue.best(history(1), bestKept + 1, none)).toHaveLength(bestKept + 1)
    expect(scorer.asked).toEqual(['best', 'score', 'score'])
  })

  it('are taken from ever longer lists of an index, and from all scores where even those leave too few', async () => {
    const scorer = ranking()
    const lengths: number[] = []
    const best = async (histories: readonly History[], length = 0) => {
      lengths.push(length)
      return histories.map(() =>
        Array.from({ length: Math.min(length, 180) }, (_, at) => ({ item: 200 - at, score: 0 })),
      )
    }
    const queue = scoreQueue({ ...scorer, best, approximate: true }, 32)
    const excluded = { has: (item: number) => item > 100 }
    expect(itemsOf(await queue.best(history(1), 2, excluded))).toEqual([100, 99])
    expect([lengths, scorer.asked]).toEqual([[64, 512], []])
    expect(itemsOf(await queue.best(history(1), 2, { has: (item: number) => item > 10 }))).toEqual([10, 9])
    expect([lengths.splice(0), scorer.asked]).toEqual([[64, 512], ['score']])
    expect(await queue.best(history(1), 40, none)).toHaveLength(40)
    expect(lengths).toEqual([128])
  })

  it('are kept for the next request of an equal history, and found anew after an event', async () => {
    const scorer = ranking()
    const queue = scoreQueue(scorer, 32)
    const first = await queue.best(history(1), 3, none)
    expect(await queue.best(history(1), 3, none)).toEqual(first)
    expect(itemsOf(await queue.best(history(1), 2, new Set([200])))).toEqual([199, 198])
    expect(scorer.asked).toEqual(['best'])
    const { user, ...events } = history(1)
    const others: History[] = [
      { ...events, user: user + 1 },
      { ...history(1), item: Int32Array.of(2) },
      { ...history(1), behavior: Uint8Array.of(1) },
      { ...history(1), time: Float64Array.of(1) },
      { user, item: Int32Array.of(1, 1), behavior: new Uint8Array(2), time: new Float64Array(2) },
    ]
    for (const other of others) await queue.best(other, 3, none)
    expect(scorer.asked).toEqual(Array.from({ length: 1 + others.length }, () => 'best'))
  })

  it('are not asked for where most items are excluded, but tried where they are kept', async () => {
    const scorer = ranking()
    const queue = scoreQueue(scorer, 32)
    const odd = { has: (item: number) => item % 2 === 0, most: true }
    expect(itemsOf(await queue.best(history(1), 2, odd))).toEqual([199, 197])
    await queue.best(history(1), 1, none)
    expect(itemsOf(await queue.best(history(1), 2, odd))).toEqual([199, 197])
    expect(scorer.asked).toEqual(['score', 'best'])
    expect(itemsOf(await queue.best(history(1), 1, { has: (item) => item > 9, most: true }))).toEqual([9])
    expect(scorer.asked).toEqual(['score', 'best', 'score'])
  })

  it('come from all scores of a model that keeps none', async () => {
    const { best: _, ...scorer } = ranking()
    expect(itemsOf(await scoreQueue(scorer, 32).best(history(1), 2, none))).toEqual([200, 199])
  })
})
