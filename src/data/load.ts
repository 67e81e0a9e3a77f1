/** @file Loads a prepared dataset into memory, after checking that it is whole. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../errors.ts'
import { type Database, identifier, literal, openDatabase } from './duckdb.ts'
import { readFeatures } from './feature-store.ts'
import { hashFile, hashOfFiles } from './hashes.ts'
import { type Catalog, type Dataset, type Events, type Field, type Manifest, manifestSchema } from './schema.ts'

/**
 * Loads a prepared dataset.
 * @throws UserError `missing` without a manifest or file, `corrupted` when the manifest or a file is not what was prepared,
 * `mismatched` or `invalid` for features of the wrong width or with NaN
 */
export async function loadDataset(folder: string): Promise<Dataset> {
  const manifest = readManifest(folder)
  for (const [file, expected] of Object.entries(manifest.files)) {
    const path = join(folder, file)
    if (!existsSync(path)) throw new UserError({ where: path, problem: 'missing', value: 'a file of the dataset', hint: 'prepare it again' })
    const found = await hashFile(path)
    if (found !== expected) {
      const hint = 'it changed since it was prepared: restore it, or prepare the dataset again'
      throw new UserError({
        where: path,
        problem: 'corrupted',
        value: `SHA-256 ${found.slice(0, 12)}...`,
        expected: `${expected.slice(0, 12)}...`,
        hint,
      })
    }
  }
  using db = await openDatabase()
  const events = await readEvents(db, folder, manifest)
  const { id } = await db.columns(`SELECT id FROM ${table(folder, 'users')} ORDER BY index`, manifest.counts.users, { id: 'text' })
  const catalog = await readCatalog(db, folder, manifest)
  return { folder, manifest, hash: hashOfFiles(manifest.files), events, userIds: ['', ...id], catalog, features: readFeatures(folder, manifest) }
}

function readManifest(folder: string): Manifest {
  const path = join(folder, 'manifest.json')
  if (!existsSync(path)) {
    const value = existsSync(folder) ? 'no manifest.json: this is not a prepared dataset' : 'no such dataset'
    throw new UserError({ where: folder, problem: 'missing', value, hint: 'make one with siftrec prepare' })
  }
  try {
    return manifestSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    throw new UserError({ where: path, problem: 'corrupted', value: 'not a manifest of a dataset of version 1', hint: 'prepare the dataset again' })
  }
}

function table(folder: string, name: string): string {
  return `read_parquet(${literal(join(folder, `${name}.parquet`))})`
}

async function readEvents(db: Database, folder: string, { counts }: Manifest): Promise<Events> {
  const kinds = { user: 'int32', item: 'int32', behavior: 'uint8', time: 'float64', role: 'uint8' } as const
  const columns = await db.columns(`SELECT user, item, behavior, time, role FROM ${table(folder, 'events')}`, counts.events, kinds)
  const start = new Int32Array(counts.users + 2)
  for (const user of columns.user) start[user + 1] = (start[user + 1] as number) + 1
  for (let user = 1; user < start.length; user++) start[user] = (start[user] as number) + (start[user - 1] as number)
  return { ...columns, start }
}

async function readCatalog(db: Database, folder: string, { counts, fields }: Manifest): Promise<Catalog> {
  const names = Object.keys(fields)
  const kinds = Object.fromEntries(['id', 'title', ...names.map((name) => `field_${name}`)].map((name) => [name, 'text' as const]))
  const select = `SELECT ${Object.keys(kinds).map(identifier).join(', ')} FROM ${table(folder, 'items')} ORDER BY index`
  const columns = await db.columns(select, counts.items, kinds)
  return {
    ids: ['', ...(columns['id'] ?? [])],
    titles: ['', ...(columns['title'] ?? [])],
    fields: Object.fromEntries(names.map((name) => [name, fieldOf(columns[`field_${name}`] ?? [])])),
  }
}

/** Numbers a field's values by first appearance; '' is 0, unknown. */
function fieldOf(texts: readonly string[]): Field {
  const numbers = new Map([['', 0]])
  const values = new Int32Array(texts.length + 1)
  for (const [at, text] of texts.entries()) {
    const number = numbers.get(text) ?? numbers.size
    numbers.set(text, number)
    values[at + 1] = number
  }
  return { values, vocabulary: [...numbers.keys()] }
}
