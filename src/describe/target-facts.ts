/** @file What can be asked of a dataset: which of its target events can be ranked, and why the others cannot. */
import { firstRowAt } from '../dataset/histories.ts'
import type { Dataset } from '../dataset/schema.ts'
import { splitDataset } from '../dataset/splits.ts'
import { canRank, type PossibleTarget, possibleTargets } from '../dataset/targets.ts'
import { UserError } from '../errors.ts'

/** How many targets a protocol holds out. */
export interface HeldOut {
  readonly validation: number
  readonly test: number
  /** Of the test targets: those without an earlier event of their user. */
  readonly emptyHistories: number
}

/** The target events of a dataset. */
export interface TargetCounts {
  readonly behavior: string
  readonly candidates: Dataset['manifest']['candidates']
  readonly events: number
  /** How many the candidates policy can rank, of how many users. */
  readonly rankable: number
  readonly users: number
  /** Not rankable since the user had this item with the target behavior before. */
  readonly repeated: number
  /** Not rankable since the user had this item with another behavior before, and `unseen` leaves it out. */
  readonly touched: number
  /** Rankable ones without a strictly earlier event of their user. */
  readonly emptyHistories: number
  /** Users with a target, and those whose first target has the time of everything before it. */
  readonly withTarget: number
  readonly firstTied: number
  /** Rankable ones whose item is in the input, and whose item is the one touched last: the model last-item has them. */
  readonly inInput: number
  readonly justTouched: number
}

/** The target events of a dataset, and what becomes of them. */
export interface TargetFacts extends TargetCounts {
  /** Held out by each protocol that the dataset can have, the one it has by default first. */
  readonly heldOut: Readonly<Record<string, HeldOut>>
}

/** Counts the target events, and splits the dataset by each protocol. */
export const targetFacts = (dataset: Dataset): TargetFacts => ({
  ...targetCounts(dataset),
  heldOut: heldOut(dataset),
})

/** Counts the target events. */
export function targetCounts(dataset: Dataset): TargetCounts {
  const { manifest, events } = dataset
  const rankable: PossibleTarget[] = []
  const counts = { events: 0, repeated: 0, touched: 0, withTarget: 0, firstTied: 0 }
  let last = 0
  for (const possible of possibleTargets(dataset)) {
    counts.events++
    const user = events.user[possible.row] as number
    if (user !== last) {
      counts.withTarget++
      if (isTied(dataset, possible.row)) counts.firstTied++
      last = user
    }
    if (canRank(manifest.candidates, possible)) rankable.push(possible)
    else if (possible.targeted) counts.repeated++
    else counts.touched++
  }
  const inputs = rankable.map(({ row }) => inputOf(dataset, row))
  return {
    behavior: manifest.target,
    candidates: manifest.candidates,
    ...counts,
    rankable: rankable.length,
    users: new Set(rankable.map(({ row }) => events.user[row])).size,
    emptyHistories: inputs.filter(({ begin, end }) => begin === end).length,
    inInput: rankable.filter(({ touched }) => touched).length,
    justTouched: rankable.filter(
      ({ row }, at) =>
        events.item[(inputs[at]?.end ?? 0) - 1] === events.item[row] && inputs[at]?.begin !== inputs[at]?.end,
    ).length,
  }
}

/** The rows strictly before a target. */
function inputOf({ events }: Dataset, row: number): { begin: number; end: number } {
  const user = events.user[row] as number
  return { begin: events.start[user] as number, end: firstRowAt(events, user, events.time[row] as number) }
}

/** Whether other items stand before a target in the log, but none at an earlier time. */
function isTied(dataset: Dataset, row: number): boolean {
  const { begin, end } = inputOf(dataset, row)
  return begin === end && dataset.events.item.subarray(begin, row).some((item) => item !== dataset.events.item[row])
}

function heldOut(dataset: Dataset): TargetFacts['heldOut'] {
  const protocols = ['given', 'leave-one-out', 'time'] as const
  return Object.fromEntries(
    protocols.flatMap((protocol) => {
      try {
        const { validation, test, emptyHistories } = splitDataset(dataset, { protocol })
        const empty = emptyHistories?.test ?? 0
        return [[protocol, { validation: validation.length, test: test.length, emptyHistories: empty }]]
      } catch (error) {
        if (error instanceof UserError && error.parts.problem === 'unsupported') return []
        throw error
      }
    }),
  )
}
