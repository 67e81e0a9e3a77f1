import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import { hashFile } from '../storage/file-hash.ts'
import type { MappingInput } from './mapping.ts'
import type { PartitionWork } from './partition-step.ts'
import { workOnPartition } from './partition-work.ts'
import { prepareDataset } from './prepare.ts'

/** A log from the columns of each row. */
const logOf = (rows: number, columns: Readonly<Record<string, (row: number) => string | number>>): string => {
  const lines = Array.from({ length: rows }, (_, row) =>
    Object.values(columns)
      .map((column) => column(row))
      .join(','),
  )
  return `${[Object.keys(columns).join(','), ...lines].join('\n')}\n`
}

/** Spreads numbers, the same in every run. */
const mixed = (row: number, key: number): number => Math.abs(Math.imul(row * 31 + key, 2_654_435_761) >> 8)

interface Prepared {
  /** The hash of each file, and all that was reported. */
  readonly hashes: Readonly<Record<string, string>>
  readonly lines: readonly string[]
}

/** Works on partitions as other processes would: in any order, and on one of them twice. */
async function work(all: readonly PartitionWork[]): Promise<void> {
  for (const one of [...all.toReversed(), ...all.slice(0, 1)])
    await workOnPartition(JSON.parse(JSON.stringify(one)) as PartitionWork)
}

/** Prepares the same files in each number of partitions, to the same folder; in a last one by others. */
async function prepared(
  files: Readonly<Record<string, string>>,
  mapping: MappingInput,
  numbers: readonly number[],
): Promise<Prepared[]> {
  using folder = temporaryFolder()
  folder.write(files)
  const inFolder = (name: string): string => join(folder.path, name)
  const out = inFolder('out [1]')
  const all: Prepared[] = []
  const counts = numbers.map((partitions) => ({ partitions }))
  for (const how of [...counts, { partitions: numbers.at(-1) as number, workers: work }]) {
    const lines: string[] = []
    await prepareDataset({
      events: inFolder('log.csv'),
      ...(files['items.csv'] !== undefined && { items: inFolder('items.csv') }),
      mapping: {
        ...mapping,
        ...(files['users.csv'] !== undefined && { users: { files: inFolder('users.csv'), fields: { city: 'city' } } }),
      },
      out,
      ...how,
      overwrite: true,
      allowDropped: true,
      report: (line) => lines.push(line),
    })
    const names = readdirSync(out).sort()
    const hashes = await Promise.all(names.map(async (name) => [name, await hashFile(join(out, name))] as const))
    all.push({ hashes: Object.fromEntries(hashes), lines })
  }
  return all
}

describe('a log in partitions', () => {
  it('becomes the same bytes as the whole, over several groups of rows', async () => {
    // Every thirtieth row stands there twice, and some have no time.
    const once = (row: number): number => (row % 30 === 1 ? row - 1 : row)
    const skewed = (row: number, key: number, most: number): number =>
      Math.floor(most * (mixed(once(row), key) / 2 ** 23) ** 1.5)
    const log = logOf(150_000, {
      user: (row) => `u${skewed(row, 1, 900)}`,
      item: (row) => `i${skewed(row, 2, 4000)}`,
      behavior: (row) => (mixed(once(row), 3) % 5 === 0 ? 'buy' : 'view'),
      time: (row) => (row % 1000 === 7 ? 'never' : 1_600_000_000 + 10 * once(row)),
    })
    const mapping: MappingInput = {
      behaviors: ['view', 'buy'],
      filters: { minimumEventsPerItem: 23, minimumEventsPerUser: 113, oddTimes: 'drop' },
    }
    const [whole, ...parted] = await prepared({ 'log.csv': log }, mapping, [1, 5])
    expect(whole?.lines.filter((line) => /dropped for/.test(line)).length).toBe(4)
    expect(whole?.lines.at(-1)).toMatch(/^out \[1\]: 1[2-4]\d{4} events/)
    expect(parted).toEqual([whole, whole])
  }, 120_000)

  it('keeps impressions, an item table and a users file as they are', async () => {
    const rows = 3000
    const log = logOf(rows, {
      user: (row) => `u${mixed(row, 1) % 150}`,
      item: (row) => `i${mixed(row, 2) % 95}`,
      shown: () => 1,
      click: (row) => (mixed(row, 3) % 6 === 0 ? 1 : 0),
      time: (row) => 1_600_000_000 + Math.floor(row / 3),
    })
    const items = logOf(90, { id: (row) => `i${row}`, title: (row) => `Item ${row}`, brand: (row) => `b${row % 4}` })
    const users = logOf(200, { id: (row) => `u${row}`, city: (row) => `c${row % 7}` })
    const files = { 'log.csv': log, 'items.csv': items, 'users.csv': users }
    for (const minimumEventsPerUser of [4, 0]) {
      const mapping: MappingInput = {
        behaviors: [{ name: 'click', when: 'click = 1' }],
        impressions: { labels: { click: 'click' } },
        filters: { unlistedItems: 'drop', minimumEventsPerUser },
      }
      const [whole, ...parted] = await prepared(files, mapping, [1, 2, 7])
      expect(Object.keys(whole?.hashes ?? {})).toContain('impressions.parquet')
      expect(parted).toEqual([whole, whole, whole])
    }
  }, 120_000)

  it('numbers an order as the whole does', async () => {
    const log = logOf(2000, {
      user: (row) => `u${mixed(row, 1) % 40}`,
      item: (row) => `i${mixed(row, 2) % 30}`,
      rating: (row) => mixed(row, 3) % 6,
      place: (row) => Math.floor(row / 70),
    })
    const order: MappingInput = {
      events: { time: 'place', timeUnit: 'order' },
      behaviors: ['click', { name: 'favorite', when: 'rating >= 4' }],
    }
    const labelled: MappingInput = { ...order, impressions: { labels: { favorite: 'rating >= 4' } } }
    for (const mapping of [order, labelled]) {
      const [whole, ...parted] = await prepared({ 'log.csv': log }, mapping, [1, 3])
      expect(whole?.lines.join('\n')).toContain('places in the order that several rows of a user share')
      expect(parted).toEqual([whole, whole])
    }
  }, 120_000)

  it('may have partitions without a user, as beside one who has most of the log', async () => {
    const log = logOf(500, {
      user: (row) => (row % 50 === 0 ? `u${row % 100}` : 'shop'),
      item: (row) => `i${row % 60}`,
      time: (row) => row,
    })
    const [whole, ...parted] = await prepared({ 'log.csv': log }, {}, [1, 16])
    expect(parted).toEqual([whole, whole])
  })

  it('are refused by whoever works on them for a preparation that is gone', async () => {
    using folder = temporaryFolder()
    const stem = join(folder.path, 'gone', '0-filters-0')
    const gone = { label: 'filters', step: 'filters', told: {}, tables: {}, whole: {}, stem, memoryLimit: '64MB' }
    await expect(workOnPartition(gone)).rejects.toThrow(
      /gone: missing: the folder of a partition, expected a preparation/,
    )
  })

  it('names a bad row as the whole does', async () => {
    using folder = temporaryFolder()
    const rows = logOf(40, { user: (row) => `u${row % 8}`, item: (row) => `i${row}`, time: (row) => row })
    const items = logOf(39, { id: (row) => `i${row}` })
    const events = folder.write({ 'log.csv': rows, 'items.csv': items })
    const options = { events, items: join(folder.path, 'items.csv'), out: join(folder.path, 'out') }
    await expect(prepareDataset({ ...options, partitions: 4 })).rejects.toThrow(
      /^log\.csv row 41: unknown: item "i39", expected an item with a row in the item table/,
    )
    expect(readdirSync(folder.path).sort()).toEqual(['items.csv', 'log.csv'])
  })

  it.each([0, 1.5, 257, Number.NaN])('refuses %s partitions', async (partitions) => {
    using folder = temporaryFolder()
    const events = folder.write({ 'log.csv': 'user,item,time\nu,a,1\n' })
    await expect(prepareDataset({ events, out: join(folder.path, 'out'), partitions })).rejects.toThrow(
      `--partitions: invalid: ${partitions}, expected a whole number from 1 to 256`,
    )
  })
})
