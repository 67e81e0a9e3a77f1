import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import { UserError } from '../errors.ts'
import { StoreUnavailable } from './event-store.ts'
import { openStore } from './open-store.ts'

const errorOf = (address: string): Promise<Error> =>
  openStore(address).then(
    () => new Error('none'),
    (error: Error) => error,
  )

describe('the address of a store', () => {
  it('names memory, or a folder with or without a scheme', async () => {
    using folder = temporaryFolder()
    await using memory = await openStore('memory:')
    expect(memory.name).toBe('memory')
    for (const name of ['a.events', 'lmdb:b.events']) {
      const path = join(folder.path, name.replace('lmdb:', ''))
      await using store = await openStore(name.replace(/\w\.events/, path))
      expect(store.name).toBe(`lmdb at ${path}`)
      expect(existsSync(join(path, 'data.mdb'))).toBe(true)
    }
  })

  it.each([
    [
      'mysql://ann:secret@host/shop',
      'store: unknown: "mysql:", expected one of memory:, lmdb:, redis:, rediss:, postgres:, postgresql:. a folder is written lmdb:PATH, or as a path',
    ],
    [
      'reddis://ann:secret@host',
      'store: unknown: "reddis:", expected one of memory:, lmdb:, redis:, rediss:, postgres:, postgresql:. did you mean "redis:"?',
    ],
    [
      'redis://ann:sec/ret@host:9',
      'store: invalid: an address of redis that cannot be read, expected redis://USER:PASSWORD@HOST:PORT/DATABASE. signs such as @ and / in a password are written %40 and %2F',
    ],
    [
      'postgres://ann:secret%@host',
      'store: invalid: an address of postgres that cannot be read, expected postgres://USER:PASSWORD@HOST:PORT/DATABASE. signs such as @ and / in a password are written %40 and %2F',
    ],
    ['lmdb:', 'store: missing: the folder, expected a path'],
    ['', 'store: missing: the folder, expected a path'],
  ])('is refused where it names none, without showing a password: %s', async (address, message) => {
    const error = await errorOf(address)
    expect(error).toBeInstanceOf(UserError)
    expect(error.message).toBe(message)
  })

  it.each(['redis', 'postgres'])(
    'of %s where nobody listens is not available, and hides the password',
    async (kind) => {
      const error = await errorOf(`${kind}://ann:secret@127.0.0.1:1/3?password=hidden`)
      expect(error).toBeInstanceOf(StoreUnavailable)
      expect(error.message).toBe(`${kind} at 127.0.0.1:1/3 cannot be reached (ECONNREFUSED)`)
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toMatch(/secret|hidden/)
    },
  )
})
