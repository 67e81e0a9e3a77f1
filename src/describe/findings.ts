/** @file What follows from a dataset's facts, in sentences: what will go wrong, before it does. */
import { percent } from '../evaluate/printing.ts'
import type { Facts } from './facts.ts'
import type { TargetCounts } from './target-facts.ts'

/** Below so many test targets, models of like quality cannot be told apart. */
const fewTargets = 500

/** From this share on, events that repeat one of the same item are told: they are seldom left out on purpose. */
const notableRepeats = 0.2
const aDay = 86_400_000

const aOrAn = (word: string): string => `${/^[aeiou]/i.test(word) ? 'an' : 'a'} ${word}`

/** The sentences that the facts call for, the gravest first. */
export function findingsOf(facts: Facts): string[] {
  return [
    ...rankableFindings(facts),
    ...trivialFindings(facts),
    ...historyFindings(facts),
    ...oddFindings(facts),
    ...contentFindings(facts),
  ]
}

function rankableFindings({ targets, questions }: Facts): string[] {
  const { behavior, events, rankable, touched, repeated, candidates, heldOut } = targets
  if (events === 0) return [`no event is ${aOrAn(behavior)}, the behavior to predict: set target in the mapping`]
  const lost = events - rankable
  const why =
    touched > repeated ? 'the user had touched the item before' : `the user had ${aOrAn(behavior)} of the item before`
  const other = questions.find((one) => !one.chosen && one.rankable > 2 * rankable)
  const more = other ? `; --question ${other.question} has ${other.rankable}` : ''
  const repeats =
    repeated > notableRepeats * events
      ? '; where repeats count, as in a grocery shop, set candidates: all in the mapping'
      : ''
  const told =
    lost > events / 2
      ? [
          `only ${rankable} of ${events} ${behavior} events can be ranked: mostly ${why} (candidates: ${candidates})${more}${repeats}`,
        ]
      : repeats === ''
        ? []
        : [
            `${percent(repeated, events)} of the ${behavior} events repeat an earlier one of the same user and item and are not ranked (candidates: ${candidates})${repeats}`,
          ]
  const tests = Object.entries(heldOut)
  const most = Math.max(0, ...tests.map(([, { test }]) => test))
  const few =
    most < fewTargets
      ? [
          `at most ${most} test targets, by ${tests.find(([, { test }]) => test === most)?.[0]}: models of like quality cannot be told apart`,
        ]
      : []
  return [...told, ...few]
}

/** Whether the last item would win. */
export function trivialFindings({ targets }: { readonly targets: TargetCounts }): string[] {
  const { justTouched, rankable, behavior } = targets
  if (rankable === 0 || justTouched <= 0.3 * rankable) return []
  return [
    `${percent(justTouched, rankable)} of the ${behavior} events are of the item touched just before, so the model last-item has them without learning anything; --question discovery asks for new items`,
  ]
}

function historyFindings({ targets, log, events }: Facts): string[] {
  const { firstTied, withTarget, behavior } = targets
  const [protocol, { test, emptyHistories }] = Object.entries(targets.heldOut)[0] ?? [
    '',
    { test: 0, emptyHistories: 0 },
  ]
  return [
    ...(emptyHistories > 0.1 * test
      ? [
          `${percent(emptyHistories, test)} of the test targets (${protocol}) have no earlier event: a model can only guess`,
        ]
      : []),
    ...(firstTied > 0.05 * withTarget
      ? [
          `${firstTied} of ${withTarget} first ${behavior} events have the time of everything before them: none of that is their input; are the times only dates?`,
        ]
      : []),
    ...(log.tied > 0.2 * events
      ? [
          `${percent(log.tied, events)} of the events share their time with another item's: events of one time do not see each other`,
        ]
      : []),
  ]
}

/** A log whose clock is wrong, and users who are hardly people. */
function oddFindings({ log, users }: Facts): string[] {
  const { period, heavy } = log
  const future = period && period.to > Date.now() + aDay ? new Date(period.to).toISOString().slice(0, 10) : undefined
  return [
    ...(future === undefined ? [] : [`the last event is of ${future}, a day that has not come: check events.timeUnit`]),
    ...(heavy.events >= 0.1
      ? [
          `${heavy.users} of ${users} users ${heavy.users === 1 ? 'has' : 'have'} ${percent(heavy.events, 1)} of the events: siftrec audit says whether they look like bots`,
        ]
      : []),
  ]
}

function contentFindings({ coverage, items }: Facts): string[] {
  const vectors = coverage.filter(({ kind }) => kind === 'vectors')
  const lacking = vectors.filter(({ items: known }) => known === 0).map(({ name }) => name)
  if (lacking.length === vectors.length)
    return [
      'no item has a picture or a text: sgp4sr and diff-msin have nothing to read; sasrec, m3bsr and item-knn need none',
    ]
  const partly = vectors.filter(({ items: known }) => known > 0 && known < 0.5 * items)
  return partly.map(({ name, items: known }) => `only ${known} of ${items} items have a vector of their ${name}`)
}
