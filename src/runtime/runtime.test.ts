import { setTimeout as wait } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { turns } from './runtime.ts'

it('runs one turn after the other, in the order they were asked for', async () => {
  const turn = turns()
  const told: string[] = []
  const take = (name: string, delay: number) =>
    turn(async () => {
      told.push(`${name} begins`)
      await wait(delay)
      told.push(`${name} ends`)
      return name
    })
  expect(await Promise.all([take('first', 5), take('second', 0)])).toEqual(['first', 'second'])
  expect(told).toEqual(['first begins', 'first ends', 'second begins', 'second ends'])
})

it('goes on after a turn that failed', async () => {
  const turn = turns()
  const failed = turn(() => Promise.reject(new Error('no')))
  const after = turn(() => Promise.resolve('yes'))
  await expect(failed).rejects.toThrow('no')
  expect(await after).toBe('yes')
})
