/** @file Loads a prepared dataset into memory, after checking that no file is missing or changed. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../errors.ts'
import { type Database, identifier, openDatabase, pathLiterals } from '../storage/duckdb.ts'
import { hashFile } from '../storage/file-hash.ts'
import { recoverFolder } from '../storage/folders.ts'
import { readFeatures } from './feature-store.ts'
import { hashOfDataset, unsealed } from './hashes.ts'
import {
  type Catalog,
  type Dataset,
  type Events,
  type Field,
  type Impressions,
  type Manifest,
  manifestSchema,
  type UserTable,
} from './schema.ts'

/**
 * Loads a prepared dataset.
 * @throws UserError `missing` without a manifest or file, `corrupted` when the manifest or a file has changed since
 * `prepare`,
 * `mismatched` or `invalid` for features of the wrong width or with NaN
 */
export async function loadDataset(folder: string): Promise<Dataset> {
  await recoverFolder(folder)
  const manifest = readManifest(folder)
  for (const [file, expected] of Object.entries(manifest.files)) {
    const path = join(folder, file)
    if (!existsSync(path))
      throw new UserError({ where: path, problem: 'missing', value: 'a file of the dataset', hint: 'prepare it again' })
    const found = await hashFile(path)
    if (found !== expected) {
      const hint = 'the file has changed since it was prepared; restore it, or prepare the dataset again'
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
  const events = await asPrepared(folder, 'events', readEvents(db, folder, manifest))
  const { ids: userIds, users } = await asPrepared(folder, 'users', readUsers(db, folder, manifest))
  const catalog = await asPrepared(folder, 'items', readCatalog(db, folder, manifest))
  const impressions = await asPrepared(folder, 'impressions', readImpressions(db, folder, manifest))
  const dataset = {
    folder,
    manifest,
    hash: hashOfDataset(manifest),
    events,
    userIds,
    catalog,
    features: readFeatures(folder, manifest),
  }
  return { ...dataset, ...(users ? { users } : {}), ...(impressions ? { impressions } : {}) }
}

/** The manifest of a prepared dataset. @throws UserError `missing` without it, `corrupted` when it has changed */
export function readManifest(folder: string): Manifest {
  const path = join(folder, 'manifest.json')
  if (!existsSync(path)) {
    const value = existsSync(folder) ? 'no manifest.json: this is not a prepared dataset' : 'no such dataset'
    throw new UserError({ where: folder, problem: 'missing', value, hint: 'make one with siftrec prepare' })
  }
  try {
    return manifestSchema.parse(unsealed(readFileSync(path, 'utf8')))
  } catch {
    throw new UserError({
      where: path,
      problem: 'corrupted',
      value: 'it was changed, or this version of siftrec cannot read it',
      hint: 'prepare the dataset again',
    })
  }
}

/** What is read from a table. @throws UserError `corrupted` when its columns or rows are not those of the manifest */
async function asPrepared<T>(folder: string, name: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading
  } catch (error) {
    // Too little memory, for one, is not the table's fault.
    if (error instanceof UserError && error.parts.problem !== 'mismatched') throw error
    throw new UserError({
      where: join(folder, `${name}.parquet`),
      problem: 'corrupted',
      value: error instanceof UserError ? error.parts.value : 'its columns are not those of a prepared dataset',
      expected: 'what its manifest describes',
      hint: 'prepare the dataset again',
    })
  }
}

function table(folder: string, name: string): string {
  return `read_parquet(${pathLiterals([join(folder, `${name}.parquet`)])})`
}

/** A stretch of users, and how many events they have. */
export interface UserRange {
  readonly first: number
  readonly last: number
  readonly events: number
}

/** The events of a prepared dataset; those of a stretch of users alone, if one is named. */
export async function readEvents(
  db: Database,
  folder: string,
  { counts, behaviors }: Manifest,
  range?: UserRange,
): Promise<Events> {
  const where = range === undefined ? '' : ` WHERE user BETWEEN ${range.first} AND ${range.last}`
  const kinds = { user: 'int32', item: 'int32', behavior: 'uint8', time: 'float64', role: 'uint8' } as const
  const columns = await db.columns(
    `SELECT CAST(user AS INTEGER), CAST(item AS INTEGER), CAST(behavior AS UTINYINT), CAST(time AS DOUBLE), CAST(role AS UTINYINT)
    FROM ${table(folder, 'events')}${where}`,
    range?.events ?? counts.events,
    kinds,
  )
  checkIndices(columns, counts)
  if (columns.behavior.some((behavior) => behavior >= behaviors.length))
    throw mismatched('a behavior that the manifest does not name')
  const start = new Int32Array(counts.users + 2)
  for (const user of columns.user) start[user + 1] = (start[user + 1] as number) + 1
  for (let user = 1; user < start.length; user++) start[user] = (start[user] as number) + (start[user - 1] as number)
  return { ...columns, start }
}

/** @throws UserError `mismatched` for a user or item that no table has, users out of order, or a time that is none */
function checkIndices(
  { user, item, time }: { user: Int32Array; item: Int32Array; time: Float64Array },
  { users, items }: Manifest['counts'],
): void {
  for (let row = 0; row < user.length; row++) {
    const [u, i] = [user[row] as number, item[row] as number]
    if (u < 1 || u > users || i < 1 || i > items) throw mismatched(`row ${row + 1}, of user ${u} and item ${i}`)
    if (!Number.isFinite(time[row])) throw mismatched(`row ${row + 1}, without a time`)
    const [before, earlier] = row === 0 ? [0, 0] : [user[row - 1] as number, time[row - 1] as number]
    if (u < before || (u === before && (time[row] as number) < earlier))
      throw mismatched(`row ${row + 1}, out of order`)
  }
}

const mismatched = (value: string): UserError => new UserError({ where: 'the table', problem: 'mismatched', value })

async function readUsers(
  db: Database,
  folder: string,
  { counts, users }: Manifest,
): Promise<{ ids: string[]; users?: UserTable }> {
  const { text, fields, numbers } = await readDescribed(db, table(folder, 'users'), {
    count: counts.users,
    text: ['id'],
    fields: Object.keys(users?.fields ?? {}),
    numbers: users?.numbers ?? [],
  })
  const ids = text['id'] as string[]
  return users ? { ids, users: { fields, numbers } } : { ids }
}

async function readCatalog(db: Database, folder: string, { counts, fields, numbers }: Manifest): Promise<Catalog> {
  const described = await readDescribed(db, table(folder, 'items'), {
    count: counts.items,
    text: ['id', 'title'],
    fields: Object.keys(fields),
    numbers: numbers ?? [],
  })
  const { id: ids = [], title: titles = [] } = described.text
  return { ids, titles, fields: described.fields, ...(numbers ? { numbers: described.numbers } : {}) }
}

/** The columns of users or items, each with an entry 0 put before it. */
async function readDescribed(
  db: Database,
  from: string,
  wanted: { count: number; text: string[]; fields: string[]; numbers: string[] },
) {
  const { count, text, fields, numbers } = wanted
  const names = [...text, ...fields.map((name) => `field_${name}`)]
  const strings = await db.columns(selectOf(names, from), count, kindsOf(names, 'text'))
  const numberNames = numbers.map((name) => `number_${name}`)
  const values =
    numbers.length > 0 ? await db.columns(selectOf(numberNames, from), count, kindsOf(numberNames, 'float32')) : {}
  return {
    text: Object.fromEntries(text.map((name) => [name, ['', ...(strings[name] ?? [])]])),
    fields: Object.fromEntries(fields.map((name) => [name, fieldOf(strings[`field_${name}`] ?? [])])),
    numbers: Object.fromEntries(numbers.map((name) => [name, withNobody(values[`number_${name}`])])),
  }
}

function selectOf(names: readonly string[], from: string): string {
  return `SELECT ${names.map(identifier).join(', ')} FROM ${from} ORDER BY index`
}

function kindsOf<Kind extends string>(names: readonly string[], kind: Kind): Record<string, Kind> {
  return Object.fromEntries(names.map((name) => [name, kind]))
}

function withNobody(values: Float32Array = new Float32Array(0)): Float32Array {
  const all = new Float32Array(values.length + 1).fill(Number.NaN)
  all.set(values, 1)
  return all
}

async function readImpressions(
  db: Database,
  folder: string,
  { impressions, counts }: Manifest,
): Promise<Impressions | undefined> {
  if (!impressions) return undefined
  const labels = Object.keys(impressions.labels)
  const from = table(folder, 'impressions')
  const kinds = { user: 'int32', item: 'int32', time: 'float64' } as const
  const columns = await db.columns(
    `SELECT CAST(user AS INTEGER), CAST(item AS INTEGER), CAST(time AS DOUBLE) FROM ${from}`,
    impressions.count,
    kinds,
  )
  checkIndices(columns, counts)
  const names = labels.map((name) => `label_${name}`)
  const values = await db.columns(
    `SELECT ${names.map(identifier).join(', ')} FROM ${from}`,
    impressions.count,
    kindsOf(names, 'uint8'),
  )
  return { ...columns, labels: Object.fromEntries(labels.map((name) => [name, values[`label_${name}`] as Uint8Array])) }
}

/** Numbers a field's values by first appearance; '' means unknown and is 0. */
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
