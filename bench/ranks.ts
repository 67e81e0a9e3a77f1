/**
 * @file `npm run -s bench -- ranks [STEPS]`: a step of SASRec on 1, 2 and 4 ranks of Open MPI, each with a batch of its
 * own: how long it computes and how long it exchanges. As root on Linux also between network namespaces, as between
 * hosts, with less and less bandwidth.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RankTimes } from './ranks-step.ts'
import type { BenchResult } from './result.ts'

const stepFile = fileURLToPath(new URL('ranks-step.ts', import.meta.url))
/** Megabits a second between hosts; 0 for no limit. */
const bandwidths = [0, 1000, 300, 100]
const hosts = 4
const prefix = `sift${process.pid}`

/** Milliseconds of an exchange of two ranks on this machine. */
export async function ranks(): Promise<BenchResult> {
  const steps = Number(process.argv[3] ?? 20)
  const rows: Record<string, RankTimes> = {}
  const told = (name: string, row: RankTimes): void => {
    rows[name] = row
    console.error(`${name}: ${JSON.stringify(row)}`)
  }
  for (const count of [1, 2, 4]) told(`${count} ranks`, timesOf(['--oversubscribe', '-n', String(count)], steps))
  if (process.getuid?.() === 0 && hasNamespaces()) {
    await using network = namespaces(hosts)
    for (const bandwidth of bandwidths) {
      network.limit(bandwidth)
      told(`${hosts} hosts, ${bandwidth === 0 ? 'no limit' : `${bandwidth} Mbit/s`}`, network.timesOf(steps))
    }
  } else console.error('no network namespaces here: hosts are left out')
  const ours = (rows['2 ranks'] as RankTimes).exchange
  const unit = 'ms of an exchange, 2 ranks'
  return Promise.resolve({ name: 'ranks', ours, peer: null, ratio: null, unit, settings: { steps, rows } })
}

const program = (steps: number): string[] => [process.execPath, '--import', 'tsx', stepFile, String(steps)]
const environment = {
  ...process.env,
  OMPI_ALLOW_RUN_AS_ROOT: '1',
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1',
}

/** What the first rank printed. */
const timesIn = (printed: string): RankTimes => JSON.parse(printed.trim().split('\n').at(-1) as string) as RankTimes

function timesOf(options: readonly string[], steps: number): RankTimes {
  return timesIn(
    execFileSync('mpirun', ['--bind-to', 'none', ...options, ...program(steps)], {
      encoding: 'utf8',
      env: environment,
    }),
  )
}

/** Whether this process may make network namespaces. */
function hasNamespaces(): boolean {
  const name = `${prefix}try`
  const made = spawnSync('ip', ['netns', 'add', name]).status === 0
  if (made) spawnSync('ip', ['netns', 'del', name])
  return made
}

/** Network namespaces on one bridge, each a host to Open MPI; the first one holds the bridge and starts the others. */
function namespaces(count: number) {
  const run = (command: string): void => {
    const [name = '', ...given] = command.split(' ')
    execFileSync(name, given, { stdio: ['ignore', 'ignore', 'inherit'] })
  }
  const name = (host: number): string => `${prefix}n${host}`
  const folder = mkdtempSync(join(tmpdir(), 'siftrec-hosts-'))
  for (let host = 0; host <= count; host++) {
    run(`ip netns add ${name(host)}`)
    run(`ip -n ${name(host)} link set lo up`)
  }
  run(`ip -n ${name(0)} link add br0 type bridge`)
  run(`ip -n ${name(0)} addr add 10.77.0.100/24 dev br0`)
  run(`ip -n ${name(0)} link set br0 up`)
  for (let host = 1; host <= count; host++) {
    run(`ip -n ${name(0)} link add v${host} type veth peer name eth9 netns ${name(host)}`)
    run(`ip -n ${name(0)} link set v${host} master br0 up`)
    run(`ip -n ${name(host)} addr add 10.77.0.${host}/24 dev eth9`)
    run(`ip -n ${name(host)} link set eth9 up`)
  }
  const [agent, list] = [join(folder, 'agent.sh'), join(folder, 'hosts')]
  writeFileSync(
    agent,
    `#!/bin/sh\nhost=$1; shift\nexec ip netns exec ${prefix}n\${host#node} unshare --uts sh -c "hostname $host; $*"\n`,
  )
  chmodSync(agent, 0o755)
  writeFileSync(list, Array.from({ length: count }, (_, at) => `node${at + 1} slots=1\n`).join(''))
  const overTcp = '--mca btl tcp,self --mca btl_tcp_if_include 10.77.0.0/24 --mca oob_tcp_if_include 10.77.0.0/24'
  return {
    /** @param bandwidth of what each host sends, in megabits a second */
    limit(bandwidth: number): void {
      for (let host = 1; host <= count; host++) {
        spawnSync('ip', ['netns', 'exec', name(host), 'tc', 'qdisc', 'del', 'dev', 'eth9', 'root'])
        if (bandwidth > 0)
          run(
            `ip netns exec ${name(host)} tc qdisc add dev eth9 root tbf rate ${bandwidth}mbit burst 256kb latency 400ms`,
          )
      }
    },
    timesOf(steps: number): RankTimes {
      const started = `mpirun --bind-to none --hostfile ${list} --mca plm_rsh_agent ${agent} ${overTcp} -n ${count}`
      const line = `hostname node0; ${started} ${program(steps).join(' ')}`
      const given = ['netns', 'exec', name(0), 'unshare', '--uts', 'sh', '-c', line]
      return timesIn(execFileSync('ip', given, { encoding: 'utf8', env: environment }))
    },
    [Symbol.asyncDispose]() {
      for (let host = 0; host <= count; host++) spawnSync('ip', ['netns', 'del', name(host)])
      rmSync(folder, { recursive: true, force: true })
      return Promise.resolve()
    },
  }
}
