import { describe, expect, it } from 'vitest'
import { eventLines, prepareFiles } from '../../../test/fixtures/prepared-files.ts'
import type { Dataset } from '../../dataset/schema.ts'
import type { MappingInput } from '../mapping.ts'

const day = Date.UTC(2024, 0, 31)
const log = (times: readonly string[], delimiter = ','): string =>
  ['user,item,time', ...times.map((time, at) => `u,i${at},${time}`)].join('\n').replaceAll(',', delimiter)

const prepared = (text: string | Uint8Array, mapping: MappingInput = {}, said: string[] = []): Promise<Dataset> =>
  prepareFiles({ 'log.csv': text }, { events: 'log.csv', mapping, report: (line) => said.push(line) })

describe('dates of a spreadsheet', () => {
  it.each([
    ['%d/%m/%Y', ['31/01/2024', '01/02/2024']],
    ['%m/%d/%Y', ['01/31/2024', '02/01/2024']],
    ['%d.%m.%Y', ['31.01.2024', '01.02.2024']],
    ['%d/%m/%Y %H:%M', ['31/01/2024 00:00', '01/02/2024 00:00']],
  ])('are read by %s, where nothing else can be meant, and told', async (pattern, times) => {
    const said: string[] = []
    const { events } = await prepared(log(times), {}, said)
    expect([...events.time]).toEqual([day, day + 86_400_000])
    expect(said).toContain(`times in column "time" read as ${pattern}`)
  })

  it('are asked about where the day could be the month', async () => {
    await expect(prepared(log(['03/04/2024', '05/06/2024']))).rejects.toThrow(
      /^log\.csv row 2, column "time": mismatched: "03\/04\/2024", where the day could be the month, expected .* set events\.timeFormat to '%d\/%m\/%Y' or '%m\/%d\/%Y' in the mapping$/,
    )
  })
})

describe('a file of semicolons', () => {
  const text = log(['2024-01-31'], ';')

  it('names the key to set, also where cells have commas', async () => {
    await expect(prepared(text)).rejects.toThrow(/set events\.delimiter to ';' in the mapping$/)
    await expect(prepared(`${text};9,5\n`.replace('time', 'time;price'))).rejects.toThrow(
      /^log\.csv row 2: invalid: 2 cells, expected 1 as in the header\. set delimiter to ';', or what else/,
    )
    expect((await prepared(text, { events: { delimiter: ';' } })).events.item.length).toBe(1)
  })
})

describe('letters of another encoding', () => {
  const text = 'user,item,time\nJosé,café,2024-01-31\n'
  const latin = Buffer.from(text, 'latin1')
  const wide = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')])
  const ids = ({ userIds, catalog }: Dataset): string[] => [userIds[1] as string, catalog.ids[1] as string]

  it('are named with the key to set', async () => {
    await expect(prepared(latin)).rejects.toThrow(
      /^log\.csv row 2: invalid: bytes that are no UTF-8, .* set encoding to latin-1 in the mapping$/,
    )
    await expect(prepared(wide)).rejects.toThrow(
      /^log\.csv: unsupported: UTF-16 text, .* set encoding to utf-16 in the map/,
    )
  })

  it('are read where the key is set, and errors name the right row', async () => {
    expect(ids(await prepared(latin, { events: { encoding: 'latin-1' } }))).toEqual(['José', 'café'])
    expect(ids(await prepared(wide, { events: { encoding: 'utf-16' } }))).toEqual(['José', 'café'])
    const bad = Buffer.concat([latin, Buffer.from('Zoë,x,soon\n', 'latin1')])
    await expect(prepared(bad, { events: { encoding: 'latin-1', timeUnit: 'text' } })).rejects.toThrow(
      /^log\.csv row 3, column "time"/,
    )
    await expect(prepared(wide.subarray(0, -1), { events: { encoding: 'utf-16' } })).rejects.toThrow(
      'log.csv: invalid: bytes of another encoding, expected utf-16',
    )
  })

  it('are always UTF-8 in JSON', async () => {
    const line = prepareFiles(
      { 'log.jsonl': '{}\n' },
      { events: 'log.jsonl', mapping: { events: { encoding: 'latin-1' } } },
    )
    await expect(line).rejects.toThrow('log.jsonl: unsupported: encoding latin-1 of JSON, which is always UTF-8')
  })
})

describe('columns of an item table', () => {
  const items = 'id;price;Action;Comedy\ni0;€ 1.234,50;0;1\ni1;;1;1\ni2;7;0;0\n'
  const read = (mapping: MappingInput['items']): Promise<Dataset> =>
    prepareFiles(
      { 'log.csv': log(['2024-01-31', '2024-02-01', '2024-02-02']), 'items.csv': items },
      { events: 'log.csv', items: 'items.csv', mapping: { items: { delimiter: ';', ...mapping } } },
    )

  it('are prices with a currency sign and a decimal comma, where the mapping says so', async () => {
    const { catalog } = await read({ numbers: { price: { column: 'price', strip: '€ ', decimal: ',' } } })
    expect([...(catalog.numbers?.['price'] ?? [])]).toEqual([Number.NaN, 1234.5, Number.NaN, 7])
  })

  it('name the keys to set where they do not', async () => {
    await expect(read({ numbers: { price: 'price' } })).rejects.toThrow(
      'items.csv row 2, column "price": invalid: "€ 1.234,50", expected a number. set strip and decimal of items.numbers.price in the mapping, such as { column: price, strip: "$", decimal: "," }',
    )
  })

  it('are refused as they are written, where a point in the wrong place would make them a hundred times as much', async () => {
    const priced = (price: string): Promise<Dataset> =>
      prepareFiles(
        { 'log.csv': log(['2024-01-31', '2024-02-01', '2024-02-02']), 'items.csv': items.replace('7', price) },
        {
          events: 'log.csv',
          items: 'items.csv',
          mapping: {
            items: { delimiter: ';', numbers: { price: { column: 'price', strip: '€ ', decimal: ',' } } },
          },
        },
      )
    for (const [price, number] of [
      ['1.234', 1234],
      ['-12.345.678,5', -12345678.5],
      ['12,50', 12.5],
    ] as const)
      expect((await priced(price)).catalog.numbers?.['price']?.[3]).toBe(Math.fround(number))
    for (const price of ['€ 12.50', '1.2345', '€ x'])
      await expect(priced(price)).rejects.toThrow(
        `items.csv row 4, column "price": invalid: "${price}", expected a number as 1.234,50`,
      )
  })

  it('are one-hot: the first that is 1 gives the value', async () => {
    const { catalog } = await read({ fields: { category: { oneHot: ['Action', 'Comedy'] } } })
    const { values, vocabulary } = catalog.fields['category'] ?? { values: [], vocabulary: [] }
    expect(Array.from(values, (value) => vocabulary[value])).toEqual(['', 'Comedy', 'Action', ''])
    await expect(read({ fields: { category: { oneHot: ['Action', 'Drama'] } } })).rejects.toThrow(
      /items\.csv: missing: column "Drama"/,
    )
    await expect(read({ fields: { category: { column: 'Action', oneHot: ['Action', 'Comedy'] } } })).rejects.toThrow(
      /items\.fields\.category: invalid: .*, expected either column or oneHot/,
    )
  })
})

describe('a JSON array', () => {
  it('is refused with how to make lines of it', async () => {
    const array = prepareFiles({ 'log.json': '[{"user":1}]\n' }, { events: 'log.json' })
    await expect(array).rejects.toThrow(
      /^log\.json row 1: invalid: a list, expected one JSON object a line\. make lines of it/,
    )
  })
})

describe('a sequence in one cell', () => {
  const read = (text: string, events: MappingInput['events']): Promise<Dataset> => prepared(text, { events })

  it('is an event for each item, in its order', async () => {
    const dataset = await read('user,items\nu,"9, 7,9"\nw,5\n', { item: 'items', split: ',', timeUnit: 'order' })
    expect(eventLines(dataset)).toEqual(['u 9 click 1', 'u 7 click 2', 'u 9 click 3', 'w 5 click 1'])
  })

  it('may have a time for each item, and an error names the row of the cell', async () => {
    const events = { split: ' ', timeUnit: 'seconds' } as const
    const dataset = await read('user,item,time\nu,9 7,1700000000 1700000001\n', events)
    expect(eventLines(dataset)).toEqual(['u 9 click 1700000000000', 'u 7 click 1700000001000'])
    await expect(read('user,item,time\nu,9 7,1700000000 1700000001\nu,5 6,1700000000 soon\n', events)).rejects.toThrow(
      /^log\.csv row 3, column "time": invalid: "soon"/,
    )
    await expect(read('user,item,time\nu,9 7,1700000000\n', events)).rejects.toThrow(
      'log.csv row 2: mismatched: 1 time in column "time", expected 2, one for each item. set events.timeUnit to order',
    )
    await expect(read('user,item,time\nu,9  7,1700000000 1 2\n', events)).rejects.toThrow(
      /^log\.csv row 2, column "item": missing/,
    )
  })

  it('is a list of JSON too', async () => {
    const options = {
      events: 'log.jsonl',
      mapping: { events: { item: 'items', split: '|', timeUnit: 'order' } },
    } as const
    const dataset = await prepareFiles({ 'log.jsonl': '{"user":"u","items":[9,7]}\n' }, options)
    expect(eventLines(dataset)).toEqual(['u 9 click 1', 'u 7 click 2'])
  })
})

describe('an order with ties', () => {
  it('is the order of the log where places are shared, and says so', async () => {
    const said: string[] = []
    const text = 'user,item,time\nu,a,2\nu,b,1\nu,c,1\nw,d,1\n'
    const dataset = await prepared(text, { events: { timeUnit: 'order', time: 'time' } }, said)
    expect(eventLines(dataset)).toEqual(['u b click 1', 'u c click 2', 'u a click 3', 'w d click 1'])
    expect(said).toContain(
      'places in the order that several rows of a user share: 1; these rows are taken in the order of the log',
    )
  })

  it('keeps the behaviors of one row at one place', async () => {
    const behaviors = ['click', { name: 'like', when: 'liked = 1' }]
    const dataset = await prepared('user,item,liked\nu,a,1\nu,b,0\n', { behaviors, events: { timeUnit: 'order' } })
    expect(eventLines(dataset)).toEqual(['u a click 1', 'u a like 1', 'u b click 2'])
  })
})
