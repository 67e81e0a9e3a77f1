import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import { openDatabase } from '../storage/duckdb.ts'
import { estimateMemory, memoryBytes, memoryLine, type PreparedSizes } from './memory.ts'
import { prepareDataset } from './prepare.ts'
import { sizesOf } from './sources/row-count.ts'

describe('the memory limit', () => {
  it.each([
    ['2GB', 2e9],
    ['1.5 gb', 1.5e9],
    ['64MB', 64e6],
    ['512MiB', 2 ** 29],
    [' 1TB ', 1e12],
  ])('%s is read', (text, bytes) => {
    expect(memoryBytes(text)).toBe(bytes)
  })

  it.each(['abc', '-1', '0', '0GB', '2', '10%', '', 'unlimited', '1KB', '1e3GB', '99999999TB', '2GB; DROP'])(
    '"%s" is refused by its flag',
    async (text) => {
      using folder = temporaryFolder()
      const events = folder.write({ 'log.csv': 'user,item,time\nu,a,1\n' })
      await expect(prepareDataset({ events, out: join(folder.path, 'out'), memoryLimit: text })).rejects.toThrow(
        `--memory-limit: invalid: "${text}", expected a size from 64MB to 1000TB, such as 2GB`,
      )
    },
  )

  it('is kept', async () => {
    using folder = temporaryFolder()
    const events = folder.write({ 'log.csv': 'user,item,time\nu,a,1\n' })
    const options = { events, mapping: { filters: { minimumEventsPerUser: 0 } }, memoryLimit: '64MiB' }
    expect((await prepareDataset({ ...options, out: join(folder.path, 'out') })).counts.events).toBe(1)
  })
})

describe('the memory of preparing', () => {
  const sizes: PreparedSizes = {
    rows: 0,
    columns: 4,
    longText: 0,
    eventsPerRow: 1,
    impressions: false,
    items: { rows: 0, bytes: 0 },
    vectorBytes: 0,
    limit: 2e9,
    partitions: 1,
  }

  // Peaks of generated logs on two cores, as /usr/bin/time -v tells them.
  it.each<[string, Partial<PreparedSizes>, number]>([
    ['an empty log', {}, 183e6],
    ['0.2 million events', { rows: 2e5 }, 245e6],
    ['1 million events', { rows: 1e6 }, 390e6],
    ['2 million events', { rows: 2e6 }, 592e6],
    ['5 million events', { rows: 5e6 }, 1084e6],
    ['5 million events, at most 500 MB', { rows: 5e6, limit: 500e6 }, 898e6],
    ['1 million events in 16 partitions', { rows: 1e6, partitions: 16 }, 375e6],
    ['2 million events in 4 partitions', { rows: 2e6, partitions: 4 }, 430e6],
    ['5 million events in 16 partitions', { rows: 5e6, partitions: 16 }, 853e6],
    ['20 million events in 16 partitions', { rows: 20e6, partitions: 16 }, 1960e6],
    ['20 million events in 16 partitions, at most 600 MB', { rows: 20e6, partitions: 16, limit: 600e6 }, 860e6],
    ['1 million events of long ids', { rows: 1e6, longText: 64 }, 453e6],
    ['2 million rows, a few of them events', { rows: 2e6, columns: 5, eventsPerRow: 0.43 }, 460e6],
    ['5 million rows that make more events', { rows: 5e6, columns: 5, eventsPerRow: 1.5 }, 1467e6],
    ['5 million impressions', { rows: 5e6, columns: 5, eventsPerRow: 0.43, impressions: true }, 1214e6],
    ['2 million events on 400,000 items', { rows: 2e6, items: { rows: 4e5, bytes: 24e6 } }, 768e6],
    [
      '2 million events on 50,000 items with titles',
      { rows: 2e6, items: { rows: 5e4, bytes: 3e6 }, vectorBytes: 230e6 },
      732e6,
    ],
  ])('is told within 25 %% for %s', (_, given, peak) => {
    const { total } = estimateMemory({ ...sizes, ...given })
    expect(total / peak).toBeGreaterThan(0.75)
    expect(total / peak).toBeLessThan(1.25)
  })

  it('is told by the partitions that a log is to be worked on in', async () => {
    using folder = temporaryFolder()
    const rows = Array.from({ length: 30_000 }, (_, at) => `u${at % 1000},i${at % 77},${at}\n`)
    const events = folder.write({ 'log.csv': `user,item,time\n${rows.join('')}` })
    const told = async (partitions: number): Promise<string | undefined> => {
      const lines: string[] = []
      // Vectors of so many bytes that the events decide the last digit.
      const features = Object.assign(() => Promise.resolve({}), { bytes: () => 1_030.2e6 })
      const options = { events, features, partitions, out: join(folder.path, `out ${partitions}`) }
      await prepareDataset({ ...options, report: (line) => lines.push(line) })
      return lines[0]
    }
    expect(await told(1)).toMatch(/^memory: about 1\.3 GB/)
    expect(await told(2)).toMatch(/^memory: about 1\.2 GB/)
  })

  it('is told in parts where it is more than 500 MB', () => {
    const given = { ...sizes, rows: 5e6, items: { rows: 1e6, bytes: 50e6 }, vectorBytes: 4e9 }
    expect(memoryLine(estimateMemory(given))).toBe(
      'memory: about 5.4 GB (reading the log 0.9 GB, items 0.3 GB, vectors 4.0 GB)',
    )
    expect(memoryLine(estimateMemory({ ...sizes, rows: 5e6 }))).toBe('memory: about 1.1 GB (reading the log 0.9 GB)')
    expect(memoryLine(estimateMemory({ ...sizes, rows: 1e6 }))).toBeUndefined()
  })

  it.each(['log.csv', 'log.csv.gz'])('is said of %s before it is read, by its size', async (name) => {
    using folder = temporaryFolder()
    const rows = Array.from({ length: 30_000 }, (_, at) => `u${at % 1000},i${at % 77},${at}\n`)
    const events = folder.write({ [name]: `user,item,time\n${rows.join('')}` })
    const lines: string[] = []
    const features = Object.assign(() => Promise.resolve({}), { bytes: () => 1e9 })
    await prepareDataset({ events, features, out: join(folder.path, 'out'), report: (line) => lines.push(line) })
    expect(lines[0]).toBe('memory: about 1.2 GB (vectors 1.0 GB)')
    const { rows: counted } = await (async () => {
      using db = await openDatabase()
      return sizesOf(db, [events])
    })()
    expect(counted / 30_000).toBeGreaterThan(0.9)
    expect(counted / 30_000).toBeLessThan(1.1)
  })
})
