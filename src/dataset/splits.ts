/** @file Splits a dataset into training rows and the targets of validation and test, by one of three protocols. */
import { UserError, unknownName } from '../errors.ts'
import { firstRowAt } from './histories.ts'
import { type Dataset, role, type Split } from './schema.ts'
import { canRank, possibleTargets } from './targets.ts'

const protocols: readonly Split['protocol'][] = ['leave-one-out', 'time', 'given']

/** Which protocol, and the shares of the `time` protocol. */
export interface SplitOptions {
  /** By default `given` if the source has its own split, otherwise `leave-one-out`. */
  readonly protocol?: Split['protocol']
  /** The last share of the target events, by time, is the test set; 0.2 by default. */
  readonly testShare?: number
  /** The share of the target events just before the test set that validates; 0.1 by default. */
  readonly validationShare?: number
  /** The cuts of the `time` protocol in place of those that the shares would give. */
  readonly cuts?: readonly [number, number] | undefined
}

/**
 * Splits a dataset.
 * `leave-one-out` (R-M15): a user's last target tests, the one before validates. If a user has a single target, it
 * tests, and the events before it train. A user without targets only trains.
 * `time`: two cuts in time for all users. Targets between the cuts validate; targets from the second cut on test.
 * `given`: the roles that the source has set.
 *
 * A target is an event of the target behavior that the `candidates` policy can rank: under `unseen` this user did not
 * touch its item at an earlier time, under `untargeted` not with the target behavior. A target may have an empty
 * history. Training rows are those strictly before a user's first target, and before the first cut.
 * @throws UserError `unknown` for a protocol that there is not, `unsupported` for one the dataset cannot have,
 * `invalid` for shares that leave nothing to train on
 */
export function splitDataset(dataset: Dataset, options: SplitOptions = {}): Split {
  const { protocol = dataset.manifest.ownSplit ? 'given' : 'leave-one-out' } = options
  if (!protocols.includes(protocol)) throw unknownName('protocol', protocol, protocols)
  const targets = rankableTargets(dataset, protocol === 'given')
  if (protocol === 'time') return byTime(dataset, targets, options)
  return protocol === 'given' ? asGiven(dataset, targets) : leaveOneOut(dataset, targets)
}

/** The rows that can be targets, ascending. */
function rankableTargets(dataset: Dataset, anyBehavior: boolean): Int32Array {
  const rows: number[] = []
  for (const possible of possibleTargets(dataset, anyBehavior)) {
    if (canRank(dataset.manifest.candidates, possible)) rows.push(possible.row)
  }
  return Int32Array.from(rows)
}

function leaveOneOut({ events, userIds }: Dataset, targets: Int32Array): Split {
  const validation: number[] = []
  const test: number[] = []
  for (let at = 0; at < targets.length; at++) {
    const owner = events.user[targets[at] as number]
    if (events.user[targets[at + 1] ?? -1] === owner) continue
    test.push(targets[at] as number)
    if (events.user[targets[at - 1] ?? -1] === owner) validation.push(targets[at - 1] as number)
  }
  return finish(
    { events, userIds },
    { protocol: 'leave-one-out', validation: Int32Array.from(validation), test: Int32Array.from(test) },
  )
}

function asGiven({ events, userIds, manifest }: Dataset, targets: Int32Array): Split {
  if (!manifest.ownSplit) {
    const hint = 'use leave-one-out or time'
    throw new UserError({
      where: 'protocol',
      problem: 'unsupported',
      value: `given, but ${manifest.name} has no split of its own`,
      hint,
    })
  }
  const withRole = (wanted: number): Int32Array => targets.filter((row) => events.role[row] === wanted)
  return finish(
    { events, userIds },
    { protocol: 'given', validation: withRole(role.validation), test: withRole(role.test) },
  )
}

function byTime(
  { events, userIds, manifest }: Dataset,
  targets: Int32Array,
  { testShare = 0.2, validationShare = 0.1, cuts: given }: SplitOptions,
): Split {
  if (manifest.time === 'order') {
    const value = `time, but ${manifest.name} has only an order within each user`
    throw new UserError({
      where: 'protocol',
      problem: 'unsupported',
      value,
      hint: `use ${manifest.ownSplit ? 'given' : 'leave-one-out'}`,
    })
  }
  const times = Float64Array.from(targets, (row) => events.time[row] as number)
  const cuts = given ?? timeCuts(times, { testShare, validationShare, timesFrom: manifest.timesFrom })
  const within = (from: number, to: number): Int32Array =>
    targets.filter((row) => (events.time[row] as number) >= from && (events.time[row] as number) < to)
  const split = {
    protocol: 'time',
    validation: within(...cuts),
    test: within(cuts[1], Number.POSITIVE_INFINITY),
    cuts,
  } as const
  return finish({ events, userIds }, split)
}

interface CutShares {
  readonly testShare: number
  readonly validationShare: number
  /** Events before it have an order but no true time, so neither cut may fall among them. */
  readonly timesFrom: number | undefined
}

/**
 * The two cuts: the times at which validation and test begin, chosen so that each has its share of the events.
 * @throws UserError `invalid` for shares that leave nothing to train on
 */
export function timeCuts(
  times: Float64Array,
  { testShare, validationShare, timesFrom = Number.NEGATIVE_INFINITY }: CutShares,
): readonly [number, number] {
  checkShares(testShare, validationShare)
  const sorted = times.filter((time) => time >= timesFrom).sort()
  // The small number corrects the rounding of sums such as 0.1 + 0.2.
  const cutAt = (share: number): number =>
    sorted[Math.floor(sorted.length * (1 - share) + 1e-9)] ?? Number.POSITIVE_INFINITY
  return [cutAt(testShare + validationShare), cutAt(testShare)]
}

/** @throws UserError `invalid` for shares that leave nothing to train on */
export function checkShares(testShare: number, validationShare: number): void {
  if (testShare > 0 && validationShare > 0 && testShare + validationShare < 1) return
  const expected = 'two shares above 0 whose sum is below 1'
  throw new UserError({
    where: 'validationShare and testShare',
    problem: 'invalid',
    value: `${validationShare} and ${testShare}`,
    expected,
  })
}

/**
 * Derives the rest of the split from the targets: where each user's training rows end, and how many targets have no
 * history.
 */
function finish(
  { events, userIds }: Pick<Dataset, 'events' | 'userIds'>,
  split: Omit<Split, 'trainEnd' | 'emptyHistories'>,
): Split {
  const limit = new Float64Array(userIds.length).fill(split.cuts?.[0] ?? Number.POSITIVE_INFINITY)
  for (const row of [...split.validation, ...split.test]) {
    const owner = events.user[row] as number
    limit[owner] = Math.min(limit[owner] as number, events.time[row] as number)
  }
  const trainEnd = Int32Array.from(userIds, (_, user) =>
    user === 0 ? 0 : firstRowAt(events, user, limit[user] as number),
  )
  const empty = (rows: Int32Array): number =>
    rows.filter(
      (row) =>
        firstRowAt(events, events.user[row] as number, events.time[row] as number) ===
        events.start[events.user[row] as number],
    ).length
  return { ...split, trainEnd, emptyHistories: { validation: empty(split.validation), test: empty(split.test) } }
}
