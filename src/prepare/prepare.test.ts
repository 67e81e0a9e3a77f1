import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { eventLines, prepareFiles, temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import { loadDataset } from '../dataset/load.ts'
import type { FeatureSources } from '../dataset/schema.ts'
import { literal, openDatabase } from '../storage/duckdb.ts'
import type { MappingInput } from './mapping.ts'
import { prepareDataset } from './prepare.ts'

const favorites: MappingInput = { behaviors: ['click', { name: 'favorite', when: 'rating >= 4' }] }

describe('prepare', () => {
  it('keeps the order of the log where times are equal, over several files', async () => {
    const dataset = await prepareFiles(
      { 'b.csv': 'user,item,time\nu2,i9,5\nu1,i3,7\nu1,i1,7\n', 'c.csv.gz': 'user,item,time\nu1,i2,7\nu1,i0,6\n' },
      { events: ['b.csv', 'c.csv.gz'] },
    )
    expect(eventLines(dataset)).toEqual([
      'u2 i9 click 5000',
      'u1 i0 click 6000',
      'u1 i3 click 7000',
      'u1 i1 click 7000',
      'u1 i2 click 7000',
    ])
    expect([...dataset.events.start]).toEqual([0, 0, 1, 5])
  })

  it('derives behaviors from columns, at one time', async () => {
    const dataset = await prepareFiles(
      { 'log.csv': 'user,item,rating,time\nu,a,3.5,1\nu,b,4,2\nu,c,,3\n' },
      { events: 'log.csv', mapping: favorites },
    )
    expect(eventLines(dataset)).toEqual(['u a click 1000', 'u b click 2000', 'u b favorite 2000', 'u c click 3000'])
    expect(dataset.manifest.target).toBe('favorite')
  })

  it('reads behaviors by name, from other names, and leaves out those to be ignored', async () => {
    const mapping: MappingInput = {
      behaviors: ['view', { name: 'buy', from: ['pay', 'order'] }],
      ignoredBehaviors: ['show'],
    }
    const rows = 'u,a,view,1\nu,a,show,2\nu,a,pay,3\nu,b,order,4\n'
    const dataset = await prepareFiles({ 'log.csv': `user,item,action,time\n${rows}` }, { events: 'log.csv', mapping })
    expect(eventLines(dataset)).toEqual(['u a view 1000', 'u a buy 3000', 'u b buy 4000'])
    expect(dataset.manifest.counts).toEqual({ events: 3, users: 1, items: 2, perBehavior: { view: 1, buy: 2 } })
  })

  it.each([
    ['1700000000.5', {}, 1_700_000_000_500],
    ['1700000000500', {}, 1_700_000_000_500],
    ['1700000000500000', {}, 1_700_000_000_500],
    ['2024-01-31T18:00:00Z', {}, 1_706_724_000_000],
    ['2024-01-31 20:00:00+02', {}, 1_706_724_000_000],
    ['2024-01-31', {}, 1_706_659_200_000],
    ['31/01/2024 18:00', { timeFormat: '%d/%m/%Y %H:%M' }, 1_706_724_000_000],
    ['12', { timeUnit: 'milliseconds' }, 12],
  ] as const)('reads the time %s', async (text, events, expected) => {
    const dataset = await prepareFiles(
      { 'log.csv': `user,item,time\nu,a,${text}\n` },
      { events: 'log.csv', mapping: { events } },
    )
    expect([...dataset.events.time]).toEqual([expected])
  })

  it('compares with texts in quotes, whatever is in them', async () => {
    const log = "user,item,shelf,time\nu,a,salt and pepper,1\nu,b,salt,2\nu,c,it's,3\n"
    const behaviors = [
      { name: 'spice', when: "shelf = 'salt and pepper' and time < 9" },
      { name: 'other', when: 'shelf != "salt and pepper" AND shelf != "it\'s"' },
    ]
    const dataset = await prepareFiles({ 'log.csv': log }, { events: 'log.csv', mapping: { behaviors } })
    expect(eventLines(dataset)).toEqual(['u a spice 1000', 'u b other 2000'])
  })

  it('numbers the events of each user where there is only an order', async () => {
    const log = 'user,item,rating\nu,a,5\nv,a,1\nu,b,1\n'
    const dataset = await prepareFiles(
      { 'log.csv': log },
      { events: 'log.csv', mapping: { ...favorites, events: { timeUnit: 'order' } } },
    )
    expect(eventLines(dataset)).toEqual(['u a click 1', 'u a favorite 1', 'u b click 2', 'v a click 1'])
    expect(dataset.manifest.time).toBe('order')
  })

  it('reads JSON lines and tab-separated values', async () => {
    const dataset = await prepareFiles(
      {
        'log.jsonl': '{"user":1,"item":"a","time":5}\n{"user":1,"item":"b","time":6}\n',
        'items.tsv': 'id\ttitle\tbrand\nb\tsay "b"\tx\na\tA\t\n',
      },
      { events: 'log.jsonl', items: 'items.tsv' },
    )
    expect(eventLines(dataset)).toEqual(['1 a click 5000', '1 b click 6000'])
    expect(dataset.catalog.ids).toEqual(['', 'b', 'a'])
    expect(dataset.catalog.titles).toEqual(['', 'say "b"', 'A'])
    expect(dataset.catalog.fields).toEqual({ brand: { values: Int32Array.of(0, 1, 0), vocabulary: ['', 'x'] } })
  })

  it('reads Parquet with columns of any type', async () => {
    using folder = temporaryFolder()
    const events = join(folder.path, 'log.parquet')
    {
      using db = await openDatabase()
      await db.run(
        `COPY (SELECT 7 AS user, 'a' AS item, TIMESTAMP '2024-01-31 18:00:00' AS time) TO ${literal(events)} (FORMAT parquet)`,
      )
    }
    const out = join(folder.path, 'out')
    await prepareDataset({ events, out, mapping: { filters: { minimumEventsPerUser: 0 } } })
    expect(eventLines(await loadDataset(out))).toEqual(['7 a click 1706724000000'])
  })

  it('keeps items that nobody touched, and says what each filter took', async () => {
    const log = 'user,item,rating,time\nu,a,5,1\nu,a,5,1\nu,b,5,2\nv,b,5,1\nv,c,5,1\nw,z,1,1\n'
    const mapping: MappingInput = { ...favorites, filters: { minimumEventsPerUser: 2, unlistedItems: 'drop' } }
    const dataset = await prepareFiles(
      { 'log.csv': log, 'items.csv': 'item\nd\nc\nb\na\n' },
      { events: 'log.csv', items: 'items.csv', mapping },
    )
    expect(dataset.catalog.ids).toEqual(['', 'd', 'c', 'b', 'a'])
    expect(dataset.manifest.dropped).toEqual([
      { filter: 'items not in the item table', events: 1, users: 1, items: 0 },
      { filter: 'exact duplicates', events: 2, users: 0, items: 0 },
    ])
  })

  it('counts a click and the favorite derived from it as one event of the user', async () => {
    const log = `user,item,rating,time\nu,a,5,1\nu,b,5,2\n${[1, 2, 3, 4, 5].map((at) => `v,a,1,${at}\n`).join('')}`
    const dataset = await prepareFiles(
      { 'log.csv': log },
      { events: 'log.csv', mapping: { ...favorites, filters: { minimumEventsPerUser: 5 } } },
    )
    expect(dataset.userIds).toEqual(['', 'v'])
    expect(dataset.catalog.ids).toEqual(['', 'a'])
    expect(dataset.manifest.dropped).toEqual([
      { filter: 'users with fewer than 5 events', events: 4, users: 1, items: 1 },
    ])
  })

  it('hands out texts and pictures, and stores the features made of them', async () => {
    const seen: FeatureSources[] = []
    const dataset = await prepareFiles(
      {
        'log.csv': 'user,item,time\nu,1,1\nu,2,1\n',
        'items.csv': 'id,title,genres\n1,One,a|b\n2,Two,\n',
        'posters/1.jpg': 'x',
        'posters/3.png': 'x',
      },
      {
        events: 'log.csv',
        items: 'items.csv',
        images: 'posters',
        mapping: { items: { text: ['genres'] } },
        features: (catalog) => {
          seen.push(catalog)
          return Promise.resolve({
            image: {
              encoder: 'test',
              table: { width: 2, vectors: Float32Array.of(0, 0, 1, 2, 0, 0), present: Uint8Array.of(0, 1, 0) },
              broken: ['3.png'],
            },
          })
        },
      },
    )
    expect(seen[0]?.ids).toEqual(['', '1', '2'])
    expect(seen[0]?.titles).toEqual(['', 'One a b', 'Two'])
    expect(seen[0]?.images.map((path) => path?.endsWith('/posters/1.jpg') ?? null)).toEqual([null, true, null])
    expect(dataset.manifest.features).toEqual({ image: { encoder: 'test', width: 2, present: 1, broken: ['3.png'] } })
    expect(dataset.features.image).toEqual({
      width: 2,
      vectors: Float32Array.of(0, 0, 1, 2, 0, 0),
      present: Uint8Array.of(0, 1, 0),
    })
  })

  it('writes the same bytes again, on one thread or two', async () => {
    const log = Array.from(
      { length: 3000 },
      (_, at) => `u${(at * 7) % 40},i${(at * at) % 91},${Math.floor(at / 9)}\n`,
    ).join('')
    const prepared = (threads: number) =>
      prepareFiles({ 'log.csv': `user,item,time\n${log}` }, { events: 'log.csv', threads })
    const [one, two] = [await prepared(1), await prepared(2)]
    expect(two.hash).toBe(one.hash)
  })

  it('replaces a dataset only when allowed', async () => {
    using folder = temporaryFolder()
    const events = folder.write({ 'log.csv': 'user,item,time\nu,a,1\n' })
    const options = { events, mapping: { filters: { minimumEventsPerUser: 0 } }, out: join(folder.path, 'out') }
    await prepareDataset(options)
    await expect(prepareDataset(options)).rejects.toThrow(/out: duplicate: the folder already exists/)
    await prepareDataset({ ...options, overwrite: true })
    expect(readdirSync(folder.path).sort()).toEqual(['log.csv', 'out'])
  })
})

describe('bad input', () => {
  const header = 'user,item,rating,time\n'
  it.each<[string, Record<string, string>, MappingInput, RegExp]>([
    [
      'a missing column',
      { 'log.csv': 'user,thing,time\nu,a,1\n' },
      {},
      /^log\.csv: missing: column "item" or .*, expected one of "user", "thing", "time"\. name it with events\.item/,
    ],
    [
      'a missing named column',
      { 'log.csv': `${header}u,a,1,1\n` },
      { events: { time: 'when' } },
      /^log\.csv: missing: column "when", expected one of "user"/,
    ],
    [
      'an unparsable time',
      { 'log.csv': `${header}u,a,1,1\nu,b,1,soon\nu,b,1,2\n` },
      {},
      /^log\.csv row 3, column "time": invalid: "soon", expected a number of seconds since 1970, before 2100\. correct it, or drop such rows with filters\.oddTimes: drop in the mapping$/,
    ],
    [
      'an unparsable number',
      { 'log.csv': `${header}u,a,good,1\n` },
      favorites,
      /^log\.csv row 2, column "rating": invalid: "good", expected a number$/,
    ],
    [
      'an empty id',
      { 'log.csv': `${header}u,,1,1\n` },
      {},
      /^log\.csv row 2, column "item": missing: nothing, expected an id$/,
    ],
    [
      'an unknown behavior',
      { 'log.csv': 'user,item,action,time\nu,a,click,1\nu,a,clack,1\n' },
      {},
      /^log\.csv row 3, column "action": unknown: "clack", expected one of click\. did you mean "click"\?$/,
    ],
    [
      'a behavior that is not declared',
      { 'log.csv': 'user,item,action,time\nu,a,click,1\nu,a,wishlist,1\n' },
      {},
      /column "action": unknown: "wishlist", expected one of click\. declare it under behaviors in the mapping, or list/,
    ],
    [
      'a row with too few values',
      { 'log.csv': `${header}u,a,1,1\nu,a\n` },
      {},
      /^log\.csv row 3: invalid: 2 cells, expected 4 as in the header$/,
    ],
    [
      'an item without a catalog row',
      { 'log.csv': `${header}u,a,1,1\nu,b,1,1\n`, 'items.csv': 'id\na\n' },
      {},
      /^log\.csv row 3: unknown: item "b", expected an item with a row in the item table/,
    ],
    [
      'a duplicate item',
      { 'log.csv': `${header}u,a,1,1\n`, 'items.csv': 'id\na\nb\na\n' },
      {},
      /^items\.csv row 4: duplicate: item "a", already in items\.csv row 2/,
    ],
    [
      'too little for the filters',
      { 'log.csv': `${header}u,a,1,1\nu,a,1,1\n` },
      { filters: { minimumEventsPerUser: 5 } },
      /^out: empty: none of 2 events is left\. "exact duplicates" removed 1; "users with fewer than 5 events" removed 1; /,
    ],
    [
      'rows of guests',
      { 'log.csv': `${header}u,a,1,1\n,a,1,2\n ,a,1,3\nv,a,1,4\n,a,1,5\n` },
      {},
      /^log\.csv row 3, column "user": missing: nothing, and in 2 of 5 rows more, expected an id\. leave such rows out/,
    ],
    [
      'a condition nobody can read',
      { 'log.csv': `${header}u,a,1,1\n` },
      { behaviors: [{ name: 'x', when: 'rating about 4' }] },
      /^behavior "x": invalid: when: rating about 4, expected a condition like rating >= 4 with =, !=, <, <=, > or >=/,
    ],
    ...[
      'rating >=',
      '>= 4',
      'rating >= 4 and',
      'rating >= 4 and ',
      'and rating >= 4',
      'rating >= 4 or rating < 2',
      'rating == 4',
      'rating => 4',
      "item = 'a",
      'rating >= 4; item = a',
      '',
      ' ',
    ].map((when): [string, Record<string, string>, MappingInput, RegExp] => [
      `the condition "${when}"`,
      { 'log.csv': `${header}u,a,1,1\n` },
      { behaviors: [{ name: 'x', when }] },
      /^behavior "x": invalid: when: .*, expected a condition like/,
    ]),
    ...[
      ['click', 'buy'],
      ['click', { name: 'buy', from: 'pay' }],
    ].map((behaviors): [string, Record<string, string>, MappingInput, RegExp] => [
      'behaviors that no column tells apart',
      { 'log.csv': `${header}u,a,1,1\n` },
      { behaviors },
      /^log\.csv: missing: the column of behaviors, which behavior "buy" needs\. name it with events\.behavior/,
    ]),
    ['an empty file', { 'log.csv': '' }, {}, /^log\.csv: empty: no header line$/],
  ])('%s', async (_, files, mapping, sentence) => {
    const items = 'items.csv' in files ? { items: 'items.csv' } : {}
    await expect(prepareFiles(files, { events: 'log.csv', ...items, mapping })).rejects.toThrow(sentence)
  })

  it('is placed in its own file among several', async () => {
    const files = { 'a.csv': 'user,item,time\nu,a,1\nu,a,2\n', 'b.csv': 'user,item,time\nu,a,3\nu,a,x\n' }
    await expect(prepareFiles(files, { events: ['a.csv', 'b.csv'] })).rejects.toThrow(
      /^b\.csv row 3, column "time": invalid: "x"/,
    )
  })

  it('refuses features of the wrong size or with NaN', async () => {
    const make = (vectors: number[], present: number[]) =>
      prepareFiles(
        { 'log.csv': 'user,item,time\nu,a,1\n' },
        {
          events: 'log.csv',
          features: () =>
            Promise.resolve({
              text: {
                encoder: 'test',
                table: { width: 2, vectors: Float32Array.from(vectors), present: Uint8Array.from(present) },
                broken: [],
              },
            }),
        },
      )
    await expect(make([0, 0, 1], [0, 1])).rejects.toThrow(
      /^text features of test: mismatched: 3 numbers for 1 items, expected 1 items of width 2$/,
    )
    await expect(make([0, 0, 1, Number.NaN], [0, 1])).rejects.toThrow(
      /^text features of test, item 1: invalid: NaN, expected finite numbers$/,
    )
  })

  it('leaves nothing behind', async () => {
    using folder = temporaryFolder()
    const events = folder.write({ 'log.csv': 'user,item,time\nu,a,soon\nu,a,1\n' })
    await expect(prepareDataset({ events, out: join(folder.path, 'out') })).rejects.toThrow(/row 2/)
    expect(readdirSync(folder.path)).toEqual(['log.csv'])
    await expect(
      prepareDataset({ events: join(folder.path, 'none*.csv'), out: join(folder.path, 'out') }),
    ).rejects.toThrow(/none\*\.csv: missing: no such file$/)
    expect(existsSync(join(folder.path, 'out'))).toBe(false)
  })

  it('names the sources when one is unknown', async () => {
    await expect(prepareFiles({}, { source: 'movielense' })).rejects.toThrow(
      /^source: unknown: "movielense", expected one of csv, .* did you mean "movielens"\?$/,
    )
  })
})
