import { expect, it } from 'vitest'
import { historyReader } from './history-reader.ts'

const read = historyReader(['a', 'b', 'c'], { behaviors: ['click', 'favorite'], target: 'favorite' })
const plain = (history: ReturnType<typeof read>) => [history.user, [...history.item], [...history.behavior]]

it('reads ids and names, of nobody known, the target where nothing else is said', () => {
  expect(plain(read([{ item: 'b' }, { item: 'a', behavior: 'click' }]))).toEqual([0, [2, 1], [1, 0]])
  expect(plain(read([]))).toEqual([0, [], []])
})

it('orders events by time, and as they were given where times are equal or absent', () => {
  const timed = [
    { item: 'c', time: 20 },
    { item: 'b', time: 10 },
    { item: 'a', time: 20 },
  ]
  expect([...read(timed).item]).toEqual([2, 3, 1])
  const { item, time } = read([{ item: 'c' }, { item: 'b' }, { item: 'a' }])
  expect([...item]).toEqual([3, 2, 1])
  expect(new Set(time).size).toBe(3)
  expect(Math.abs((time[2] as number) - Date.now())).toBeLessThan(10_000)
})

it.each([
  [{ item: 'x' }, 'history[1].item: unknown: "x", expected the id of an item'],
  [{ item: 'a', behavior: 'clik' }, 'history[1].behavior: unknown: "clik", expected one of click, favorite. did you'],
  [{ item: 'a', time: Number.NaN }, 'history[1].time: invalid: NaN, expected milliseconds since 1970'],
])('refuses %o in one sentence', (event, told) => {
  expect(() => read([{ item: 'a' }, event])).toThrow(told)
})
