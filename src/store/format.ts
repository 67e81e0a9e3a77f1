/** @file The format that every store says it has, and an event as stores without columns write it. */
import { UserError } from '../errors.ts'
import type { FreshEvent } from './event-store.ts'

/** Raised whenever what is stored would be misread by an older or a newer siftrec. */
export const storeFormat = 1

/**
 * @param found what the store says, a number where nobody changed it
 * @throws UserError `mismatched` for a store of another format
 */
export function checkFormat(where: string, found: unknown): void {
  if (Number(found) === storeFormat) return
  throw new UserError({
    where,
    problem: 'mismatched',
    value: `a store of format ${String(found)}`,
    expected: `format ${storeFormat}`,
    hint: 'use the version of siftrec that wrote it, or another place',
  })
}

/** An event without its user, which its key names. */
export const eventText = ({ time, item, behavior, id }: FreshEvent): string =>
  JSON.stringify(id === undefined ? [time, item, behavior] : [time, item, behavior, id])

/** The event that {@link eventText} wrote. */
export function eventOf(user: string, text: string): FreshEvent {
  const [time, item, behavior, id] = JSON.parse(text) as [number, string, string, string?]
  return { user, item, behavior, time, ...(id !== undefined && { id }) }
}
