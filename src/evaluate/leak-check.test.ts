import { describe, expect, it } from 'vitest'
import type { History, Split } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'
import { tinyDataset } from '../testing/tiny-dataset.ts'
import { checkCandidates, checkInput, checkTraining } from './leak-check.ts'

// Rows 0-3 are Ada's, rows 4-5 Ben's.
const dataset = tinyDataset({
  events: [
    [1, 1, 'favorite', 10],
    [1, 2, 'favorite', 20],
    [1, 3, 'click', 30],
    [1, 3, 'favorite', 30],
    [2, 1, 'favorite', 15],
    [2, 2, 'favorite', 25],
  ],
  userIds: ['Ada', 'Ben'],
})

/** Rows [from, to) as a history, right or not. */
function rows(from: number, to: number): History {
  const { user, item, behavior, time } = dataset.events
  return {
    user: user[from] ?? 0,
    item: item.subarray(from, to),
    behavior: behavior.subarray(from, to),
    time: time.subarray(from, to),
  }
}

function split(trainEnd: readonly number[], cuts?: readonly [number, number]): Split {
  const targets = { validation: Int32Array.of(1, 5), test: Int32Array.of(3) }
  return {
    protocol: cuts ? 'time' : 'leave-one-out',
    trainEnd: Int32Array.from(trainEnd),
    ...targets,
    ...(cuts ? { cuts } : {}),
  }
}

describe('checkInput', () => {
  it('passes what is strictly before', () => {
    expect(() => checkInput(dataset, 3, rows(0, 2))).not.toThrow()
    expect(() => checkInput(dataset, 0, rows(0, 0))).not.toThrow()
  })

  it('fails an event at the time of its target', () => {
    expect(() => checkInput(dataset, 3, rows(1, 3))).toThrow(
      'user "Ada", event row 2: leaked: it is input at time 30, expected a time before 30, the time of the target in row 3',
    )
  })

  it('fails an event after its target', () => {
    expect(() => checkInput(dataset, 0, rows(1, 2))).toThrow(
      'user "Ada", event row 1: leaked: it is input at time 20, expected a time before 10',
    )
  })

  it("fails another user's event", () => {
    expect(() => checkInput(dataset, 3, rows(4, 5))).toThrow(
      'user "Ben", event row 4: leaked: it is input to the target in row 3, expected only',
    )
  })
})

describe('checkTraining', () => {
  it('passes rows before each user’s first target', () => {
    expect(() => checkTraining(dataset, split([0, 1, 5]))).not.toThrow()
    expect(() => checkTraining(dataset, split([0, 1, 5], [16, 30]))).not.toThrow()
  })

  it('fails a validation target that trains', () => {
    expect(() => checkTraining(dataset, split([0, 2, 5]))).toThrow(
      'user "Ada", event row 1: leaked: it trains the model at time 20, expected a time before 20',
    )
  })

  it('fails a row that shares its time with a target', () => {
    const test = { ...split([0, 3, 5]), validation: new Int32Array(0) }
    expect(() => checkTraining(dataset, test)).toThrow(
      'event row 2: leaked: it trains the model at time 30, expected a time before 30',
    )
  })

  it('fails a row at the cut of the time protocol, of a user without targets too', () => {
    const noTargets = { ...split([0, 1, 5], [15, 30]), validation: new Int32Array(0) }
    expect(() => checkTraining(dataset, noTargets)).toThrow(
      'user "Ben", event row 4: leaked: it trains the model at time 15',
    )
  })
})

describe('checkCandidates', () => {
  it('passes a target that is ranked, and fails one that is left out', () => {
    expect(() => checkCandidates(dataset, 3, new Set([1, 2]))).not.toThrow()
    expect(() => checkCandidates(dataset, 3, new Set([1, 3]))).toThrow(
      'user "Ada", event row 3: leaked: the item to predict, "i3", is left out as already seen (candidates: unseen), expected a target among the candidates. prepare with candidates "untargeted" if a click may come before the favorite',
    )
    expect(() => checkCandidates(dataset, 3, new Set([3]))).toThrow(UserError)
  })
})
