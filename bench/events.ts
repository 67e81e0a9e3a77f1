/**
 * @file `npm run -s bench -- events [lmdb|redis|postgres]`: durable events a second in batches of 64, and the reading
 * of a user's last 50. Servers are started for it, with their durable settings.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unknownName } from '../src/errors.ts'
import { randomStream } from '../src/random/stream.ts'
import type { EventStore, FreshEvent } from '../src/store/event-store.ts'
import { openStore } from '../src/store/open-store.ts'
import { startPostgres, startRedis } from '../test/fixtures/own-servers.ts'
import { type BenchResult, percentile } from './result.ts'

const sizes = { batch: 64, batches: 1500, inFlight: 8, users: 2000, items: 20_000, reads: 5000, last: 50 }
const target = 10_000

/** Where a store is, until it is measured. */
interface Place extends AsyncDisposable {
  readonly url: string
}
const places: Readonly<Record<string, () => Promise<Place>>> = {
  lmdb: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'siftrec-events-'))
    return {
      url: join(folder, 'bench.events'),
      [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true, force: true }),
    }
  },
  redis: () => startRedis(),
  postgres: () => startPostgres([]),
}

/** Writes all batches, some at a time, each as soon as one before is acknowledged; then reads one user at a time. */
export async function events(): Promise<BenchResult> {
  const kind = process.argv[3] ?? 'lmdb'
  const start = places[kind]
  if (!start) throw unknownName('bench events', kind, Object.keys(places))
  await using place = await start()
  await using store = await openStore(place.url, (line) => console.error(line))
  const stream = randomStream(1, 'events')
  const batches = Array.from({ length: sizes.batches }, (_, number) =>
    Array.from(
      { length: sizes.batch },
      (_, at): FreshEvent => ({
        user: `user ${stream.integer(sizes.users)}`,
        item: `item ${stream.integer(sizes.items)}`,
        behavior: 'click',
        time: 1_700_000_000_000 + number,
        id: `${number} ${at}`,
      }),
    ),
  )
  const { perSecond, acknowledged } = await writing(store, batches)
  const reads: number[] = []
  for (let read = 0; read < sizes.reads; read++) {
    const begun = performance.now()
    await store.history(`user ${stream.integer(sizes.users)}`, sizes.last)
    reads.push(performance.now() - begun)
  }
  const settings = {
    ...sizes,
    store: kind,
    batchMs: { p50: percentile(acknowledged, 0.5), p99: percentile(acknowledged, 0.99) },
    historyMs: { p50: percentile(reads, 0.5), p99: percentile(reads, 0.99) },
  }
  return { name: 'events', ours: perSecond, peer: null, ratio: perSecond / target, unit: 'events/s', settings }
}

async function writing(store: EventStore, batches: readonly FreshEvent[][]) {
  const acknowledged: number[] = []
  const left = batches.values()
  const begun = performance.now()
  await Promise.all(
    Array.from({ length: sizes.inFlight }, async () => {
      for (const batch of left) {
        const sent = performance.now()
        await store.append(batch)
        acknowledged.push(performance.now() - sent)
      }
    }),
  )
  return { perSecond: (sizes.batches * sizes.batch * 1000) / (performance.now() - begun), acknowledged }
}
