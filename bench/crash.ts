/**
 * @file `npm run -s bench -- crash [KILLS]`: a service that is killed under load, 20 times by default, and one whose
 * Redis or PostgreSQL is stopped and started. What was acknowledged must be there, and nothing half of it.
 */
import { join } from 'node:path'
import { startPostgres, startRedis } from '../test/fixtures/own-servers.ts'
import { killWriters, stopStore } from '../test/fixtures/serve-faults.ts'
import type { Served } from '../test/fixtures/serve-process.ts'
import type { BenchResult } from './result.ts'
import { inSmallShop } from './small-shop.ts'

const outages = { times: 3, seconds: 3 }
const batches = 200

/** Faults: batches that were lost or half there, and answers that were neither right nor a 503. */
export async function crash(): Promise<BenchResult> {
  const kills = Number(process.argv[3] ?? 20)
  return inSmallShop(async (folder, served) => {
    const at = (store: string): Served => ({ ...served, store })
    const killed = await killWriters(at(join(folder, 'killed.events')), { kills, batches })
    console.error(`lmdb, ${kills} kills: ${JSON.stringify(killed)}`)
    const away: Record<string, object> = {}
    let faults = killed.lost + killed.half
    for (const [name, start] of Object.entries({ redis: () => startRedis(), postgres: () => startPostgres([]) })) {
      await using server = await start()
      const met = await stopStore(at(server.url), server, outages)
      console.error(`${name}, ${outages.times} outages: ${JSON.stringify(met)}`)
      away[name] = met
      faults += met.lost + met.half + met.wrong
    }
    const settings = { kills, batches, killed, outages, ...away }
    return { name: 'crash', ours: faults, peer: null, ratio: null, unit: 'faults', settings }
  })
}
