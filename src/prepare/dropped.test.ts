import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import type { MappingInput } from './mapping.ts'
import { type PrepareOptions, prepareDataset } from './prepare.ts'

/** Users with five events each, then `idle` users with one, then repetitions of the first event. */
function logOf(idle: number, repeated = 0): string {
  const many = Array.from({ length: 100 }, (_, at) => `u${Math.floor(at / 5)},i${at % 5},${at},1`)
  const few = Array.from({ length: idle }, (_, at) => `v${at},i0,${at},${at % 2}`)
  const again = Array.from({ length: repeated }, () => 'u0,i0,0,1')
  return `${['user,item,time,clicked', ...many, ...few, ...again].join('\n')}\n`
}

/** The warnings of preparing a log, with the mapping as the user writes it. */
async function warnings(log: string, options: Partial<PrepareOptions> = {}): Promise<string[]> {
  using folder = temporaryFolder()
  const lines: string[] = []
  const report = (line: string): void => void lines.push(line)
  await prepareDataset({ events: folder.write({ 'log.csv': log }), out: join(folder.path, 'out'), report, ...options })
  return lines.filter((line) => line.startsWith('warning: '))
}

const told = (events: number, share: string, all: number): string =>
  `warning: dropped for "users with fewer than 5 events": ${events} events (${share} of ${all}), ${events} users, 0 items`
const keptBy = (minimumEventsPerUser: number): MappingInput => ({ filters: { minimumEventsPerUser } })

describe('what is left out', () => {
  it('is a warning with the reason, the count and the share from 1 %', async () => {
    expect(await warnings(logOf(1))).toEqual([])
    expect(await warnings(logOf(2))).toEqual([told(2, '2 %', 102)])
    expect(await warnings(logOf(0, 2))).toEqual([
      'warning: dropped for "exact duplicates": 2 events (2 % of 102), 0 users, 0 items',
    ])
  })

  it('stops from 20 %, unless the flag allows it or the mapping asks for it', async () => {
    expect(await warnings(logOf(25))).toEqual([told(25, '20 %', 125)])
    await expect(warnings(logOf(26))).rejects.toThrow(
      /^out: invalid: "users with fewer than 5 events" drops 26 of 126 events \(20\.6 %\), expected at most 20 %\. write filters\.minimumEventsPerUser into the mapping \(1 keeps every user\), or allow it with --allow-dropped$/,
    )
    expect(await warnings(logOf(26), { allowDropped: true })).toEqual([told(26, '20.6 %', 126)])
    expect(await warnings(logOf(26), { mapping: keptBy(5) })).toEqual([told(26, '20.6 %', 126)])
    expect(await warnings(logOf(26), { mapping: keptBy(1) })).toEqual([])
  })

  it('stops for what another filter of the mapping did not ask for', async () => {
    const options = { mapping: keptBy(5) }
    await expect(warnings(logOf(0, 26), options)).rejects.toThrow(
      /^out: invalid: "exact duplicates" drops 26 of 126 events \(20\.6 %\), expected at most 20 %\. allow it with --allow-dropped$/,
    )
    await expect(warnings(logOf(26), { mapping: { filters: { oddTimes: 'drop' } } })).rejects.toThrow(
      /"users with fewer than 5 events" drops 26/,
    )
  })

  it('counts impressions for each reason too', async () => {
    const mapping: MappingInput = {
      behaviors: [{ name: 'click', when: 'clicked = 1' }],
      impressions: { labels: { click: 'clicked' } },
    }
    // Of the idle users half clicked once, so they lose few events but many impressions.
    await expect(warnings(logOf(30), { mapping })).rejects.toThrow(
      /^out: invalid: "users that are left out" drops 30 of 130 impressions \(23\.1 %\), .*filters\.minimumEventsPerUser/,
    )
    expect(await warnings(logOf(4, 2), { mapping })).toContain(
      'warning: dropped for "repeated impressions": 2 impressions (1.9 % of 106)',
    )
  })

  it('warns of items that are listed twice', async () => {
    using folder = temporaryFolder()
    folder.write({ 'items.csv': 'id\ni0\ni1\ni2\ni3\ni4\ni0\n' })
    const options = {
      items: join(folder.path, 'items.csv'),
      mapping: { filters: { duplicateItems: 'first' as const } },
    }
    expect(await warnings(logOf(0), options)).toEqual(['warning: dropped for "duplicate items": 1 items (16.7 % of 6)'])
  })

  it('is meant by the source of raw Amazon reviews', async () => {
    using folder = temporaryFolder()
    const reviews = Array.from(
      { length: 10 },
      (_, at) => `{"reviewerID":"${at < 5 ? 'R' : `S${at}`}","asin":"B${at}","unixReviewTime":${1000 + at}}\n`,
    )
    folder.write({ 'reviews_Baby.json': reviews.join('') })
    const out = join(folder.path, 'out')
    const { counts } = await prepareDataset({ source: 'amazon', input: folder.path, out })
    expect(counts).toMatchObject({ events: 5, users: 1 })
  })
})
