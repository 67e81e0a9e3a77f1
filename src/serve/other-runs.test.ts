import { expect, it } from 'vitest'
import { otherRuns } from './other-runs.ts'

/** Runs that are opened and closed, in order. */
function opener() {
  const told: string[] = []
  const open = async (folder: string) => {
    if (folder === 'bad') throw new Error('no run')
    told.push(`+${folder}`)
    return { folder, [Symbol.asyncDispose]: async () => void told.push(`-${folder}`) }
  }
  return { told, open }
}
const nameOf = async ({ folder }: { folder: string }): Promise<string> => folder

it('opens a run once, two of them at most, and closes the one that was asked longest ago', async () => {
  const { told, open } = opener()
  await using runs = otherRuns(open)
  expect(await Promise.all([runs.use('a', nameOf), runs.use('a', nameOf)])).toEqual(['a', 'a'])
  for (const folder of ['b', 'a', 'c']) await runs.use(folder, nameOf)
  await expect.poll(() => told).toEqual(['+a', '+b', '+c', '-b'])
  await runs.clear()
  expect(told.slice(4).sort()).toEqual(['-a', '-c'])
})

it('closes one that nobody asks, and none that still answers', async () => {
  const { told, open } = opener()
  await using runs = otherRuns(open, 20)
  const answered = runs.use(
    'a',
    () => new Promise<string>((resolve) => setTimeout(() => resolve([...told].join()), 80)),
  )
  expect(await answered).toBe('+a')
  await expect.poll(() => told).toEqual(['+a', '-a'])
})

it('tries again what could not be opened', async () => {
  const { open } = opener()
  await using runs = otherRuns(open)
  for (let times = 0; times < 2; times++) await expect(runs.use('bad', nameOf)).rejects.toThrow('no run')
})
