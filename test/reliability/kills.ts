/**
 * @file kill -9 in the middle of a command, at a chosen write or at a random time: the next command must end where an
 * undisturbed one does, and nothing that was there before may be lost.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { loadDataset } from '../../src/dataset/load.ts'
import { randomStream } from '../../src/random/stream.ts'
import { commands, copy, inTurns, isSame, type Place } from './place.ts'

/** What is killed. */
export const killed = ['train', 'prepare', 'prepare --overwrite', 'simulate'] as const
type Killed = (typeof killed)[number]

/** What came of the kills of one command. */
export interface KillCount {
  readonly kills: number
  /** How many of them came before the command had ended. */
  readonly inTime: number
  readonly recovered: number
  /** The first that were not, told. */
  readonly lost: readonly string[]
}

/** How a command of each kind is started in a folder, and what must be so after a kill and after the next command. */
interface Trial {
  /** Puts what was there before in place. */
  before(place: Place, out: string): void
  readonly args: (out: string) => readonly string[]
  /** Throws when something that was there before the kill is lost. */
  after(folder: string): Promise<void>
  /** The command that a user gives next. */
  next(folder: string, out: string): readonly string[]
  /** The folder of what an undisturbed command wrote. */
  readonly reference: string
}

const trials: Readonly<Record<Killed, Trial>> = {
  train: {
    before: () => undefined,
    args: (out) => commands.train(out),
    after: () => Promise.resolve(),
    next: (folder, out) => (existsSync(join(folder, 'run.json')) ? commands.resume(out) : commands.train(out)),
    reference: 'reference-run',
  },
  prepare: {
    before: () => undefined,
    args: commands.prepare,
    async after(folder) {
      if (existsSync(folder)) await loadDataset(folder)
    },
    next: (folder, out) => [...commands.prepare(out), ...(existsSync(folder) ? ['--overwrite'] : [])],
    reference: 'reference-data',
  },
  'prepare --overwrite': {
    before: ({ folder }, out) => copy(join(folder, 'reference-data'), join(folder, out)),
    args: (out) => [...commands.prepare(out), '--overwrite'],
    after: async (folder) => void (await loadDataset(folder)),
    next: (_, out) => [...commands.prepare(out), '--overwrite'],
    reference: 'reference-data',
  },
  simulate: {
    before: () => undefined,
    args: commands.simulate,
    after: () => Promise.resolve(),
    next: (folder, out) => (existsSync(folder) ? ['models'] : commands.simulate(out)),
    reference: 'reference-shop',
  },
}

/** Kills a command so many times. */
export async function killMany(place: Place, what: Killed, kills: number, seed: number): Promise<KillCount> {
  const trial = trials[what]
  const { changes, milliseconds } = await measure(place, trial)
  const random = randomStream(seed, 'kills', killed.indexOf(what))
  // Most at a chosen change of the file system, the others at any time: DuckDB's own writes cannot be counted.
  const faults = Array.from({ length: kills }, (_, at) =>
    at % 4 < 3 ? { killAt: 1 + random.integer(changes) } : { killAfter: 50 + random.integer(milliseconds) },
  )
  const found = await inTurns(kills, 2, async (at) => {
    const out = `${what.replace(/\W+/g, '-')}-${at}`
    const folder = join(place.folder, out)
    trial.before(place, out)
    const fault = faults[at] as (typeof faults)[number]
    const { code } = await place.run(trial.args(out), fault)
    const told = await recover(place, trial, out).then(
      () => undefined,
      (error: unknown) => `${JSON.stringify(fault)}: ${String(error)}`,
    )
    if (told === undefined) rmSync(folder, { recursive: true, force: true })
    return { inTime: code === null, told }
  })
  const lost = found.flatMap(({ told }) => (told === undefined ? [] : [told]))
  return {
    kills,
    inTime: found.filter(({ inTime }) => inTime).length,
    recovered: kills - lost.length,
    lost,
  }
}

/** How many changes of the file system an undisturbed command makes, and how long it takes. */
async function measure(place: Place, trial: Trial): Promise<{ changes: number; milliseconds: number }> {
  const countIn = join(place.folder, 'count')
  trial.before(place, 'measured')
  const began = performance.now()
  const { code, stderr } = await place.run(trial.args('measured'), { countIn })
  if (code !== 0) throw new Error(stderr)
  const milliseconds = Math.round(performance.now() - began)
  rmSync(join(place.folder, 'measured'), { recursive: true })
  return { changes: Number(readFileSync(countIn, 'utf8')), milliseconds }
}

async function recover(place: Place, trial: Trial, out: string): Promise<void> {
  const folder = join(place.folder, out)
  await trial.after(folder)
  await place.succeed(trial.next(folder, out))
  if (!isSame(folder, join(place.folder, trial.reference))) throw new Error('other bytes than undisturbed')
  const left = readdirSync(place.folder).filter((name) => name.startsWith(`.${out}.`))
  // `train --resume` and `models` write nothing beside: what a kill left there is for the next `simulate`.
  if (left.length > 0 && trial !== trials.simulate) throw new Error(`left beside: ${left.join(', ')}`)
}
