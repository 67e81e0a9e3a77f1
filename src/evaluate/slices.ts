/** @file Slices: some of the targets, by name, of which a report has figures of their own. */
import type { Dataset } from '../dataset/schema.ts'
import { unknownName } from '../errors.ts'

/** What a slice may ask of a target. */
export interface Target {
  /** How many events the user had before it. */
  readonly earlier: number
  /** The target event's behavior, by name. */
  readonly behavior: string
}

/** Some of the targets. */
export interface Slice {
  readonly name: string
  /** What tables call it, and which targets it holds in words. */
  readonly title: string
  readonly about: string
  readonly holds: (target: Target) => boolean
}

/** A target of a user with at most this many earlier events is a cold start (R-M16). */
const coldStartEvents = 10

/** The slices that every dataset has. To add one, write it here. */
const slices: readonly Slice[] = [
  { name: 'all', title: 'All targets', about: 'every target', holds: () => true },
  {
    name: 'coldStart',
    title: 'Cold start',
    about: `at most ${coldStartEvents} earlier events`,
    holds: ({ earlier }) => earlier <= coldStartEvents,
  },
  {
    name: 'emptyHistory',
    title: 'Empty history',
    about: 'no earlier event, answered by popularity',
    holds: ({ earlier }) => earlier === 0,
  },
]

/** Some of the impressions of clicks, by whether training gave the user a row of his own. */
export const clickSlices = {
  unknownUsers: { about: 'users that training met once or never', known: 0 },
  knownUsers: { about: 'users that training met', known: 1 },
} as const
/** See {@link clickSlices}. */
export type ClickSliceName = keyof typeof clickSlices

/** The slices that reports have unless they are told otherwise, beside all targets. */
export const usualSlices: readonly string[] = ['coldStart', 'emptyHistory']

/**
 * The slice of a name: one of the table, or `behavior:NAME`, the targets whose event has that behavior.
 * @throws UserError `unknown`, with the nearest name as a hint
 */
export function sliceOf(name: string, { manifest }: Pick<Dataset, 'manifest'>): Slice {
  const ofBehaviors = manifest.behaviors.map((behavior) => ({
    name: `behavior:${behavior}`,
    title: `Behavior ${behavior}`,
    about: `the target is a ${behavior} event`,
    holds: (target: Target) => target.behavior === behavior,
  }))
  const all = [...slices, ...ofBehaviors]
  const slice = all.find((one) => one.name === name)
  if (!slice)
    throw unknownName(
      'slice',
      name,
      all.map(({ name }) => name),
    )
  return slice
}
