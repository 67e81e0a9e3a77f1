/** @file A description as tables with sentences below them, for a terminal and for a page alike. */
import { percent } from '../evaluate/printing.ts'
import type { Description } from './description.ts'
import type { Quantiles } from './quantiles.ts'

/** A table under a title, and what is said below it. */
export interface Section {
  readonly title: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
  readonly notes: readonly string[]
}

/** The numbers of events, users and items, as a phrase. */
export const sizesOf = ({ events, users, items }: Description): string =>
  `${events} events of ${users} users on ${items} items`

/** The sections, in the order of reading. */
export const sectionsOf = (description: Description): Section[] =>
  [
    behaviorSection,
    ...(description.questions.length > 0 ? [questionSection] : []),
    targetSection,
    historySection,
    itemSection,
  ].map((section) => section(description))

function behaviorSection({ behaviors, events, targets, log, impressions }: Description): Section {
  const rows = Object.entries(behaviors).map(([name, count]) => [
    name === targets.behavior ? `${name} (target)` : name,
    String(count),
    percent(count, events),
  ])
  const { period } = log
  const when = period ? `from ${dayOf(period.from)} to ${dayOf(period.to)}` : 'an order within each user, without times'
  const shown = impressions
    ? [
        `${impressions.count} impressions: ${Object.entries(impressions.labels)
          .map(([label, count]) => `${label} in ${percent(count, impressions.count)}`)
          .join(', ')}`,
      ]
    : []
  return { title: 'Events', head: ['behavior', 'events', 'share'], rows, notes: [when, ...shown] }
}

const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10)

function questionSection({ questions, targets }: Description): Section {
  const rows = questions.map(({ question, candidates, chosen, ...counts }) => [
    `${question} (candidates: ${candidates})${chosen ? ', asked' : ''}`,
    String(counts.rankable),
    String(counts.users),
    percent(counts.inInput, counts.rankable),
    percent(counts.justTouched, counts.rankable),
  ])
  return {
    title: 'Questions',
    head: ['question', `targets of ${targets.events}`, 'users', 'item in the input', 'item touched just before'],
    rows,
    notes: ['siftrec train MODEL DATA --question NAME asks another one'],
  }
}

function targetSection({ targets }: Description): Section {
  const { events, rankable, users, touched, repeated, behavior, candidates } = targets
  const rows: [string, number, number][] = [
    [`can be ranked (candidates: ${candidates}), of ${users} users`, rankable, events],
    [`cannot: an earlier ${behavior} of the same item`, repeated, events],
    ['cannot: another earlier event of the same item', touched, events],
    ['ranked, without an earlier event', targets.emptyHistories, rankable],
    ['ranked, of an item in the input', targets.inInput, rankable],
    ['ranked, of the item touched just before', targets.justTouched, rankable],
    ['first of a user, at the time of everything before it', targets.firstTied, targets.withTarget],
  ]
  return {
    title: 'Targets',
    head: [`${behavior} events`, 'number', 'share'],
    rows: rows.map(([what, part, whole]) => [what, String(part), percent(part, whole)]),
    notes: Object.entries(targets.heldOut).map(
      ([protocol, { validation, test, emptyHistories }]) =>
        `held out by ${protocol}: ${validation} for validation, ${test} for test (${emptyHistories} without an earlier event)`,
    ),
  }
}

function historySection({ log, events }: Description): Section {
  const rows = [
    ...(log.lengths ? [['events of a user', ...cellsOf(log.lengths, String)]] : []),
    ...(log.gaps ? [['time between two', ...cellsOf(log.gaps, printDuration)]] : []),
  ]
  const head = ['', 'least', '10 %', '25 %', 'median', '75 %', '90 %', 'most']
  return {
    title: 'Histories',
    head,
    rows,
    notes: [`${percent(log.tied, events)} of the events have the time of another item's event`],
  }
}

const cellsOf = (quantiles: Quantiles, print: (value: number) => string): string[] =>
  Object.values(quantiles).map((value) => print(value))

/** Seconds in the unit that suits them: `45 s`, `3.2 h`, `12 d`. */
function printDuration(seconds: number): string {
  const units = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'min'],
  ] as const
  const [size, unit] = units.find(([size]) => seconds >= size) ?? ([1, 's'] as const)
  return `${Number((seconds / size).toPrecision(3))} ${unit}`
}

function itemSection({ coverage, log, users, items, events }: Description): Section {
  const { popularity, cold } = log
  return {
    title: 'Items',
    head: ['known', 'items', 'of all items', 'of all events'],
    rows: coverage.map(({ name, kind, items: known, events: on }) => [
      kind === 'vectors' ? `vector of the ${name}` : name,
      String(known),
      percent(known, items),
      percent(on, events),
    ]),
    notes: [
      `the most popular 1 % of the items have ${percent(popularity.top1, 1)} of the events, the most popular 10 % have ${percent(popularity.top10, 1)}`,
      `fewer than ${cold.below} events: ${cold.items} of ${items} items (${cold.withoutEvents} have none), ${cold.users} of ${users} users`,
    ],
  }
}
