/**
 * @file Logs as CSV, TSV, JSON lines and Parquet: ids that are easily misread, every dialect, and damage. What a
 * damaged text means is read by a strict reader of the suite's own.
 */
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { loadDataset } from '../../../src/dataset/load.ts'
import type { MappingInput } from '../../../src/prepare/mapping.ts'
import { prepareDataset } from '../../../src/prepare/prepare.ts'
import type { RandomStream } from '../../../src/random/stream.ts'
import { identifier, literal, openDatabase } from '../../../src/storage/duckdb.ts'
import { type CaseMaker, chance, damage, type FuzzCase, pick } from './case.ts'
import { readCsv, readJsonLines } from './strict-readers.ts'

/** One event; the time in seconds. */
interface Event {
  readonly user: string
  readonly item: string
  readonly time: number
}

const awkward = [
  'NULL',
  'null',
  'None',
  'NaN',
  'nan',
  'inf',
  'true',
  '-1',
  '0',
  '00',
  '007',
  '1.0',
  '1.00',
  '1e5',
  '1E5',
  '0x10',
  '+5',
  '10:00:00',
  '10:00:00.0',
  '2024-01-31',
  '2024-01-31T00:00:00Z',
  '9007199254740993',
  '1180591620717411303424',
  '1180591620717411303425',
  '123e4567-e89b-12d3-a456-426614174000',
  '123E4567-E89B-12D3-A456-426614174000',
  'é',
  'e\u0301',
  '日本語',
  '😀',
  "o'neil",
  '=1+1',
  '__proto__',
  'constructor',
  'a b',
  'ß',
  'SS',
  'İ',
  'x'.repeat(300),
  '{}',
  '[1]',
  '(1)',
  '#1',
  '%20',
  '\\n',
  '\\',
  '/',
  '..',
  '-',
  '_',
  '1_000',
  '1,5',
  '$5',
  '١',
]
/** Ids that a delimited text must quote. */
const quotedOnly = ['a,b', 'a;b', 'a\tb', 'a|b', 'say "hi"', '"', '""', ',', ' lead', 'trail ']

/** Events of few users and items, no two alike. */
function makeEvents(random: RandomStream, ids: readonly string[]): Event[] {
  const pool = (prefix: string): string[] =>
    Array.from({ length: 2 + random.integer(6) }, (_, at) =>
      chance(random, 0.6) ? pick(random, ids) : `${prefix}${at}`,
    )
  const [users, items] = [pool('u'), pool('i')]
  const start = 1_000_000_000 + random.integer(700_000_000)
  return Array.from({ length: 1 + random.integer(60) }, (_, at) => {
    return { user: pick(random, users), item: pick(random, items), time: start + 100 * at + random.integer(100) }
  })
}

const lineOf = ({ user, item, time }: Event): string => `${JSON.stringify(user)} ${JSON.stringify(item)} ${time * 1000}`
/** Events as text to compare: sorted, and each once, as exact duplicates are left out. */
const textOf = (events: readonly Event[]): string => [...new Set(events.map(lineOf))].sort().join('\n')

/** Prepares the log and reads the dataset back. */
const reading = (file: string, mapping: MappingInput) => async (folder: string) => {
  const out = join(folder, 'out')
  await prepareDataset({
    events: join(folder, file),
    mapping: { ...mapping, filters: { minimumEventsPerUser: 0 } },
    out,
    allowDropped: true,
  })
  const { events, userIds, catalog } = await loadDataset(out)
  const read = Array.from(events.item, (item, row): Event => {
    const [user, at] = [events.user[row] as number, events.time[row] as number]
    return { user: userIds[user] as string, item: catalog.ids[item] as string, time: at / 1000 }
  })
  return textOf(read)
}

/** A case of a text: as it is, or damaged and then as the strict reader understands it. */
function textCase(
  random: RandomStream,
  log: { events: Event[]; text: string; name: string; mapping: MappingInput; what: string },
  understand: (bytes: Uint8Array) => Event[] | 'malformed' | 'unclear',
): FuzzCase {
  const { events, text, name, mapping, what } = log
  const whole = new TextEncoder().encode(text)
  const packed = chance(random, 0.2)
  const file = packed ? `${name}.gz` : name
  const base = { read: reading(file, mapping) }
  if (chance(random, 0.35)) {
    const files = { [file]: packed ? gzipSync(whole) : whole }
    return { ...base, what: `${what}${packed ? ', gzipped' : ''}`, files, truth: textOf(events), mayRefuse: false }
  }
  if (packed && chance(random, 0.5)) {
    const { bytes, how } = damage(random, gzipSync(whole))
    // Some bytes of a gzip header mean nothing; whatever is accepted must be the whole text.
    return {
      ...base,
      what: `${what}, gzipped, ${how}`,
      files: { [file]: bytes },
      truth: textOf(events),
      mayRefuse: true,
    }
  }
  const { bytes, how } = chance(random, 0.5) ? damage(random, whole) : spoil(random, text)
  const understood = understand(bytes)
  return {
    ...base,
    what: `${what}${packed ? ', gzipped' : ''}, ${how}`,
    files: { [file]: packed ? gzipSync(bytes) : bytes },
    truth: understood === 'malformed' ? 'refusal' : understood === 'unclear' ? 'unknown' : textOf(understood),
    mayRefuse: true,
  }
}

/** Damage as people and programs do it: whole lines, quotes, times, empty cells. */
function spoil(random: RandomStream, text: string): { bytes: Uint8Array; how: string } {
  const lines = text.split('\n')
  const at = random.integer(lines.length)
  const line = lines[at] ?? ''
  const half = Math.floor(line.length / 2)
  const [changed, how] = pick<readonly [string[], string]>(random, [
    [[line, line], 'a line twice'],
    [[line, ''], 'an empty line'],
    [[line.slice(0, half)], 'half a line'],
    [[`${line}${line}`], 'two lines in one'],
    [[`${line.slice(0, half)}"${line.slice(half)}`], 'a stray quote'],
    [[line.replace(/\d{10}/, '1700000000000000')], 'a time in microseconds'],
    [[line.replace(/\d{10}/, '1e308')], 'a time of 1e308'],
    [[line.replace(/\d{10}/, 'yesterday')], 'a time that is a word'],
    [[line.replace(/\d{10}/, '')], 'no time'],
    [[line.replace(/\d{10}/, '-5')], 'a time before 1970'],
    [[`${line.slice(0, half)}\0${line.slice(half)}`], 'a NUL'],
    [[`${line.slice(0, half)}\r${line.slice(half)}`], 'a lone CR'],
    [[`${line}\r`], 'one line that ends in CRLF'],
    [[`${line.slice(0, half)}${'y'.repeat(3_000_000)}${line.slice(half)}`], 'a cell of 3 MB'],
    [['['.repeat(100_000), line], '100,000 brackets'],
    [[`${line.slice(0, half)}\uFEFF${line.slice(half)}`], 'a byte order mark in the middle'],
  ])
  const spoilt = [...lines.slice(0, at), ...changed, ...lines.slice(at + 1)].join('\n')
  return { bytes: new TextEncoder().encode(spoilt), how: `${how} at line ${at + 1}` }
}

/** Delimited text. */
export const delimited: CaseMaker = (random) => {
  const delimiter = pick(random, [',', ',', ',', ';', '\t', '|'])
  const tsv = delimiter === '\t' && chance(random, 0.5)
  const quotes = pick(random, tsv ? (['never'] as const) : (['needed', 'all', 'some'] as const))
  const newline = pick(random, ['\n', '\n', '\r\n', 'mixed'])
  const plain = awkward.filter((id) => !id.includes(delimiter))
  const events = makeEvents(random, quotes === 'never' ? plain : [...awkward, ...quotedOnly])
  const extra = chance(random, 0.4)
  const columns = ['user', 'item', 'time', ...(extra ? ['note'] : [])].sort(() => random.uniform() - 0.5)
  const cell = (value: string): string => {
    const must = value.includes(delimiter) || /["\r\n]/.test(value)
    const quoted = quotes === 'never' ? false : must || quotes === 'all' || (quotes === 'some' && chance(random, 0.3))
    return quoted ? `"${value.replaceAll('"', '""')}"` : value
  }
  const note = (): string =>
    pick(random, quotes === 'never' ? ['', 'x'] : ['', 'x', `a${delimiter}b`, 'two\nlines', 'two\r\nlines', '"q"'])
  const rows = events.map((event) =>
    columns.map((name) => cell(name === 'note' ? note() : String(event[name as keyof Event]))).join(delimiter),
  )
  const end = (): string => (newline === 'mixed' ? pick(random, ['\n', '\r\n']) : newline)
  const last = chance(random, 0.8)
  const lines = [columns.join(delimiter), ...rows]
  const body = lines.map((line, at) => (at < lines.length - 1 || last ? `${line}${end()}` : line)).join('')
  const text = `${chance(random, 0.15) ? '\uFEFF' : ''}${body}`
  const named = delimiter === ',' || tsv ? {} : { events: { delimiter } }
  return textCase(
    random,
    {
      events,
      text,
      name: tsv ? 'log.tsv' : 'log.csv',
      mapping: named,
      what: `${JSON.stringify(delimiter)}-separated, quotes ${quotes}, ends ${JSON.stringify(newline)}`,
    },
    (bytes) => readCsv(bytes, { delimiter, quoted: quotes !== 'never' }),
  )
}

/** JSON lines. */
export const jsonLines: CaseMaker = (random) => {
  const whole = (id: string): boolean => /^(0|-?[1-9]\d*)$/.test(id)
  const events = makeEvents(random, [...awkward, ...quotedOnly, 'two\nlines'.replace('\n', ' ')])
  const asNumber = pick(random, [0, 0.5, 1])
  const space = pick(random, ['', ' ', '\t'])
  const id = (value: string): string => (whole(value) && chance(random, asNumber) ? value : JSON.stringify(value))
  const lines = events.map((event) => {
    const cells = [
      ['user', id(event.user)],
      ['item', id(event.item)],
      ['time', chance(random, 0.5) ? String(event.time) : JSON.stringify(String(event.time))],
      ...(chance(random, 0.3)
        ? [['more', pick(random, ['{"a":[1,{"b":null}]}', '[[1],[2]]', '1.5', 'null', 'true'])]]
        : []),
    ].sort(() => random.uniform() - 0.5)
    return `{${cells.map(([key, value]) => `"${key}":${space}${value}`).join(`,${space}`)}}`
  })
  const text = `${lines.join('\n')}${chance(random, 0.8) ? '\n' : ''}`
  return textCase(random, { events, text, name: 'log.jsonl', mapping: {}, what: 'JSON lines' }, readJsonLines)
}

/** Parquet, with ids of several types; what damage makes of it, nobody can tell. */
export const parquet: CaseMaker = async (random) => {
  const type = pick(random, ['VARCHAR', 'VARCHAR', 'BIGINT', 'UBIGINT', 'UUID'])
  const ids: Readonly<Record<string, readonly string[]>> = {
    VARCHAR: [...awkward, ...quotedOnly],
    BIGINT: ['1', '-5', '9007199254740993'],
    UBIGINT: ['1', '18446744073709551615', '0'],
    UUID: ['123e4567-e89b-12d3-a456-426614174000', '00000000-0000-0000-0000-000000000000'],
  }
  const drawn = makeEvents(random, ids[type] as readonly string[])
  const known = new Set(ids[type])
  const events =
    type === 'VARCHAR'
      ? drawn
      : drawn.map((event) => ({ ...event, user: known.has(event.user) ? event.user : (ids[type]?.[0] as string) }))
  using db = await openDatabase({ threads: 1 })
  const { mkdtempSync, readFileSync, rmSync } = await import('node:fs')
  const { tmpdir } = await import('node:os')
  const folder = mkdtempSync(join(tmpdir(), 'siftrec-fuzz-parquet-'))
  const path = join(folder, 'log.parquet')
  const rows = events.map(({ user, item, time }) => `(${literal(user)}, ${literal(item)}, ${time})`).join(', ')
  await db.run(`COPY (SELECT CAST(u AS ${type}) AS user, i AS item, t AS ${identifier('time')} FROM (VALUES ${rows}) AS rows(u, i, t))
    TO ${literal(path)} (FORMAT parquet, COMPRESSION ${pick(random, ['snappy', 'zstd', 'uncompressed'])})`)
  const whole = readFileSync(path)
  rmSync(folder, { recursive: true })
  const base = { read: reading('log.parquet', {}) }
  if (chance(random, 0.4))
    return {
      ...base,
      what: `Parquet, ids as ${type}`,
      files: { 'log.parquet': whole },
      truth: textOf(events),
      mayRefuse: false,
    }
  const { bytes, how } = damage(random, whole)
  return { ...base, what: `Parquet, ${how}`, files: { 'log.parquet': bytes }, truth: 'unknown', mayRefuse: true }
}
