/** @file The names of a file of fresh events and of the list beside it, which are written and read together. */
import { basename, dirname, join } from 'node:path'

/** The columns of a file of fresh events. */
export const freshColumns = ['user', 'item', 'behavior', 'time'] as const

/** The list of users that were forgotten, one id a line, beside a file of events: `events.forgotten.txt`. */
export function forgottenBeside(events: string): string {
  return join(dirname(events), `${basename(events).replace(/\.[^.]*$/, '')}.forgotten.txt`)
}
