/**
 * @file `npm run -s bench -- ranks [STEPS]`: a step of SASRec on 1, 2 and 4 ranks of Open MPI, each with a batch of its
 * own: how long it computes and how long it exchanges. As root on Linux also between network namespaces, as between
 * hosts, with less and less bandwidth.
 */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { asRoot, canMakeHosts, ownHosts } from '../test/fixtures/own-hosts.ts'
import type { RankTimes } from './ranks-step.ts'
import type { BenchResult } from './result.ts'

const stepFile = fileURLToPath(new URL('ranks-step.ts', import.meta.url))
/** Megabits a second between hosts; 0 for no limit. */
const bandwidths = [0, 1000, 300, 100]
const hosts = 4

/** Milliseconds of an exchange of two ranks on this machine. */
export async function ranks(): Promise<BenchResult> {
  const steps = Number(process.argv[3] ?? 20)
  const rows: Record<string, RankTimes> = {}
  const told = (name: string, row: RankTimes): void => {
    rows[name] = row
    console.error(`${name}: ${JSON.stringify(row)}`)
  }
  for (const count of [1, 2, 4]) told(`${count} ranks`, timesOf(['--oversubscribe', '-n', String(count)], steps))
  if (canMakeHosts()) {
    using network = ownHosts(hosts)
    for (const bandwidth of bandwidths) {
      network.limit(bandwidth)
      const [program = '', ...given] = [...network.through, ...stepCommand(steps)]
      const row = timesIn(execFileSync(program, given, { encoding: 'utf8' }))
      told(`${hosts} hosts, ${bandwidth === 0 ? 'no limit' : `${bandwidth} Mbit/s`}`, row)
    }
  }
  const ours = (rows['2 ranks'] as RankTimes).exchange
  const unit = 'ms of an exchange, 2 ranks'
  return Promise.resolve({ name: 'ranks', ours, peer: null, ratio: null, unit, settings: { steps, rows } })
}

const stepCommand = (steps: number): string[] => [process.execPath, '--import', 'tsx', stepFile, String(steps)]

/** What the first rank printed. */
const timesIn = (printed: string): RankTimes => JSON.parse(printed.trim().split('\n').at(-1) as string) as RankTimes

function timesOf(options: readonly string[], steps: number): RankTimes {
  const [program, ...given] = [...asRoot, 'mpirun', '--bind-to', 'none', ...options, ...stepCommand(steps)]
  return timesIn(execFileSync(program, given, { encoding: 'utf8' }))
}
