import { describe, expect, it } from 'vitest'
import { eventLines, prepareFiles } from '../../test/fixtures/prepared-files.ts'
import type { Dataset } from '../dataset/schema.ts'
import type { MappingInput } from './mapping.ts'

/** The impressions in their order, each as `user item time label:value ...`. */
function impressionLines({ impressions, userIds, catalog }: Dataset): string[] {
  const { user = [], item = [], time = [], labels = {} } = impressions ?? {}
  return Array.from(user, (owner, row) => {
    const told = Object.entries(labels).map(([name, values]) => `${name}:${values[row]}`)
    return [userIds[owner], catalog.ids[item[row] as number], time[row], ...told].join(' ')
  })
}

const clicks: MappingInput = {
  events: { timeUnit: 'milliseconds' },
  behaviors: [{ name: 'click', when: 'clicked = 1' }],
  impressions: { labels: { click: 'clicked' } },
}
const header = 'user,item,time,clicked\n'

describe('impressions', () => {
  it('are all rows of the log, whatever behaviors they are, by user, time and place in the log', async () => {
    const log = 'user,item,time,rating,seen\nv,b,9,2,1\nu,c,7,5,0\nu,a,7,,1\nu,b,6,4,1\n'
    const mapping: MappingInput = {
      events: { timeUnit: 'milliseconds' },
      behaviors: [{ name: 'favorite', when: 'rating >= 4' }],
      impressions: { labels: { high: 'rating >= 4', seen: 'seen', both: 'rating > 4 and seen = 0' } },
    }
    const dataset = await prepareFiles({ 'log.csv': log }, { events: 'log.csv', mapping })
    expect(impressionLines(dataset)).toEqual([
      'v b 9 high:0 seen:1 both:0',
      'u b 6 high:1 seen:1 both:0',
      'u c 7 high:1 seen:0 both:1',
      'u a 7 high:0 seen:1 both:0',
    ])
    expect(eventLines(dataset)).toEqual(['u b favorite 6', 'u c favorite 7'])
    expect(dataset.manifest.impressions).toEqual({ count: 4, labels: { high: 2, seen: 3, both: 1 } })
    expect(dataset.manifest.files['impressions.parquet']).toMatch(/^[0-9a-f]{64}$/)
    // Somebody without an event is a user with an empty history.
    expect(dataset.userIds).toEqual(['', 'v', 'u'])
    expect([...dataset.events.start]).toEqual([0, 0, 0, 2])
  })

  it('of one user and item count once at one time, as 1 where any is, and again at another', async () => {
    const dataset = await prepareFiles(
      { 'log.csv': `${header}u,a,5,0\nu,a,5,1\nu,a,5,0\nu,a,6,0\n` },
      { events: 'log.csv', mapping: clicks, allowDropped: true },
    )
    expect(impressionLines(dataset)).toEqual(['u a 5 click:1', 'u a 6 click:0'])
  })

  it('go with the users whom filters drop, unless no user has to have an event', async () => {
    const log = `${header}u,a,1,1\nu,b,2,1\nu,c,3,0\nv,a,4,1\nv,b,5,0\nw,a,6,0\n`
    const prepared = (minimumEventsPerUser: number) =>
      prepareFiles({ 'log.csv': log }, { events: 'log.csv', mapping: { ...clicks, filters: { minimumEventsPerUser } } })
    const two = await prepared(2)
    expect(impressionLines(two)).toEqual(['u a 1 click:1', 'u b 2 click:1', 'u c 3 click:0'])
    expect(two.manifest.counts).toMatchObject({ users: 1, items: 3 })
    expect((await prepared(1)).userIds).toEqual(['', 'u', 'v'])
    const none = await prepared(0)
    expect(none.userIds).toEqual(['', 'u', 'v', 'w'])
    expect(impressionLines(none).at(-1)).toBe('w a 6 click:0')
  })

  it('share their order with the events where there are no times', async () => {
    const mapping: MappingInput = { ...clicks, events: { timeUnit: 'order' } }
    const log = 'user,item,clicked\nu,a,0\nv,a,1\nu,b,1\nu,b,1\nu,c,0\n'
    const dataset = await prepareFiles({ 'log.csv': log }, { events: 'log.csv', mapping })
    expect(impressionLines(dataset)).toEqual([
      'u a 1 click:0',
      'u b 2 click:1',
      'u b 3 click:1',
      'u c 4 click:0',
      'v a 1 click:1',
    ])
    expect(eventLines(dataset)).toEqual(['u b click 2', 'u b click 3', 'v a click 1'])
  })

  it('of unlisted items are dropped where asked', async () => {
    const mapping: MappingInput = { ...clicks, filters: { unlistedItems: 'drop' } }
    const files = { 'log.csv': `${header}u,a,1,1\nu,x,2,0\nu,b,3,0\n`, 'items.csv': 'id\na\nb\n' }
    const dataset = await prepareFiles(files, { events: 'log.csv', items: 'items.csv', mapping })
    expect(impressionLines(dataset)).toEqual(['u a 1 click:1', 'u b 3 click:0'])
  })

  it('are there only where labels are', async () => {
    const dataset = await prepareFiles(
      { 'log.csv': `${header}u,a,1,1\n` },
      { events: 'log.csv', mapping: { ...clicks, impressions: {} } },
    )
    expect(dataset).not.toHaveProperty('impressions')
    expect(Object.keys(dataset.manifest.files)).toEqual(['events.parquet', 'users.parquet', 'items.parquet'])
    expect(dataset.manifest).not.toHaveProperty('impressions')
  })
})

describe('users and numbers', () => {
  const files = {
    'log.csv': 'user,item,time\nv,a,1\nu,b,1\nw,a,1\n',
    'items.csv': 'id,price\na,2.5\nb,\n',
    'users.csv': 'user_id,city,age\nz,Oslo,9\nu,Rome/Lazio,-30\nv,,1e3\n',
  }

  it('are told by files of their own, in the order of the dataset', async () => {
    const mapping: MappingInput = { items: { numbers: { price: 'price' } } }
    const users: MappingInput['users'] = {
      id: 'user_id',
      fields: { city: { column: 'city', before: '/' } },
      numbers: { age: 'age' },
    }
    const path = 'shop.yaml'
    const yaml = JSON.stringify({
      ...mapping,
      filters: { minimumEventsPerUser: 0 },
      users: { ...users, files: 'users.csv' },
    })
    const dataset = await prepareFiles(
      { ...files, [path]: yaml },
      { events: 'log.csv', items: 'items.csv', mapping: path },
    )
    expect(dataset.userIds).toEqual(['', 'v', 'u', 'w'])
    expect(dataset.users).toEqual({
      fields: { city: { values: Int32Array.of(0, 0, 1, 0), vocabulary: ['', 'Rome'] } },
      numbers: { age: Float32Array.of(Number.NaN, 1000, -30, Number.NaN) },
    })
    expect(dataset.catalog.numbers).toEqual({ price: Float32Array.of(Number.NaN, 2.5, Number.NaN) })
    expect(dataset.manifest).toMatchObject({ numbers: ['price'], users: { fields: { city: 1 }, numbers: ['age'] } })
  })
})

describe('bad input of impressions and users', () => {
  const mapped = (mapping: MappingInput): MappingInput => ({ ...clicks, ...mapping })
  it.each<[string, Record<string, string>, MappingInput, RegExp]>([
    [
      'a label other than 0 and 1',
      { 'log.csv': `${header}u,a,1,1\nu,b,2,0.5\n` },
      clicks,
      /^log\.csv row 3, column "clicked": invalid: "0\.5", expected 0 or 1$/,
    ],
    [
      'no label',
      { 'log.csv': `${header}u,a,1,1\nu,b,2,\n` },
      clicks,
      /^log\.csv row 3, column "clicked": invalid: nothing, expected 0 or 1$/,
    ],
    [
      'a label that is always 1',
      { 'log.csv': `${header}u,a,1,1\nu,b,2,1\n` },
      clicks,
      /^log\.csv, column "clicked": invalid: label click is 1 in all 2 impressions, expected both 0 and 1 among the impressions$/,
    ],
    [
      'a condition that never holds',
      { 'log.csv': `${header}u,a,1,1\nu,b,2,1\n` },
      mapped({ impressions: { labels: { late: 'time > 5' } } }),
      /^log\.csv, time > 5: invalid: label late is 0 in all 2 impressions/,
    ],
    [
      'a label without a column',
      { 'log.csv': `${header}u,a,1,1\n` },
      mapped({ impressions: { labels: { click: 'click' } } }),
      /^log\.csv: missing: column "click", expected one of "user", .*\. name it with impressions\.labels\.click in the mapping$/,
    ],
    [
      'an impression of an unlisted item',
      { 'log.csv': `${header}u,a,1,1\nu,x,2,0\nu,x,3,0\n`, 'items.csv': 'id\na\n' },
      clicks,
      /^log\.csv row 3: unknown: item "x", expected an item with a row in the item table \(the items of 2 impressions have none\)\. add it there, or set/,
    ],
    [
      'an item number that is none',
      { 'log.csv': `${header}u,a,1,1\nu,a,2,0\n`, 'items.csv': 'id,price\na,free\n' },
      mapped({ items: { numbers: { price: 'price' } } }),
      /^items\.csv row 2, column "price": invalid: "free", expected a number$/,
    ],
    [
      'a user number that is none',
      { 'log.csv': `${header}u,a,1,1\nu,a,2,0\n`, 'users.csv': 'user,age\nv,3\nu,nan\n' },
      mapped({ users: { numbers: { age: 'age' } } }),
      /^users\.csv row 3, column "age": invalid: "nan", expected a number$/,
    ],
    [
      'a users file without ids',
      { 'log.csv': `${header}u,a,1,1\nu,a,2,0\n`, 'users.csv': 'who,age\nu,3\n' },
      clicks,
      /^users\.csv: missing: column "user" or .*, expected one of "who", "age"\. name it with users\.id in the mapping$/,
    ],
    [
      'a user twice',
      { 'log.csv': `${header}u,a,1,1\nu,a,2,0\n`, 'users.csv': 'user\nu\nv\nu\n' },
      clicks,
      /^users\.csv row 4: duplicate: user "u", already in users\.csv row 2\. keep one of them$/,
    ],
    [
      'an unknown key',
      {},
      mapped({ impressions: { label: {} } as object }),
      /^mapping impressions: unknown: "label", expected one of labels/,
    ],
  ])('%s', async (_, files, mapping, sentence) => {
    const users = 'users.csv' in files ? { users: { ...mapping.users, files: 'users.csv' } } : {}
    const yaml = JSON.stringify({ ...mapping, ...users, filters: { minimumEventsPerUser: 0 } })
    const options = { events: 'log.csv', ...('items.csv' in files ? { items: 'items.csv' } : {}), mapping: 'mapping' }
    const prepared = prepareFiles({ ...files, mapping: yaml }, options)
    await expect(prepared.catch(inFolder)).rejects.toThrow(sentence)
  })

  it('leaves out a label of a source itself that is the same everywhere', async () => {
    const lines: string[] = []
    const files = {
      'ratings.csv': 'userId,movieId,rating,timestamp\n1,10,4,100\n1,20,5,101\n',
      'movies.csv': 'movieId,title,genres\n10,A,\n20,B,\n',
    }
    const dataset = await prepareFiles(files, { source: 'movielens', report: (line) => lines.push(line) })
    expect(dataset.impressions).toBeUndefined()
    expect(lines).toContain('left out: label click is 1 in all 2 impressions')
  })
})

/** The mapping's path without its folder, so that sentences are the same everywhere. */
function inFolder(error: Error): never {
  throw new Error(error.message.replace(/^\S*\/(?=mapping)/, ''))
}
