import { describe, expect, it } from 'vitest'
import { eventLines, prepareFiles } from '../../../test/fixtures/prepared-files.ts'
import type { MappingInput } from '../mapping.ts'

const line = (user: string, item: string, time: number | string): string =>
  `{"user":${user},"item":${item},"time":${time}}\n`
const read = async (text: string): Promise<string[]> =>
  eventLines(await prepareFiles({ 'log.jsonl': text }, { events: 'log.jsonl' }))

describe('JSON lines', () => {
  it('keep ids as they are written, whatever the other rows have', async () => {
    const ids = ['"u0"', '7', '"550E8400-E29B-41D4-A716-446655440000"', '"550e8400-e29b-41d4-a716-446655440000"']
    const more = [
      '1180591620717411303424',
      '1180591620717411303425',
      '"10:00:00"',
      '"10:00:00.0"',
      '"2024-01-01"',
      '0',
      '"a\\u00e9\\"b"',
    ]
    const all = [...ids, ...more]
    const lines = await read(all.map((id, at) => line(id, id, at + 1)).join(''))
    const text = (id: string): string => (id.startsWith('"') ? (JSON.parse(id) as string) : id)
    expect(lines).toEqual(all.map((id, at) => `${text(id)} ${text(id)} click ${(at + 1) * 1000}`))
  })

  it('name what is in an object by its path, as user.id', async () => {
    const nested = (id: string, item: string): string =>
      `{"user":{"id":${id},"of":{"x/y":"DE"}},"item":{"id":"${item}"},"time":1}\n`
    const text = nested('"u"', 'a') + '\n{"user":{"id":7},"item":{"id":"b","more":null},"item.id":"c","time":2}\n'
    const events = { user: 'user.id', item: 'item.id' }
    const behaviors = [{ name: 'click', when: 'user.of.x/y = DE' }, 'view']
    const read = (log: string, mapping: MappingInput) =>
      prepareFiles({ 'log.jsonl': log }, { events: 'log.jsonl', mapping })
    // A key that is itself called item.id is meant before the id of item, in every row.
    await expect(read(text, { events })).rejects.toThrow(/^log\.jsonl row 1, column "item\.id": missing: nothing/)
    const lines = eventLines(await read(text.replaceAll('"item.id"', '"other"'), { events, behaviors }))
    expect(lines).toEqual(['u a click 1000', 'u a view 1000', '7 b view 2000'])
    await expect(read(nested('1,"id":2', 'a'), { events })).rejects.toThrow('log.jsonl row 1: duplicate: key "user.id"')
    await expect(read(nested('1', 'a'), { events: { user: 'user', item: 'item.id' } })).rejects.toThrow(
      'expected an id: a text or a whole number. name a key of it in the mapping, such as user.id',
    )
    await expect(read(nested('1', 'a'), { events: { user: 'user.ident', item: 'item.id' } })).rejects.toThrow(
      /missing: column "user\.ident", expected one of .*"user\.id"/,
    )
  })

  it('take times and labels as numbers of any form', async () => {
    expect(await read(line('"u"', '"a"', '1.5e3') + line('"u"', '"b"', '"1501"') + line('"u"', '"c"', 1502.5))).toEqual(
      ['u a click 1500000', 'u b click 1501000', 'u c click 1502500'],
    )
  })

  it.each<[string, string]>([
    ['an object', '{"$oid":"5"}'],
    ['a list', '["u"]'],
    ['true', 'true'],
    ['a fraction', '5.0'],
    ['an exponent', '1e3'],
    ['NaN', 'NaN'],
  ])('refuse %s as an id', async (_, id) => {
    const sentence =
      /^log\.jsonl row 3, column "user": invalid: .+, expected an id: a text or a whole number(\. name a key of it .+)?$/
    await expect(read(line('"u"', '"a"', 1) + `\n${line(id, '"a"', 2)}`)).rejects.toThrow(sentence)
  })

  it.each<[string, string, RegExp]>([
    [
      'null',
      line('null', '"a"', 1),
      /^log\.jsonl row 1, column "user": missing: nothing, expected an id\. leave such rows out of the file/,
    ],
    [
      'an id with a line break',
      line('"u\\nv"', '"a"', 1),
      /^log\.jsonl row 1, column "user": invalid: "u v", expected an id without/,
    ],
    ['malformed JSON', `\n${line('"u"', '"a"', 1)}\n{"user":}\n`, /^log\.jsonl row 4: invalid: malformed JSON$/],
    ['half a letter', `${line('"u"', '"a"', 1)}{"user":"\\ud800"}\n`, /^log\.jsonl row 2: invalid: malformed JSON$/],
    ['a key twice', `${line('"u"', '"a"', 1)}\n{"user":1,"user":2}\n`, /^log\.jsonl row 3: duplicate: key "user"$/],
    [
      'an object over two lines',
      '{"user":1,\n"item":2,"time":3}\n',
      /^log\.jsonl row 1: invalid: an object that does not end/,
    ],
    [
      'two objects in a line',
      `{"user":1}{"user":2}\n`,
      /^log\.jsonl row 1: invalid: more than one object, expected one JSON/,
    ],
    [
      'a list of objects',
      `[{"user":1}]\n`,
      /^log\.jsonl row 1: invalid: a list, expected one JSON object a line\. make lines of it/,
    ],
    ['no object', `${line('1', '2', 3)}5\n`, /^log\.jsonl row 2: invalid: no object/],
    [
      'deep nesting',
      `${line('1', '2', 3)}{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}\n`,
      /^log\.jsonl row 2: invalid: more than 64/,
    ],
    [
      'a long line',
      `${line('1', '2', 3)}{"a":"${'x'.repeat(2_000_000)}"}`,
      /^log\.jsonl row 2: invalid: more than 2 MB/,
    ],
    ['a NUL', `{"user":"\0"}`, /^log\.jsonl row 1: invalid: a NUL byte/],
    ['an empty file', '\n', /^log\.jsonl: empty: no record with a key$/],
    [
      'names that differ in letter case alone',
      '{"USER":1,"User":2,"item":3,"time":4}\n',
      /^log\.jsonl: duplicate: "USER" and "User" for column "user"/,
    ],
  ])('refuse %s', async (_, text, sentence) => {
    await expect(read(text)).rejects.toThrow(sentence)
  })

  it('may begin with a byte order mark, have a key named filename, and end without a line end', async () => {
    expect(await read(`\uFEFF${line('"u"', '"a"', 1)}\r\n{"filename":"x","user":"u",\r"item":"b","time":2}`)).toEqual([
      'u a click 1000',
      'u b click 2000',
    ])
  })

  it('may have another type, and a new key, after any number of rows', async () => {
    const many = Array.from({ length: 30_000 }, (_, at) => line('"u"', String(at), at + 1)).join('')
    const text = `${many}{"user":"u","item":"x","time":40000,"rating":5}\n`
    const mapping = { behaviors: ['click', { name: 'like', when: 'rating >= 4' }] }
    const dataset = await prepareFiles({ 'log.jsonl': text }, { events: 'log.jsonl', mapping })
    expect(eventLines(dataset).slice(-2)).toEqual(['u x click 40000000', 'u x like 40000000'])
  })

  it('keep numbers as they are written', async () => {
    const numbers = ['1.1', '1.10', '1e3', '1000.0', '1000', '-0.5E-1', '1180591620717411303424.5']
    const rows = numbers.map((number, at) => `{"x":"\\"v/1 é?\\":7.0","v/1 é?" : ${number},"id":${at}}`)
    const { catalog } = await prepareFiles(
      { 'log.csv': 'user,item,time\nu,1,1\n', 'items.jsonl': rows.join('\n') },
      { events: 'log.csv', items: 'items.jsonl', mapping: { items: { fields: { v: 'v/1 é?' } } } },
    )
    expect(catalog.fields['v']?.vocabulary).toEqual(['', ...numbers])
  })

  it('join lists, and keep other values as text', async () => {
    const items = [
      '{"id":1,"title":"A","categories":["x",null,"y"],"c":0,"d":{"z":1},"~/e":1}',
      '{"id":2,"categories":[["p"],["q"]],"c":0.5,"~/e":"s"}',
      '{"id":"3","categories":"plain","c":false}',
    ]
    const { catalog } = await prepareFiles(
      { 'log.csv': 'user,item,time\nu,1,1\n', 'items.jsonl': items.join('\n') },
      {
        events: 'log.csv',
        items: 'items.jsonl',
        mapping: { items: { fields: { a: 'categories', c: 'c', d: 'd', e: '~/e' } } },
      },
    )
    const shown = (name: string): string[] =>
      Array.from(catalog.fields[name]!.values, (at) => catalog.fields[name]!.vocabulary[at]!)
    expect(shown('a').slice(1)).toEqual(['x | y', 'p | q', 'plain'])
    expect(shown('c').slice(1)).toEqual(['0', '0.5', 'false'])
    expect(shown('d').slice(1)).toEqual(['{"z":1}', '', ''])
    expect(shown('e').slice(1)).toEqual(['1', 's', ''])
  })
})
