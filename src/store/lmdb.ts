/**
 * @file A store in a folder, for a service on one machine; several processes may have it open.
 *
 * Appends that are made while a commit is flushed are committed together with the next one. The keys of events are
 * `user NUL time number`, so that a user's events lie side by side in their order. (No name has a NUL.)
 */
import { closeSync, existsSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'
import type { Database, RootDatabase } from 'lmdb'
import { UserError } from '../errors.ts'
import { inFileWords } from '../storage/file-errors.ts'
import { makeFolder } from '../storage/folders.ts'
import type { Appended, EventStore, FreshEvent, FreshHistory, ItemRecord } from './event-store.ts'
import { StoreUnavailable } from './event-store.ts'
import { checkFormat, eventOf, eventText, storeFormat } from './format.ts'
import { checkEvents, checkName } from './limits.ts'

/** How many events are read at a time where all are. */
const chunk = 500
/** The bytes of a time, and of the number that orders the events of one time. */
const timeBytes = 6
const afterUser = 1 + 2 * timeBytes
/** What LMDB's file has behind the head of its first page. */
const magic = 0xbeefc0de
const magicAt = 24

/** The tables: keys are bytes, and values JSON. */
interface Tables {
  readonly root: RootDatabase
  readonly meta: Database<number, Buffer>
  readonly events: Database<string, Buffer>
  /** The ids of events. */
  readonly ids: Database<number, Buffer>
  readonly forgotten: Database<number, Buffer>
  readonly items: Database<ItemRecord, Buffer>
}
const keys = {
  format: Buffer.from('format'),
  /** How many events were ever stored. */
  arrived: Buffer.from('arrived'),
  itemsVersion: Buffer.from('items version'),
}

/**
 * Opens the store in a folder, which is made where it is missing.
 * @throws UserError `invalid` for a place that is something else, `mismatched` for a store of another format
 */
export async function openLmdbStore(path: string): Promise<EventStore> {
  try {
    makeFolder(path)
    checkPlace(path)
  } catch (error) {
    throw inFileWords(error, path)
  }
  // Loaded on first use: it is native.
  const { open } = await import('lmdb')
  let root: RootDatabase | undefined
  try {
    // Without overlapping, a commit is flushed before any process sees it. Without batching by turns, nobody but the
    // caller is told of a commit that failed: a full disk would end the process.
    root = open({ path, noSubdir: false, overlappingSync: false, eventTurnBatching: false, keyEncoding: 'binary' })
    return storeOf(`lmdb at ${path}`, await openTables(path, root))
  } catch (error) {
    await root?.close()
    throw error instanceof UserError ? error : refused(path, error)
  }
}

/** @throws UserError `mismatched` for a store of another format, in which nothing is changed */
async function openTables(path: string, root: RootDatabase): Promise<Tables> {
  const table = <V>(name: string, encoding: 'json' | 'string' = 'json'): Database<V, Buffer> =>
    root.openDB<V, Buffer>({ name, keyEncoding: 'binary', encoding })
  const meta = table<number>('meta')
  const found = await root.transaction(() => {
    if (!meta.doesExist(keys.format)) meta.putSync(keys.format, storeFormat)
    return meta.get(keys.format)
  })
  checkFormat(path, found)
  return {
    root,
    meta,
    events: table('events', 'string'),
    ids: table('ids'),
    forgotten: table('forgotten'),
    items: table('items'),
  }
}

/** @throws UserError `invalid` for a folder of something else, `corrupted` where the store's own file is no store */
function checkPlace(path: string): void {
  const file = join(path, 'data.mdb')
  if (existsSync(file)) return checkBeginning(path, file)
  if (readdirSync(path).length === 0) return
  throw new UserError({
    where: path,
    problem: 'invalid',
    value: 'a folder of other files',
    expected: 'a store, or a new or empty folder',
  })
}

/** LMDB itself would end the process where its file does not begin as it should. */
function checkBeginning(path: string, file: string): void {
  const beginning = Buffer.alloc(magicAt + 4)
  const opened = openSync(file, 'r')
  try {
    const length = readSync(opened, beginning)
    if (length === 0 || beginning.readUInt32LE(magicAt) === magic) return
  } finally {
    closeSync(opened)
  }
  throw new UserError({ where: path, problem: 'corrupted', value: 'data.mdb', expected: 'a store that siftrec wrote' })
}

function refused(path: string, error: unknown): UserError {
  const what = reasonOf(error)
  return /MDB_(?:INVALID|CORRUPTED|VERSION_MISMATCH|PAGE_NOTFOUND)/.test(what)
    ? new UserError({ where: path, problem: 'corrupted', value: what, expected: 'a store that siftrec wrote' })
    : new UserError({ where: path, problem: 'invalid', value: what, expected: 'a folder that can be written' })
}

function storeOf(name: string, tables: Tables): EventStore {
  const { root, meta, events, ids, forgotten, items } = tables

  /** A write that is committed, and flushed, with others. */
  async function write<T>(change: () => T): Promise<T> {
    try {
      return await root.transaction(change)
    } catch (error) {
      throw unavailable(name, error)
    }
  }
  /** A read of what is committed now, by any process: a snapshot would otherwise be kept for a turn. */
  async function read<T>(look: () => T): Promise<T> {
    try {
      root.resetReadTxn()
      return look()
    } catch (error) {
      throw unavailable(name, error)
    }
  }

  return {
    name,
    async append(batch): Promise<Appended> {
      checkEvents(batch)
      const rows = batch.map((event) => ({ ...bytesOf(event), text: eventText(event), time: event.time }))
      const stored = await write(() => {
        const before = meta.get(keys.arrived) ?? 0
        let arrived = before
        for (const { user, id, text, time } of rows) {
          if (id && ids.doesExist(id)) continue
          if (id) ids.putSync(id, 1)
          events.putSync(eventKey(user, time, ++arrived), text)
        }
        meta.putSync(keys.arrived, arrived)
        return arrived - before
      })
      return { stored, repeated: batch.length - stored }
    },
    async history(user, limit): Promise<FreshHistory> {
      checkName('user', user)
      const { bytes, from, to } = rangeOf(user)
      return read(() => {
        const last = [...events.getRange({ start: to, end: from, reverse: true, limit })]
        return {
          events: last.map(({ value }) => eventOf(user, value)).reverse(),
          forgotten: forgotten.doesExist(bytes),
        }
      })
    },
    async forget(user) {
      checkName('user', user)
      const { bytes, from, to } = rangeOf(user)
      return write(() => {
        const gone = [...events.getRange({ start: from, end: to })]
        for (const { key, value } of gone) {
          const { id } = eventOf(user, value)
          if (id !== undefined) ids.removeSync(Buffer.from(id))
          events.removeSync(key)
        }
        forgotten.putSync(bytes, 1)
        return gone.length
      })
    },
    async putItem(record) {
      checkName('item', record.id)
      await write(() => {
        items.putSync(Buffer.from(record.id), record)
        meta.putSync(keys.itemsVersion, (meta.get(keys.itemsVersion) ?? 0) + 1)
      })
    },
    itemsVersion: () => read(() => meta.get(keys.itemsVersion) ?? 0),
    items: () => read(() => [...items.getRange()].map(({ value }) => value)),
    async *all() {
      let start = Buffer.alloc(1)
      for (;;) {
        const rows = await read(() => [...events.getRange({ start, limit: chunk })])
        const last = rows.at(-1)
        if (!last) return
        yield rows.map(({ key, value }) => eventOf(key.toString('utf8', 0, key.length - afterUser), value))
        start = Buffer.concat([last.key, Buffer.alloc(1)])
      }
    },
    forgotten: () => read(() => [...forgotten.getKeys()].map((key) => key.toString())),
    ping: () => read(() => void meta.get(keys.format)),
    [Symbol.asyncDispose]: () => root.close(),
  }
}

const bytesOf = ({ user, id }: FreshEvent): { user: Buffer; id: Buffer | undefined } => ({
  user: Buffer.from(user),
  id: id === undefined ? undefined : Buffer.from(id),
})

function eventKey(user: Buffer, time: number, number: number): Buffer {
  const key = Buffer.alloc(user.length + afterUser)
  user.copy(key)
  key.writeUIntBE(time, user.length + 1, timeBytes)
  key.writeUIntBE(number, user.length + 1 + timeBytes, timeBytes)
  return key
}

/** What lies before and behind all keys of a user's events. */
function rangeOf(user: string): { bytes: Buffer; from: Buffer; to: Buffer } {
  const bytes = Buffer.from(user)
  return { bytes, from: Buffer.concat([bytes, Buffer.of(0)]), to: Buffer.concat([bytes, Buffer.of(1)]) }
}

const unavailable = (name: string, error: unknown): StoreUnavailable =>
  new StoreUnavailable(`${name} cannot be used (${reasonOf(error)})`)

function reasonOf(error: unknown): string {
  const { message, commitError } = error as { message?: string; commitError?: Promise<unknown> }
  if (!commitError) return message ?? String(error)
  // LMDB rejects this promise too, which would end the process if nobody listened.
  commitError.catch(() => undefined)
  return 'a write failed: is the disk full?'
}
