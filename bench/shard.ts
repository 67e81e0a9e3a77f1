/**
 * @file `npm run -s bench -- shard [ITEMS]`: what each of two ranks of Open MPI holds while they train SASRec on a
 * large catalog, 400,000 items by default: all rows of the item table each, or a share of them each. Says whether both
 * wrote the same bytes.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runFiles } from '../src/learn/loop.ts'
import { asRoot } from '../test/fixtures/own-hosts.ts'
import { inProcess } from './in-process.ts'
import type { BenchResult } from './result.ts'
import type { ShardTook } from './shard-run.ts'

const runFile = fileURLToPath(new URL('shard-run.ts', import.meta.url))
const [ranks, users, eventsPerItem, width] = [2, 16_000, 2, 64]

/** Megabytes that a rank holds at the peak with its share of the table, beside what it holds with all of it. */
export async function shard(): Promise<BenchResult> {
  const items = Number(process.argv[3] ?? 400_000)
  const folder = mkdtempSync(join(tmpdir(), 'siftrec-shard-'))
  try {
    const sizes = { users, items, events: items * eventsPerItem, tastes: 30 }
    const data = await inProcess<string>('shard-data.ts', [folder, JSON.stringify(sizes)])
    const took = (how: 'whole' | 'shares'): ShardTook => {
      const command = [process.execPath, '--import', 'tsx', runFile, data, join(folder, how), how]
      const [program, ...given] = [
        ...asRoot,
        'mpirun',
        '--bind-to',
        'none',
        '--oversubscribe',
        '-n',
        `${ranks}`,
        ...command,
      ]
      const found = execFileSync(program, given, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
      console.error(`${how}: ${found.trim()}`)
      return JSON.parse(found.trim().split('\n').at(-1) as string) as ShardTook
    }
    const [whole, shares] = [took('whole'), took('shares')]
    const same = ([runFiles.model, runFiles.checkpoint] as const).every((file) =>
      readFileSync(join(folder, 'whole', file)).equals(readFileSync(join(folder, 'shares', file))),
    )
    const peak = ({ peak: all }: ShardTook): number => Math.max(...all)
    return {
      name: 'shard',
      ours: peak(shares),
      peer: peak(whole),
      ratio: peak(shares) / peak(whole),
      unit: 'MB that a rank holds at the peak, with a share of the item table and with all of it',
      settings: { ...sizes, ranks, width, same, tableMegabytes: (4 * width * items) / 1e6, whole, shares },
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
