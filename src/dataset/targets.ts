/** @file Which events can be targets: what their user did with the item before decides whether it is ranked. */
import type { Dataset, Manifest } from './schema.ts'

/** An event that might be a target. */
export interface PossibleTarget {
  readonly row: number
  /** Whether the user had any event of the item at an earlier time. */
  readonly touched: boolean
  /** Whether one of those was of the target behavior. */
  readonly targeted: boolean
}

/**
 * The events of the target behavior, ascending, with what came before them.
 * @param anyBehavior whether events of all behaviors are asked about
 */
export function* possibleTargets(
  { events, manifest }: Pick<Dataset, 'events' | 'manifest'>,
  anyBehavior = false,
): Generator<PossibleTarget> {
  const target = manifest.behaviors.indexOf(manifest.target)
  const { user, item, behavior, time } = events
  const [touched, targeted] = [new Set<number>(), new Set<number>()]
  for (let row = 0, first = 0; row < item.length; row++) {
    if (user[row] !== user[first]) {
      touched.clear()
      targeted.clear()
      first = row
    }
    // Events of one time do not see each other, so the past ends at the first of them.
    while (time[first] !== time[row]) {
      touched.add(item[first] as number)
      if (behavior[first] === target) targeted.add(item[first] as number)
      first++
    }
    if (!anyBehavior && behavior[row] !== target) continue
    yield { row, touched: touched.has(item[row] as number), targeted: targeted.has(item[row] as number) }
  }
}

/** Whether a policy ranks the item of a target. */
export function canRank(candidates: Manifest['candidates'], { touched, targeted }: PossibleTarget): boolean {
  return candidates === 'all' || !(candidates === 'unseen' ? touched : targeted)
}
