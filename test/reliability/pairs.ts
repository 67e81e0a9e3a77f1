/** @file Two processes on one folder: one does its work, the other is told so, and nothing is lost or mixed. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { commands, copy, type Ended, isOneSentence, isSame, type Place } from './place.ts'

/** What came of pairs of one command. */
export interface PairCount {
  readonly pairs: number
  /** Pairs of which the second was refused in a sentence that names the first. */
  readonly refused: number
  /** Pairs of which both ended well, one after the other. */
  readonly bothWell: number
  readonly wrong: readonly string[]
}

interface PairTrial {
  before(place: Place, out: string): void
  /** The two commands. */
  readonly args: (out: string) => readonly [readonly string[], readonly string[]]
  /** Folders that the result may equal: that of the first command, that of the second. */
  readonly references: readonly [string, string]
  /** Whether both may end well: the second finds everything done. */
  readonly both: boolean
}

/** What two processes do at once. */
export const paired: Readonly<Record<string, PairTrial>> = {
  'train --resume, twice': {
    before: ({ folder }, out) => copy(join(folder, 'half-run'), join(folder, out)),
    args: (out) => [commands.resume(out), commands.resume(out)],
    references: ['reference-run', 'reference-run'],
    both: true,
  },
  'train --overwrite, two seeds': {
    before: ({ folder }, out) => copy(join(folder, 'half-run'), join(folder, out)),
    args: (out) => [
      [...commands.train(out, { epochs: 20 }), '--overwrite'],
      [...commands.train(out, { epochs: 20, seed: 8 }), '--overwrite'],
    ],
    // Long enough that neither has ended when the other comes to its lock: one after the other would be no pair.
    references: ['long-run', 'other-long-run'],
    both: false,
  },
  'prepare, twice': {
    before: () => undefined,
    args: (out) => [commands.prepare(out), commands.prepare(out)],
    references: ['reference-data', 'reference-data'],
    both: false,
  },
  'prepare --overwrite, twice': {
    before: ({ folder }, out) => copy(join(folder, 'reference-data'), join(folder, out)),
    args: (out) => [
      [...commands.prepare(out), '--overwrite'],
      [...commands.prepare(out), '--overwrite'],
    ],
    references: ['reference-data', 'reference-data'],
    both: true,
  },
  'simulate, twice': {
    before: () => undefined,
    args: (out) => [commands.simulate(out), commands.simulate(out)],
    references: ['reference-shop', 'reference-shop'],
    both: false,
  },
}

/** Starts a pair so many times. */
export async function pairMany(place: Place, what: string, pairs: number): Promise<PairCount> {
  const trial = paired[what] as PairTrial
  let [refused, bothWell] = [0, 0]
  const wrong: string[] = []
  for (let at = 0; at < pairs; at++) {
    const out = `pair-${at}`
    trial.before(place, out)
    const ended = (await Promise.all(trial.args(out).map((args) => place.run(args)))) as [Ended, Ended]
    const well = ended.filter(({ code }) => code === 0).length
    const told = problemOf(place, out, trial, ended)
    if (told !== undefined) wrong.push(told)
    else if (well === 2) bothWell++
    else refused++
    rmSync(join(place.folder, out), { recursive: true, force: true })
  }
  return { pairs, refused, bothWell, wrong }
}

/** What is wrong with how a pair ended; undefined if nothing is. */
function problemOf(
  { folder }: Place,
  out: string,
  trial: PairTrial,
  ended: readonly [Ended, Ended],
): string | undefined {
  const well = ended.map(({ code }) => code === 0)
  if (!well.includes(true)) return `neither ended well: ${ended.map(({ stderr }) => stderr.slice(-300)).join(' | ')}`
  const failed = ended.find(({ code }) => code !== 0)
  if (failed && !isOneSentence(failed)) return `no sentence: ${failed.stderr.slice(-300)}`
  if (!failed && !trial.both) return 'both ended well, and one of them was lost'
  const matches = trial.references.filter(
    (reference, at) => well[at] && isSame(join(folder, out), join(folder, reference)),
  )
  return matches.length > 0 ? undefined : 'the folder holds what neither wrote'
}
