/**
 * @file `npm run -s bench -- visible [TRIES]`: events of new users, and the list that each asks for as soon as the
 * event was acknowledged, over other connections to two processes that serve; 10,000 by default.
 */
import { join } from 'node:path'
import { askAtOnce } from '../test/fixtures/serve-faults.ts'
import type { BenchResult } from './result.ts'
import { inSmallShop } from './small-shop.ts'

const workers = 2

/** How many lists did not know their user's event. */
export async function visible(): Promise<BenchResult> {
  const tries = Number(process.argv[3] ?? 10_000)
  return inSmallShop(async (folder, served) => {
    const { missed } = await askAtOnce({ ...served, store: join(folder, 'visible.events'), workers }, tries)
    const settings = { tries, workers, store: 'lmdb' }
    return {
      name: 'visible',
      ours: missed,
      peer: null,
      ratio: null,
      unit: 'events that the next list missed',
      settings,
    }
  })
}
