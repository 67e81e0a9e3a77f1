import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { eventLines, prepareFiles, temporaryFolder } from '../../../test/fixtures/prepared-files.ts'
import { literal, openDatabase } from '../../storage/duckdb.ts'
import type { MappingInput } from '../mapping.ts'

/** The bytes of a Parquet file of a query. */
async function parquet(sql: string, options = ''): Promise<Buffer> {
  using folder = temporaryFolder()
  const path = join(folder.path, 'made.parquet')
  using db = await openDatabase()
  await db.run(`COPY (${sql}) TO ${literal(path)} (FORMAT parquet${options})`)
  return readFileSync(path)
}

const log = (count = 3): string =>
  `SELECT 'u' AS user, 'i' || i AS item, i AS time, 'a title' AS title FROM range(1, ${count + 1}) t(i)`
const read = async (files: Record<string, string | Uint8Array>, mapping: MappingInput = {}): Promise<string[]> =>
  eventLines(await prepareFiles(files, { events: Object.keys(files), mapping }))

describe('Parquet files', () => {
  it.each<[string, string, string]>([
    ['text', "'0042'", '0042'],
    ['whole numbers', '18446744073709551615::UBIGINT', '18446744073709551615'],
    ['whole decimals', '5::DECIMAL(18, 0)', '5'],
    ['UUIDs', "'550e8400-e29b-41d4-a716-446655440000'::UUID", '550e8400-e29b-41d4-a716-446655440000'],
  ])('may have ids that are %s', async (_, sql, id) => {
    const bytes = await parquet(`SELECT ${sql} AS user, 'a' AS item, 5 AS time, 'x' AS filename`)
    expect(await read({ 'log.parquet': bytes })).toEqual([`${id} a click 5000`])
  })

  it.each<[string, string]>([
    ['DOUBLE', '5.0::DOUBLE'],
    ['FLOAT', '5.0::FLOAT'],
    ['TIMESTAMP', "TIMESTAMP '2024-01-01'"],
    ['DATE', "DATE '2024-01-01'"],
    ['BLOB', "'ab'::BLOB"],
    ['BOOLEAN', 'true'],
    ['DECIMAL(4,1)', '5.0::DECIMAL(4, 1)'],
    ['STRUCT(a INTEGER)', "{'a': 1}"],
    ['INTEGER[]', '[1, 2]'],
  ])('have no ids of type %s', async (type, sql) => {
    const bytes = await parquet(`SELECT 'u' AS user, ${sql} AS item, 5 AS time`)
    await expect(read({ 'log.parquet': bytes })).rejects.toThrow(
      `log.parquet, column "item": unsupported: ids of type ${type}, expected text or whole numbers. write them as text`,
    )
  })

  it('may have nested columns, and text that is not marked as text', async () => {
    const sql = "SELECT 'i1' AS id, encode('é') AS title, {'a': [1]} AS deep, [['x'], ['y', NULL]] AS categories"
    const { catalog } = await prepareFiles(
      { 'log.parquet': await parquet(log(1)), 'items.parquet': await parquet(sql) },
      {
        events: 'log.parquet',
        items: 'items.parquet',
        mapping: { items: { fields: { deep: 'deep', category: 'categories' } } },
      },
    )
    expect(catalog.titles).toEqual(['', 'é'])
    expect(catalog.fields['deep']?.vocabulary).toEqual(['', "{'a': [1]}"])
    expect(catalog.fields['category']?.vocabulary).toEqual(['', 'x | y'])
  })

  it.each<[string, (bytes: Buffer) => Uint8Array | string, RegExp]>([
    ['an empty file', () => '', /^log\.parquet: corrupted: no Parquet data, expected a whole Parquet file$/],
    ['text', () => 'user,item,time\nu,a,1\n', /^log\.parquet: corrupted: no Parquet data/],
    ['a cut file', (bytes) => bytes.subarray(0, bytes.length >> 1), /^log\.parquet: corrupted: the end is missing/],
    ['a broken length', (bytes) => flip(bytes, bytes.length - 5), /^log\.parquet: corrupted: /],
    [
      'a broken footer',
      (bytes) => flip(bytes, bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8)),
      /^log\.parquet: corrupted: /,
    ],
    ['a broken page', (bytes) => flip(bytes, 8), /^log\.parquet: corrupted: /],
  ])('are refused: %s', async (_, broken, sentence) => {
    const bytes = broken(await parquet(log(1000)))
    await expect(read({ 'log.parquet': bytes })).rejects.toThrow(sentence)
  })

  it('have no two columns of one name', async () => {
    const bytes = await parquet("SELECT 'u' AS user, 'a' AS item, 'b' AS itex, 5 AS time")
    for (let at = bytes.indexOf('itex'); at !== -1; at = bytes.indexOf('itex')) bytes.write('Item', at)
    await expect(read({ 'log.parquet': bytes })).rejects.toThrow(/^log\.parquet: duplicate: column "Item"\. rename/)
  })

  it('name the broken one of several', async () => {
    const bytes = await parquet(log(1000))
    await expect(read({ 'a.parquet': bytes, 'b.parquet': flip(bytes, 8) })).rejects.toThrow(/^b\.parquet: corrupted: /)
  })

  it('have the same columns and types, in any order', async () => {
    const same = await parquet(
      "SELECT 9 AS time, 'i9' AS item, 'u' AS user, 'x' AS title".replace('9 AS', '9::BIGINT AS'),
    )
    const [typed, more] = [
      await parquet('SELECT 5.5 AS time, 1 AS item, 2 AS user'),
      await parquet(`SELECT *, 1 AS x FROM (${log()})`),
    ]
    const one = await parquet(log(1))
    expect(await read({ 'a.parquet': one, 'b.parquet': same })).toEqual(['u i1 click 1000', 'u i9 click 9000'])
    await expect(read({ 'a.parquet': one, 'b.parquet': typed })).rejects.toThrow(
      /^b\.parquet: mismatched: column time DECIMAL/,
    )
    await expect(read({ 'a.parquet': one, 'b.parquet': more })).rejects.toThrow(
      /^b\.parquet: mismatched: column x INTEGER, expected the columns and types of a\.parquet$/,
    )
    await expect(read({ 'a.parquet': more, 'b.parquet': one })).rejects.toThrow(
      /^b\.parquet: mismatched: no column x INTEGER/,
    )
  })
})

function flip(bytes: Buffer, at: number): Buffer {
  const flipped = Buffer.from(bytes)
  flipped.writeUInt8(flipped.readUInt8(at) ^ 0xff, at)
  return flipped
}
