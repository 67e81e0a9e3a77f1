import { type ChildProcess, spawn } from 'node:child_process'
import { on, once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { event, everything, storeSuite } from '../../test/conformance/store/store-suite.ts'
import { temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import type { WriterTask } from '../../test/fixtures/store-writer.ts'
import { openLmdbStore } from './lmdb.ts'

const folder = temporaryFolder()
afterAll(() => folder[Symbol.dispose]())
let made = 0
const place = (): string => join(folder.path, `${made}.events`)
const newPlace = (): string => {
  made++
  return place()
}

storeSuite('lmdb', { openNew: () => openLmdbStore(newPlace()), openAgain: () => openLmdbStore(place()) })

/** A process that writes into a store, once it has opened it. */
async function startWriter(path: string, limit = 'unlimited'): Promise<ChildProcess> {
  const program = `ulimit -f ${limit}; exec "$0" --import tsx test/fixtures/store-writer.ts "$1"`
  const writer = spawn('sh', ['-c', program, process.execPath, path], {
    stdio: ['ignore', 'ignore', limit === 'unlimited' ? 'inherit' : 'ignore', 'ipc'],
  })
  const [told] = (await Promise.race([once(writer, 'message'), once(writer, 'exit')])) as unknown[]
  expect(told).toBe('open')
  return writer
}

describe('a store in a folder, of several processes', () => {
  const batchSize = 8
  /** Each event of a batch is of another user, and has an id. */
  const batch = (writer: number, number: number): WriterTask => ({
    number,
    events: Array.from({ length: batchSize }, (_, at) =>
      event(`u${at}`, `${writer} ${number}`, number, `${writer} ${number} ${at}`),
    ),
  })

  it('shows what another wrote, and has each batch whole that was acknowledged before a kill', async () => {
    await using store = await openLmdbStore(newPlace())
    const writers = await Promise.all([1, 2, 3].map(() => startWriter(place())))

    // Read all the time, so that a snapshot that is kept would be seen.
    let reading = true
    const look = async (): Promise<void> => {
      await store.history('u3', 50)
      if (reading) setImmediate(() => void look())
    }
    await look()
    for (let number = -40; number < 0; number++) {
      writers[0]!.send({ number, events: [event('u3', `${number}`, number + 40)] } satisfies WriterTask)
      await once(writers[0]!, 'message')
      expect((await store.history('u3', 1)).events).toEqual([event('u3', `${number}`, number + 40)])
    }
    reading = false
    await store.forget('u3')

    // One after the other is killed between two of its batches, or in one; the others go on.
    const acknowledged = writers.map(() => new Set<number>())
    const ends = writers.map(async (writer, at) => {
      const last = 20 * (at + 1)
      writer.on('message', (number: number) => {
        acknowledged[at]!.add(number)
        if (number === last) writer.kill('SIGKILL')
        else if (number % 5 === 0) for (let next = 1; next <= 5; next++) writer.send(batch(at, number + 5 + next))
      })
      for (let number = 1; number <= 10; number++) writer.send(batch(at, number))
      await once(writer, 'exit')
      expect(acknowledged[at]!.size).toBeGreaterThanOrEqual(last)
    })
    await Promise.all(ends)

    const counts = new Map<string, number>()
    for (const { item } of await everything(store)) counts.set(item, (counts.get(item) ?? 0) + 1)
    expect([...counts].filter(([, count]) => count !== batchSize)).toEqual([])
    const lost = acknowledged.flatMap((numbers, at) => [...numbers].filter((number) => !counts.has(`${at} ${number}`)))
    expect(lost).toEqual([])
    // What a killed process held is free.
    expect(await store.append(batch(9, 9).events)).toEqual({ stored: batchSize, repeated: 0 })
  })

  it('fails where the disk takes no more, loses nothing, and goes on', async () => {
    const writer = await startWriter(newPlace(), '1000')
    const answers = on(writer, 'message')
    const nextAnswer = async (): Promise<unknown> => ((await answers.next()) as { value: unknown[] }).value[0]
    const told: unknown[] = []
    for (let number = 0; typeof told.at(-1) !== 'string'; number++) {
      const events = Array.from({ length: 1000 }, (_, at) => event(`u${at}`, `${number}`, number, `${number} ${at}`))
      // Two at once, of which both are told.
      for (const half of [events.slice(0, 500), events.slice(500)])
        writer.send({ number, events: half } satisfies WriterTask)
      told.push(await nextAnswer(), await nextAnswer())
    }
    expect(told.at(-1)).toMatch(/^StoreUnavailable: lmdb at \S+ cannot be used \(a write failed: is the disk full\?\)$/)
    writer.send({ number: -1, events: [] } satisfies WriterTask)
    await nextAnswer()
    await using store = await openLmdbStore(place())
    expect((await everything(store)).length).toBe(500 * told.filter((one) => typeof one === 'number').length)
    expect(await store.append([event('ann', 'tea', 1)])).toEqual({ stored: 1, repeated: 0 })
    writer.disconnect()
    await once(writer, 'exit')
  })
})

describe('the place of a store in a folder', () => {
  it('is made where it is missing, and may be an empty folder', async () => {
    const path = join(folder.path, 'runs/new/movies.events')
    await (await openLmdbStore(path))[Symbol.asyncDispose]()
    expect(existsSync(join(path, 'data.mdb'))).toBe(true)
    mkdirSync(join(folder.path, 'empty'))
    await (await openLmdbStore(join(folder.path, 'empty')))[Symbol.asyncDispose]()
  })

  it('may be nothing else', async () => {
    folder.write({ 'data/manifest.json': '{}', file: '' })
    await expect(openLmdbStore(join(folder.path, 'data'))).rejects.toThrow(
      /data: invalid: a folder of other files, expected a store, or a new or empty folder$/,
    )
    await expect(openLmdbStore(join(folder.path, 'file'))).rejects.toThrow(
      /file: invalid: something else has that name/,
    )
    await expect(openLmdbStore(join(folder.path, 'file/below'))).rejects.toThrow(
      /below: invalid: a part of the path is a file, not a folder/,
    )
  })

  it('is refused when it is damaged', async () => {
    const path = newPlace()
    mkdirSync(path)
    writeFileSync(join(path, 'data.mdb'), Buffer.alloc(8192, 7))
    await expect(openLmdbStore(path)).rejects.toThrow(/corrupted: .*, expected a store that siftrec wrote/)
  })

  it('is refused when its format is another', async () => {
    await (await openLmdbStore(newPlace()))[Symbol.asyncDispose]()
    const { open } = await import('lmdb')
    const root = open({ path: place(), noSubdir: false, overlappingSync: false, keyEncoding: 'binary' })
    await root
      .openDB<number, Buffer>({ name: 'meta', keyEncoding: 'binary', encoding: 'json' })
      .put(Buffer.from('format'), 2)
    await root.close()
    const bytes = readFileSync(join(place(), 'data.mdb'))
    await expect(openLmdbStore(place())).rejects.toThrow(/mismatched: a store of format 2, expected format 1\. use the/)
    expect(readFileSync(join(place(), 'data.mdb')).equals(bytes)).toBe(true)
  })
})
