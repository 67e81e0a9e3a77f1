import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { eventLines, temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import { loadDataset } from '../dataset/load.ts'
import { prepareDataset } from '../prepare/prepare.ts'
import { openMemoryStore } from '../store/memory.ts'
import { exportEvents } from './event-export.ts'

const start = 1_700_000_000_000
const log = `user,item,behavior,time\nu1,a,click,${start}\nu2,b,click,${start}\nu3,b,click,${start}\n`

/** A store with events of a returning user, of a new one, and of one whose name needs quotes; u2 was forgotten. */
async function filledStore() {
  const store = openMemoryStore()
  const event = (user: string, item: string, time: number) => ({ user, item, behavior: 'click', time })
  await store.append([event('u2', 'a', start + 2)])
  await store.forget('u2')
  await store.append([event('u1', 'b', start + 2), event('new, "4"', 'a', start + 3), event('u2', 'a', start + 4)])
  return store
}

describe('exporting events', () => {
  it.each(['parquet', 'csv', 'jsonl'])('writes .%s files that prepare reads with the log', async (ending) => {
    using folder = temporaryFolder()
    const events = folder.write({ 'log.csv': log })
    await using store = await filledStore()
    const fresh = join(folder.path, `fresh.${ending}`)
    const list = join(folder.path, 'fresh.forgotten.txt')
    expect(await exportEvents(store, fresh)).toEqual({ events: 3, forgotten: 1, list })
    expect(readFileSync(list, 'utf8')).toBe('u2\n')
    expect(readdirSync(folder.path).toSorted()).toEqual(
      [`fresh.${ending}`, 'fresh.forgotten.txt', 'log.csv'].toSorted(),
    )
    const out = join(folder.path, 'data')
    await prepareDataset({ events, fresh, mapping: { filters: { minimumEventsPerUser: 1 } }, out })
    expect(eventLines(await loadDataset(out)).toSorted()).toEqual([
      `new, "4" a click ${start + 3}`,
      `u1 a click ${start}`,
      `u1 b click ${start + 2}`,
      `u2 a click ${start + 4}`,
      `u3 b click ${start}`,
    ])
  })

  it('writes a file that a mapping can name beside a log of the same columns', async () => {
    using folder = temporaryFolder()
    const mapping = join(folder.path, 'shop.yaml')
    folder.write({
      'log.csv': log,
      'shop.yaml': 'events: { files: [log.csv, fresh.csv] }\nfilters: { minimumEventsPerUser: 1 }\n',
    })
    await using store = await filledStore()
    await exportEvents(store, join(folder.path, 'fresh.csv'))
    const out = join(folder.path, 'data')
    await prepareDataset({ mapping, out })
    expect(eventLines(await loadDataset(out))).toContain(`u1 b click ${start + 2}`)
  })

  it('leaves out users who are forgotten while it reads', async () => {
    using folder = temporaryFolder()
    const store = await filledStore()
    const forgetful = {
      ...store,
      async *all() {
        yield* store.all()
        await store.forget('u1')
      },
    }
    const out = join(folder.path, 'fresh.csv')
    expect(await exportEvents(forgetful, out)).toMatchObject({ events: 2, forgotten: 2 })
    expect(readFileSync(out, 'utf8')).not.toMatch(/^u1,/m)
  })

  it('leaves the file as it was where the store fails', async () => {
    using folder = temporaryFolder()
    const out = folder.write({ 'fresh.csv': 'as it was', 'fresh.forgotten.txt': 'too' })
    const store = await filledStore()
    const failing = {
      ...store,
      async *all() {
        yield* store.all()
        throw new Error('the store went away')
      },
    }
    await expect(exportEvents(failing, out)).rejects.toThrow('the store went away')
    expect([out, join(folder.path, 'fresh.forgotten.txt')].map((file) => readFileSync(file, 'utf8'))).toEqual([
      'as it was',
      'too',
    ])
    expect(readdirSync(folder.path)).toHaveLength(2)
  })

  it('names the extensions it knows', async () => {
    await expect(exportEvents(openMemoryStore(), 'fresh.xlsx')).rejects.toThrow(
      '--out: unsupported: the extension of "fresh.xlsx", expected .parquet, .csv, .jsonl',
    )
    expect(existsSync('fresh.xlsx')).toBe(false)
  })

  it('writes a file of an empty store that prepare reads', async () => {
    using folder = temporaryFolder()
    const events = folder.write({ 'log.csv': log })
    const fresh = join(folder.path, 'fresh.parquet')
    await exportEvents(openMemoryStore(), fresh)
    const out = join(folder.path, 'data')
    const manifest = await prepareDataset({ events, fresh, mapping: { filters: { minimumEventsPerUser: 1 } }, out })
    expect(manifest.counts.events).toBe(3)
  })
})
