/**
 * @file How the command line fails: a user error prints one sentence and exits with 2, a bug prints its stack and exits
 * with 1.
 */
import { CommanderError } from 'commander'
import pc from 'picocolors'
import { UserError } from '../errors.ts'
import { inFileWords } from '../storage/file-errors.ts'
import { StoreUnavailable } from '../store/event-store.ts'

/** Exit codes: success, a bug, an error the user can mend, stopped by a signal. */
export const exitCodes = { ok: 0, bug: 1, user: 2, interrupted: 130 } as const

/** Prints a failure and returns the exit code. */
export function explainFailure(error: unknown): number {
  // Commander has already printed its own message.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.user
  const refusal = inWords(error)
  if (refusal instanceof UserError) {
    process.stderr.write(`${pc.red(refusal.message)}\n`)
    return exitCodes.user
  }
  const told = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(`${pc.red('this is a bug in siftrec, please report it:')}\n${told}\n`)
  return exitCodes.bug
}

/** What the file system or a store refuses, as a UserError; another error as it is. */
function inWords(error: unknown): unknown {
  if (!(error instanceof StoreUnavailable)) return inFileWords(error)
  return new UserError({ where: 'store', problem: 'missing', value: error.message, expected: 'a store that answers' })
}
