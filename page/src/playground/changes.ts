/** @file How a list differs from the one before. */

/** Places moved up, above 0, or down; 'new' for an item that was not on the list; 0 for one that stayed. */
export type Mark = number | 'new'

/** The marks of a list, and how many are new, went up and went down. */
export interface Changes {
  readonly marks: ReadonlyMap<string, Mark>
  readonly fresh: number
  readonly up: number
  readonly down: number
}

/** Compares two lists of ids. @param gone what was taken off the earlier one on purpose: those below it did not move */
export function changesOf(before: readonly string[], after: readonly string[], gone?: string): Changes {
  const places = new Map(before.filter((id) => id !== gone).map((id, at) => [id, at]))
  const marks = new Map(
    after.map((id, at): [string, Mark] => {
      const place = places.get(id)
      return [id, place === undefined ? 'new' : place - at]
    }),
  )
  const all = [...marks.values()]
  return {
    marks,
    fresh: all.filter((mark) => mark === 'new').length,
    up: all.filter((mark) => mark !== 'new' && mark > 0).length,
    down: all.filter((mark) => mark !== 'new' && mark < 0).length,
  }
}
