import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../../test/fixtures/prepared-files.ts'
import { clickSamples, clickSplitConfig, clickSplitDefaults } from '../../dataset/click-samples.ts'
import { loadDataset } from '../../dataset/load.ts'
import type { Dataset } from '../../dataset/schema.ts'
import { splitDataset } from '../../dataset/splits.ts'
import { prepareDataset } from '../prepare.ts'

const shared = '../shared/data'
const absent = !existsSync(shared)
if (absent) console.warn(`skipped: the tests on real data, because ${shared} is absent`)

const prepared = new Map<string, Promise<Dataset>>()
/** A dataset, prepared by the first test that asks for it. */
function prepare(source: string, name: string): Promise<Dataset> {
  const known = prepared.get(name) ?? prepareAnew(source, name)
  prepared.set(name, known)
  return known
}

async function prepareAnew(source: string, name: string): Promise<Dataset> {
  using folder = temporaryFolder()
  const out = join(folder.path, name)
  await prepareDataset({ source, input: join(shared, name), out })
  return await loadDataset(out)
}

/** Rows out of order: a later one of the same user with an earlier time. */
function disorder({ events }: Dataset): number {
  return events.time.filter(
    (time, row) => events.user[row - 1] === events.user[row] && time < (events.time[row - 1] as number),
  ).length
}

/** How many samples of clicks each part has, split by time, and how many of all are 1. */
function clickCounts(dataset: Dataset): { parts: number[]; ones: number } {
  const { train, validation, test, label } = clickSamples(
    dataset,
    clickSplitConfig.parse(clickSplitDefaults(dataset.manifest)),
  )
  return {
    parts: [train, validation, test].map(({ length }) => length),
    ones: label.reduce((sum, one) => sum + one, 0),
  }
}

describe.skipIf(absent)('real data', () => {
  it('ml-latest-small', async () => {
    const dataset = await prepare('movielens', 'ml-latest-small')
    expect(dataset.manifest.counts).toEqual({
      events: 151_572,
      users: 671,
      items: 9125,
      perBehavior: { click: 100_004, favorite: 51_568 },
    })
    expect(disorder(dataset)).toBe(0)
    // Thousands of ratings share a second with another of the same user: there the order of the log decides.
    const log = readFileSync(join(shared, 'ml-latest-small', 'ratings.csv'), 'utf8')
      .trim()
      .split('\n')
      .slice(1)
    const ratings = log
      .map((line) => line.split(','))
      .sort((a, b) => Number(a[0]) - Number(b[0]) || Number(a[3]) - Number(b[3]))
    const clicks = [...dataset.events.item].filter((_, row) => dataset.events.behavior[row] === 0)
    expect(clicks.map((item) => dataset.catalog.ids[item])).toEqual(ratings.map(([, movie]) => movie))
    expect(splitDataset(dataset).test.length).toBe(671)
    expect(splitDataset(dataset, { protocol: 'time' }).test.length).toBeGreaterThan(10_000)
    expect(dataset.manifest.impressions).toEqual({ count: 100_004, labels: { click: 51_568 } })
    expect(clickCounts(dataset)).toEqual({ parts: [70_002, 10_001, 20_001], ones: 51_568 })
  })

  it('kuairand-pure', async () => {
    const dataset = await prepare('kuairand', 'kuairand-pure')
    const { events, manifest } = dataset
    expect(manifest.counts.items).toBe(7583)
    expect(disorder(dataset)).toBe(0)
    const first = manifest.timesFrom as number
    const untimed = events.time.filter((time) => time < first)
    expect(untimed.length).toBeGreaterThan(800_000)
    expect(Math.min(...new Set(untimed))).toBeGreaterThan(first - 101)
    expect(splitDataset(dataset, { protocol: 'time' }).cuts?.[0]).toBeGreaterThan(first)
    // Of 228,329 rows 5,885 repeat another, and 3,549 are of users with fewer than five events.
    expect(manifest.impressions).toEqual({
      count: 218_895,
      labels: { click: 98_691, like: 3814, follow: 279, long_view: 69_495 },
    })
    expect(clickCounts(dataset)).toEqual({ parts: [153_226, 21_890, 43_779], ones: 98_691 })
    expect(Object.keys(manifest.fields).slice(0, 3)).toEqual(['tag', 'author', 'duration'])
    expect(dataset.impressions?.time.every((time) => time >= first)).toBe(true)
  })

  it.each([
    ['amazon-scientific', 19_712, 2928, 1585],
    ['amazon-baby', 160_792, 19_445, 7050],
  ])('%s', async (name, events, users, items) => {
    const dataset = await prepare('recbole', name)
    expect(dataset.manifest.counts).toMatchObject({ events, users, items })
    const split = splitDataset(dataset)
    expect([split.protocol, split.validation.length, split.test.length]).toEqual(['given', users, users])
    const positives = split.test.length + split.validation.length
    expect(
      clickCounts(dataset)
        .parts.slice(1)
        .reduce((sum, part) => sum + part),
    ).toBe(2 * positives)
    expect(split.test.every((row) => row + 1 === dataset.events.start[(dataset.events.user[row] as number) + 1])).toBe(
      true,
    )
    expect(dataset.catalog.ids[1]).toBe('0')
  })

  it('amazon-scientific has titles by name, not by line', async () => {
    const { catalog } = await prepare('recbole', 'amazon-scientific')
    expect(catalog.titles[1]).toMatch(/^Vive Suction Cup Reacher Grabber/)
  })
})
