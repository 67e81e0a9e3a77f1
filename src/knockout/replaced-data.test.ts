import { describe, expect, it } from 'vitest'
import type { TrainingData } from '../batches/kind.ts'
import { clickSamples } from '../dataset/click-samples.ts'
import type { Events } from '../dataset/schema.ts'
import { splitDataset } from '../dataset/splits.ts'
import { type TinyEvent, tinyDataset, tinyField, withFields } from '../testing/tiny-dataset.ts'
import { replacedData } from './replaced-data.ts'
import type { Signal } from './signals.ts'

const users = 20
const items = 40
/** Three clicks and a favorite of each user, four times. */
const log = Array.from({ length: 16 * users }, (_, at): TinyEvent => {
  const [user, step] = [1 + Math.floor(at / 16), at % 16]
  const item = 1 + ((7 * user + 3 * step + (step % 4 === 3 ? 11 : 0)) % items)
  return [user, item, step % 4 === 3 ? 'favorite' : 'click', 100 * step + user]
})
const vectors = Array.from({ length: items }, (_, at) => (at % 5 === 0 ? null : [at, 2 * at + 1, 7]))
const dataset = withFields(tinyDataset({ events: log, users, items, features: { image: vectors, text: vectors } }), {
  brand: tinyField(Array.from({ length: items }, (_, at) => at % 4)),
})
const data: TrainingData & { samples?: undefined } = { dataset, split: splitDataset(dataset) }
const image: Signal = { kind: 'modality', name: 'image' }
const click: Signal = { kind: 'behavior', name: 'click' }
const brand: Signal = { kind: 'field', name: 'brand' }

const counted = (values: Iterable<unknown>): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const value of values) counts[String(value)] = (counts[String(value)] ?? 0) + 1
  return counts
}
const clicksIn = ({ item, behavior }: Events): Int32Array => item.filter((_, row) => behavior[row] === 0)

describe('events of a behavior', () => {
  it('that are permuted keep the counts of each item and each user, the times, and all other events', () => {
    const { events } = replacedData(data, { signal: click, way: 'permutation', seed: 3 }).dataset
    expect(counted(clicksIn(events))).toEqual(counted(clicksIn(dataset.events)))
    expect([...clicksIn(events)]).not.toEqual([...clicksIn(dataset.events)])
    for (const column of ['user', 'behavior', 'time', 'start'] as const)
      expect(events[column]).toEqual(dataset.events[column])
    const favorites = (all: Events) => all.item.filter((_, row) => all.behavior[row] === 1)
    expect(favorites(events)).toEqual(favorites(dataset.events))
  })
  it('that are noise are of the same items, others than before, and as many', () => {
    const { events } = replacedData(data, { signal: click, way: 'noise', seed: 3 }).dataset
    const known = new Set(clicksIn(dataset.events))
    expect(clicksIn(events).every((item) => known.has(item))).toBe(true)
    expect(clicksIn(events)).toHaveLength(clicksIn(dataset.events).length)
    expect(counted(clicksIn(events))).not.toEqual(counted(clicksIn(dataset.events)))
  })
  it.each(['permutation', 'noise'] as const)('never touch what their user is to be recommended: %s', (way) => {
    for (const seed of [1, 2, 3]) {
      const { events } = replacedData(data, { signal: click, way, seed }).dataset
      for (const row of [...data.split.validation, ...data.split.test]) {
        const own = events.item.filter((_, at) => events.user[at] === events.user[row] && events.behavior[at] === 0)
        expect(own).not.toContain(events.item[row])
      }
    }
  })
  it('that are gone leave the targets and the ends of training at the same events', () => {
    const { dataset: other, split } = replacedData(data, { signal: click, way: 'nothing', seed: 1 })
    const { events } = other
    expect(clicksIn(events)).toHaveLength(0)
    const named = (all: Events, rows: Int32Array | undefined): string[] =>
      Array.from(rows ?? [], (row) => `${all.user[row]} ${all.item[row]} ${all.time[row]}`)
    expect(named(events, split?.validation)).toEqual(named(dataset.events, data.split.validation))
    expect(named(events, split?.test)).toEqual(named(dataset.events, data.split.test))
    for (let user = 1; user <= users; user++) {
      const limit = dataset.events.time[data.split.validation[user - 1] as number] as number
      const rows = events.time.subarray(events.start[user], split?.trainEnd[user])
      expect([rows.length, rows.every((time) => time < limit)]).toEqual([2, true])
    }
  })
  it('are replaced in the histories of samples of clicks, whose candidates and labels stay', () => {
    const settings = {
      source: 'drawn',
      label: 'favorite',
      protocol: 'time',
      testShare: 0.2,
      validationShare: 0.1,
      minimumCount: 2,
      splitSeed: 1,
    } as const
    const samples = clickSamples(dataset, settings)
    const { samples: other } = replacedData({ dataset, samples }, { signal: click, way: 'nothing', seed: 1 })
    for (const name of ['user', 'item', 'label', 'test'] as const) expect(other?.[name]).toEqual(samples[name])
    expect(other?.columns.behavior.includes(0)).toBe(false)
    for (const [sample, end] of (other?.end ?? []).entries()) {
      const { time, start } = other?.columns ?? samples.columns
      const own = time.subarray(start[samples.user[sample] as number], end)
      expect(own.every((at) => at < (samples.time[sample] as number))).toBe(true)
    }
  })
})

describe('vectors', () => {
  const rows = (table: (typeof dataset.features)['image']): string[] =>
    Array.from({ length: items }, (_, at) => String(table?.vectors.subarray((at + 1) * 3, (at + 2) * 3)))
  const { image: own } = dataset.features

  it('that are permuted stay among the items that have one', () => {
    const { image: table, text } = replacedData(data, { signal: image, way: 'permutation', seed: 1 }).dataset.features
    expect(table?.present).toEqual(own?.present)
    expect(counted(rows(table))).toEqual(counted(rows(own)))
    expect(rows(table)).not.toEqual(rows(own))
    expect(rows(table)[0]).toBe('0,0,0')
    expect(text).toBe(dataset.features.text)
  })
  it('that are noise have the mean and the spread of each number', () => {
    const { image: table } = replacedData(data, { signal: image, way: 'noise', seed: 1 }).dataset.features
    const column = (of: typeof own, at: number): number[] =>
      [...(of?.present.keys() ?? [])]
        .filter((item) => of?.present[item])
        .map((item) => of?.vectors[3 * item + at] as number)
    const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
    const spread = (values: readonly number[]): number =>
      Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)))
    for (const at of [0, 1]) {
      const [ours, theirs] = [column(table, at), column(own, at)]
      expect(Math.abs(mean(ours) - mean(theirs))).toBeLessThan(spread(theirs))
      expect(spread(ours) / spread(theirs)).toBeCloseTo(1, 0)
    }
    expect(column(table, 2).every((value) => value === 7)).toBe(true)
  })
  it('that are gone are missing for a trained model, and no part of what another is trained on', () => {
    const shown = replacedData(data, { signal: image, way: 'nothing', seed: 1 }).dataset.features
    expect([shown.image?.present.includes(1), shown.image?.width]).toEqual([false, 3])
    const learned = replacedData(data, { signal: image, way: 'nothing', seed: 1, trains: true }).dataset.features
    expect(Object.keys(learned)).toEqual(['text'])
  })
})

it('values of a field are unknown, permuted or drawn, and unknown ones stay unknown', () => {
  const values = (way: 'nothing' | 'permutation' | 'noise') =>
    replacedData(data, { signal: brand, way, seed: 1 }).dataset.catalog.fields['brand']?.values as Int32Array
  const own = dataset.catalog.fields['brand']?.values as Int32Array
  expect(values('nothing').every((value) => value === 0)).toBe(true)
  expect(counted(values('permutation'))).toEqual(counted(own))
  for (const way of ['permutation', 'noise'] as const)
    expect(values(way).map((value) => Math.min(1, value))).toEqual(own.map((value) => Math.min(1, value)))
})

it('other data have another hash, and the same the same', () => {
  const hash = (way: 'nothing' | 'noise', seed: number) => replacedData(data, { signal: image, way, seed }).dataset.hash
  expect(new Set([hash('nothing', 1), hash('noise', 1), hash('noise', 2), dataset.hash]).size).toBe(4)
  expect(hash('nothing', 2)).toBe(hash('nothing', 1))
})
