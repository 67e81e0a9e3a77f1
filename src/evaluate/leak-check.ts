/** @file The guard of every evaluation: nothing at or after a target's time may train the model or reach its input. */
import type { Dataset, History, ItemIndex, Split } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'

/**
 * Checks that no training row is at or after the first target of its user, or the first cut of the `time` protocol; for
 * discovery, that none is of the item of a target of its user.
 * @throws UserError `leaked`, naming the user, the row and both times
 */
export function checkTraining(dataset: Dataset, split: Split): void {
  const { time, user, start } = dataset.events
  const limit = new Float64Array(dataset.userIds.length).fill(split.cuts?.[0] ?? Number.POSITIVE_INFINITY)
  for (const targets of [split.validation, split.test]) {
    for (const row of targets) {
      const owner = user[row] as number
      limit[owner] = Math.min(limit[owner] as number, time[row] as number)
    }
  }
  if (dataset.asked?.question === 'discovery') checkUntouched(dataset, split)
  for (let owner = 1; owner < limit.length; owner++) {
    const end = split.trainEnd[owner] as number
    for (let row = start[owner] as number; row < end; row++) {
      if ((time[row] as number) < (limit[owner] as number)) continue
      throw leaked(
        dataset,
        row,
        `it trains the model at time ${time[row]}`,
        `a time before ${limit[owner]}, where this user's targets begin`,
      )
    }
  }
}

/** @throws UserError `leaked` for a training row that is of the item that its user is to discover */
function checkUntouched(dataset: Dataset, { trainEnd, validation, test }: Split): void {
  const { user, item, start } = dataset.events
  for (const target of [...validation, ...test]) {
    const owner = user[target] as number
    const begin = start[owner] as number
    const at = item.subarray(begin, trainEnd[owner]).indexOf(item[target] as number)
    if (at < 0) continue
    throw leaked(
      dataset,
      begin + at,
      'it trains the model on the item to discover',
      `no event of the item of row ${target}`,
    )
  }
}

/**
 * Checks that a target's input is its own user's, and strictly before the target's time; for discovery, that none of it
 * is of the target's item.
 * @param target the event row to predict
 * @param history views into the dataset's events, from which the row of an offender is told
 * @throws UserError `leaked`, naming the user, the row and both times
 */
export function checkInput(dataset: Dataset, target: number, history: History): void {
  const { time, user } = dataset.events
  const limit = time[target] as number
  const first = (history.time.byteOffset - time.byteOffset) / time.BYTES_PER_ELEMENT
  for (let at = 0; at < history.time.length; at++) {
    const row = first + at
    if (user[row] !== user[target]) {
      throw leaked(
        dataset,
        row,
        `it is input to the target in row ${target}`,
        `only events of "${dataset.userIds[user[target] as number]}"`,
      )
    }
    if (dataset.asked?.question === 'discovery' && history.item[at] === dataset.events.item[target]) {
      throw leaked(dataset, row, `it is input to the target in row ${target}`, 'no event of the item to discover')
    }
    if ((history.time[at] as number) < limit) continue
    throw leaked(
      dataset,
      row,
      `it is input at time ${history.time[at]}`,
      `a time before ${limit}, the time of the target in row ${target}`,
    )
  }
}

/**
 * Checks that the item to predict is among the items ranked.
 * @throws UserError `leaked`, naming the user, the row and the item
 */
export function checkCandidates(dataset: Dataset, target: number, excluded: ReadonlySet<ItemIndex>): void {
  const { candidates, target: behavior } = dataset.manifest
  const item = dataset.events.item[target] as number
  if (!excluded.has(item)) return
  throw leaked(
    dataset,
    target,
    `the item to predict, "${dataset.catalog.ids[item]}", is left out as already seen (candidates: ${candidates})`,
    'a target among the candidates',
    `prepare with candidates ${candidates === 'unseen' ? `"untargeted" if a click may come before the ${behavior}, or ` : ''}"all" if items repeat`,
  )
}

function leaked(dataset: Dataset, row: number, value: string, expected: string, hint?: string): UserError {
  const where = `user "${dataset.userIds[dataset.events.user[row] as number]}", event row ${row}`
  return new UserError({ where, problem: 'leaked', value, expected, ...(hint === undefined ? {} : { hint }) })
}
