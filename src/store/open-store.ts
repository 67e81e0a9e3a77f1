/** @file The store that an address names. */
import { UserError, unknownName } from '../errors.ts'
import { placeOfServer } from '../storage/server-address.ts'
import type { EventStore } from './event-store.ts'

/** Opens a store, by the scheme of its address. */
type Opener = (address: string, report: (line: string) => void) => Promise<EventStore>

const redis: Opener = async (url, report) =>
  (await import('./redis.ts')).openRedisStore(url, placeOfServer('redis', url, 'store'), report)
const postgres: Opener = async (url, report) =>
  (await import('./postgres.ts')).openPostgresStore(url, placeOfServer('postgres', url, 'store'), report)
const openers: Readonly<Record<string, Opener>> = {
  'memory:': async () => (await import('./memory.ts')).openMemoryStore(),
  'lmdb:': (address) => openFolder(address.slice('lmdb:'.length)),
  'redis:': redis,
  'rediss:': redis,
  'postgres:': postgres,
  'postgresql:': postgres,
}

/**
 * Opens a store of events.
 * @param address `memory:`, `lmdb:PATH` or a path, `redis://…`, `rediss://…` or `postgres://…`
 * @param report is told, in a line, where the store may lose what it acknowledged
 * @throws UserError for an address that names none, and for a store of another format
 * @throws StoreUnavailable when its server cannot be reached
 */
export async function openStore(
  address: string,
  report: (line: string) => void = () => undefined,
): Promise<EventStore> {
  // One letter and a colon begin a path on Windows.
  const scheme = /^[a-z][a-z0-9+.-]+:/i.exec(address)?.[0].toLowerCase()
  if (scheme === undefined) return openFolder(address)
  const open = openers[scheme]
  // The address itself is not shown: it may have a password.
  if (!open)
    throw unknownName('store', scheme, Object.keys(openers), { hint: 'a folder is written lmdb:PATH, or as a path' })
  return open(address, report)
}

async function openFolder(path: string): Promise<EventStore> {
  if (path === '') throw new UserError({ where: 'store', problem: 'missing', value: 'the folder', expected: 'a path' })
  return (await import('./lmdb.ts')).openLmdbStore(path)
}
