import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import type { UserList } from '../rank/recommend-all.ts'
import { literal, openDatabase } from '../storage/duckdb.ts'
import { tinyDataset } from '../testing/tiny-dataset.ts'
import { listsText, writeLists } from './recommendations-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'siftrec-lists-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const plain = tinyDataset({ events: [], users: 3, items: 2, userIds: ['7', 'a,"b"\n', '日本'] })
const dataset = { ...plain, catalog: { ...plain.catalog, ids: ['', '007', 'x'] } }

async function* lists(): AsyncGenerator<readonly UserList[]> {
  const item = (index: number, score: number) => ({ item: index, score })
  yield [
    { user: 1, items: [item(2, 0.5), item(1, -3)] },
    { user: 2, items: [item(1, 1e-9)] },
  ]
  yield await Promise.resolve([{ user: 3, items: [] }])
}

const rows = [
  { user: '7', rank: 1, item: 'x', score: 0.5 },
  { user: '7', rank: 2, item: '007', score: -3 },
  { user: 'a,"b"\n', rank: 1, item: '007', score: 1e-9 },
]

it('writes lists as CSV, JSON lines and Parquet, ids as they are', async () => {
  const path = (name: string): string => join(folder, name)
  for (const name of ['a.csv', 'a.jsonl', 'a[1].parquet']) {
    const lengths = await writeLists(path(name), { dataset, lists: lists() })
    expect([...lengths]).toEqual([
      [2, 1],
      [1, 1],
      [0, 1],
    ])
  }
  expect(readFileSync(path('a.csv'), 'utf8')).toBe(
    'user,rank,item,score\n7,1,x,0.5\n7,2,007,-3\n"a,""b""\n",1,007,1e-9\n',
  )
  const lines = readFileSync(path('a.jsonl'), 'utf8').trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(rows)
  using db = await openDatabase()
  const kinds = { user: 'text', rank: 'int32', item: 'text', score: 'float32' } as const
  const columns = await db.columns(`SELECT * FROM ${literal(path('a[[]1].parquet'))}`, 3, kinds)
  expect(
    rows.map((_, at) => Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, column[at]]))),
  ).toEqual(rows.map((row) => ({ ...row, score: Math.fround(row.score) })))
  expect(readdirSync(folder).toSorted()).toEqual(['a.csv', 'a.jsonl', 'a[1].parquet'])
})

it('tells how many users have fewer items than were asked for, or none', () => {
  expect(listsText(new Map([[10, 1200]]), 10)).toBe('10 items for each of 1,200 users')
  const lengths = new Map([
    [10, 2],
    [3, 1],
    [9, 1],
    [0, 1],
  ])
  expect(listsText(lengths, 10)).toBe('10 items for each of 2 users, fewer for 2 users, none for 1 user')
})

it('leaves what was there, and no half file, where it is ended early or refused', async () => {
  const [aborted, told] = [new AbortController(), [] as number[]]
  const stopping = { dataset, counted: (done: number) => (told.push(done), aborted.abort()), signal: aborted.signal }
  for (const name of ['kept.csv', 'kept.parquet']) {
    const path = join(folder, name)
    writeFileSync(path, 'before')
    await expect(writeLists(path, { ...stopping, lists: lists() })).rejects.toThrow(/aborted/)
    expect(readFileSync(path, 'utf8')).toBe('before')
    rmSync(path)
  }
  expect(told[0]).toBe(2)
  await expect(writeLists('a.xlsx', { dataset, lists: lists() })).rejects.toThrow(
    '--out: unsupported: "a.xlsx", expected a file that ends in .parquet, .csv, .jsonl',
  )
  await expect(writeLists(join(folder, 'no', 'a.csv'), { dataset, lists: lists() })).rejects.toThrow('check the path')
  expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([])
})
