/**
 * @file Batches of users whom training knows well: for losses over users alone, such as those that map what is known of
 * a user to a history.
 */
import type { Dataset } from '../dataset/schema.ts'
import { Bug, UserError } from '../errors.ts'
import { randomStream } from '../random/stream.ts'
import { equal } from '../tensor/compare.ts'
import { cast, unsqueeze } from '../tensor/move.ts'
import type { Tensor } from '../tensor/node.ts'
import { type BatchKind, batchKind, counted, inOrder, type TrainingData } from './kind.ts'

/** Which users are trained on, and what tells them apart. */
export interface UserSettings {
  /** Training events from which on a user is warm: known well enough to be learned from. */
  readonly warmEvents: number
  /** How many of their first training events are read; 0 where fields and numbers of users are. */
  readonly firstEvents: number
  /** Users of one batch. */
  readonly atOnce: number
}

/** A symbolic batch of users. */
export interface Users {
  readonly rows: number
  /** User indices [B] int64; rows that only fill up repeat the first one. */
  readonly user_B: Tensor
  /** Items of a user's first training events, oldest first, then zeros: [B, C] int64; absent where none are read. */
  readonly item_BC: Tensor | undefined
  /** 1 where two users have the same features, a user and itself among them: [B, B]. */
  readonly alike_BB: Tensor
  /** Weights [B], which sum to 1; 0 for rows that only fill up. */
  readonly weight_B: Tensor
}

/** The users whom training knows well. */
export interface WarmUsers {
  /** All of them, ascending. */
  readonly all: Int32Array
  /** Those that are trained on. */
  readonly trained: Int32Array
  /** Every tenth, at most a thousand, whom no step sees: they tell when to stop. */
  readonly heldOut: Int32Array
}

/** Tells whether a user has so many training events. @throws Bug without a split of events */
export function warmthOf({ dataset, split }: TrainingData, warmEvents: number): (user: number) => boolean {
  if (!split) throw new Bug('users are known by a split of events')
  const { start } = dataset.events
  return (user) => (split.trainEnd[user] as number) - (start[user] as number) >= warmEvents
}

/** The warm users of a split. @throws UserError `empty` where there are fewer than two to train on */
export function warmUsers(data: TrainingData, { warmEvents }: Pick<UserSettings, 'warmEvents'>): WarmUsers {
  const { dataset } = data
  const isWarm = warmthOf(data, warmEvents)
  const all = Int32Array.from(dataset.userIds.keys()).filter((user) => user > 0 && isWarm(user))
  const isHeldOut = (at: number): boolean => at % 10 === 9 && at < 10_000
  const trained = all.filter((_, at) => !isHeldOut(at))
  if (trained.length < 2) throw tooFew(dataset, trained.length, warmEvents)
  return { all, trained, heldOut: all.filter((_, at) => isHeldOut(at)) }
}

function tooFew({ folder }: Dataset, count: number, warmEvents: number): UserError {
  return new UserError({
    where: folder,
    problem: 'empty',
    value: `${count} users with ${warmEvents} training events or more`,
    expected: 'at least two, whose features and histories are compared',
    hint: 'check the behaviors and filters of prepare',
  })
}

/** The items of a user's first training events, zeros behind them. */
export function firstItems({ dataset, split }: TrainingData, user: number, count: number): Int32Array {
  const { start, item } = dataset.events
  const first = new Int32Array(count)
  const begin = start[user] as number
  first.set(item.subarray(begin, Math.min(begin + count, split?.trainEnd[user] ?? begin)))
  return first
}

/** A number for each user, the same for users with the same features: [users + 1]. */
export function featureGroups(data: TrainingData, { firstEvents }: Pick<UserSettings, 'firstEvents'>): Int32Array {
  const { users, userIds } = data.dataset
  const columns = [
    ...Object.values(users?.fields ?? {}).map(({ values }) => values),
    ...Object.values(users?.numbers ?? {}),
  ]
  const featuresOf = (user: number): ArrayLike<number> & { join(): string } =>
    firstEvents > 0 ? firstItems(data, user, firstEvents).sort() : columns.map((values) => values[user] as number)
  const groups = new Map<string, number>()
  return Int32Array.from(userIds, (_, user) => {
    const features = featuresOf(user).join()
    const group = groups.get(features) ?? groups.size
    groups.set(features, group)
    return group
  })
}

/** Every warm user once an epoch but those that are held out, in an order drawn anew each time. */
export function users(settings: UserSettings): BatchKind<Users, Int32Array> {
  const { firstEvents, atOnce } = settings
  let known: { readonly data: TrainingData; readonly groups: Int32Array } | undefined
  const groupsOf = (data: TrainingData): Int32Array => {
    if (known?.data !== data) known = { data, groups: featureGroups(data, settings) }
    return known.groups
  }
  return batchKind<Users, Int32Array>({
    smallest: { rows: 2, length: firstEvents, targets: 2 },
    declare({ rows }, input) {
      const group_B = input('group', [rows], 'int64')
      return {
        rows,
        user_B: input('user', [rows], 'int64'),
        item_BC: firstEvents > 0 ? input('first', [rows, firstEvents], 'int64') : undefined,
        alike_BB: cast(equal(unsqueeze(group_B, 1), unsqueeze(group_B, 0)), 'float32'),
        weight_B: input('weight', [rows]),
      }
    },
    fill(chosen, { rows }, buffers, drawn) {
      if (!drawn) throw new Bug('batches of users are filled in training alone')
      const groups = groupsOf(drawn.data)
      const whole = (name: string): BigInt64Array | undefined => buffers[name] as BigInt64Array | undefined
      const [group, user, first] = [whole('group'), whole('user'), whole('first')]
      const weight = buffers['weight'] as Float32Array | undefined
      for (let row = 0; row < rows; row++) {
        const one = chosen[row < chosen.length ? row : 0] as number
        if (group) group[row] = BigInt(groups[one] as number)
        if (user) user[row] = BigInt(one)
        if (first) first.set(BigInt64Array.from(firstItems(drawn.data, one, firstEvents), BigInt), row * firstEvents)
        if (weight) weight[row] = row < chosen.length ? 1 / chosen.length : 0
      }
    },
    training(data, { seed }, fill) {
      const { trained } = warmUsers(data, settings)
      const rows = Math.min(atOnce, trained.length)
      const shape = { rows, length: firstEvents, targets: rows }
      return {
        size: `${counted(trained.length)} users`,
        shapes: [shape],
        epoch(number) {
          const order = randomStream(seed, 'users', number).shuffle(trained.slice())
          return inOrder(order.length, shape, (begin, end) => order.subarray(begin, end), fill)
        },
      }
    },
  })
}
