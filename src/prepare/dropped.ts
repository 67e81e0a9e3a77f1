/** @file Says what was left out of a dataset and why, and stops where that is too much to go unseen. */
import { UserError } from '../errors.ts'
import type { Mapping } from './mapping.ts'

/** Rows that were left out for one reason. */
export interface Loss {
  readonly reason: string
  /** The key of `filters` in the mapping that rules it, if there is one. */
  readonly key?: keyof Mapping['filters'] | undefined
  readonly what: 'events' | 'impressions' | 'items'
  readonly lost: number
  /** How many there were before anything was left out. */
  readonly of: number
  /** What else goes with them, for the line of progress. */
  readonly further?: string
}

/** A larger share is a warning. */
const told = 0.01
/** A larger share stops, unless it was asked for. */
const most = 0.2

/** What was asked for, and who is told. */
export interface LossRules {
  /** Whether any share may be left out. */
  readonly allowed: boolean
  /** The filters that the mapping or the source wrote down; their losses are meant. */
  readonly chosen: readonly string[]
  /** The dataset's name. */
  readonly where: string
  readonly report: (line: string) => void
}

/**
 * Reports what was left out, as a warning where it is more than 1 %.
 * @throws UserError `invalid` for a reason that took more than 20 %, if nobody asked for that
 */
export function reportLosses(losses: readonly Loss[], { allowed, chosen, where, report }: LossRules): void {
  const some = losses.filter(({ lost }) => lost > 0)
  for (const { reason, what, lost, of, further = '' } of some) {
    const [warning, share] = lost > told * of ? ['warning: ', ` (${percent(lost / of)} of ${of})`] : ['', '']
    report(`${warning}dropped for "${reason}": ${lost} ${what}${share}${further}`)
  }
  const meant = (key: Loss['key']): boolean => allowed || (key !== undefined && chosen.includes(key))
  const tooMany = some.find(({ key, lost, of }) => lost > most * of && !meant(key))
  if (!tooMany) return
  const { reason, key, what, lost, of } = tooMany
  throw new UserError({
    where,
    problem: 'invalid',
    value: `"${reason}" drops ${lost} of ${of} ${what} (${percent(lost / of)})`,
    expected: `at most ${percent(most)}`,
    hint: `${key === undefined ? '' : `${remedies[key] ?? `set filters.${key} in the mapping`}, or `}allow it with --allow-dropped`,
  })
}

const remedies: Partial<Record<keyof Mapping['filters'], string>> = {
  minimumEventsPerUser: 'write filters.minimumEventsPerUser into the mapping (1 keeps every user)',
}

function percent(share: number): string {
  return `${Math.round(share * 1000) / 10} %`
}
