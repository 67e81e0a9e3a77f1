/** @file A command that `mpirun` started several times over: the ranks work together, and the first one speaks. */
import { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { openMpi, startedRanks } from '../mpi/open-mpi.ts'
import type { Ranks } from '../mpi/ranks.ts'
import { exitCodes, explainFailure } from './failure.ts'

/** How long another rank waits with an error that the first one may meet too, in milliseconds. */
const politeness = 2000

/** Where a rank that does not speak writes to. */
const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })

/** Where the command writes, and with whom it works. */
export interface Stage {
  /** All processes that `mpirun` started; undefined for one that works alone. */
  readonly ranks: Ranks | undefined
  readonly out: NodeJS.WritableStream
  readonly err: NodeJS.WritableStream
}

/**
 * Does work on all ranks, or alone. A rank that fails ends all of them, since the others wait for it.
 * @throws UserError as {@link openMpi}
 */
export async function onAllRanks(work: (stage: Stage) => Promise<void>): Promise<void> {
  const spoken = { out: process.stdout, err: process.stderr }
  if (startedRanks() === 1) return work({ ...spoken, ranks: undefined })
  await using ranks = await openMpi()
  try {
    await work(ranks.rank === 0 ? { ...spoken, ranks } : { out: nowhere, err: nowhere, ranks })
    // mpirun that was told to stop ends no ranks in peace any more: they would wait for each other until it kills them.
    if (process.exitCode === exitCodes.interrupted) process.exit()
  } catch (error) {
    if (ranks.rank > 0) await sleep(politeness)
    ranks.abort(explainFailure(error))
  }
}
