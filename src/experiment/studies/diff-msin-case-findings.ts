/** @file What Diff-MSIN and EM3 say of one user's two targets, as a page and a picture. */
import type { Predictions } from '../../evaluate/clicks.ts'
import { markdownTable, printPercent } from '../../evaluate/printing.ts'
import type { Findings } from '../experiment.ts'
import type { HistoryCase, PicturedItem } from '../figures/history-case.ts'
import { rounded } from '../figures/results.ts'
import { evaluationSeed } from '../terms.ts'

/** How many of the last events are shown. */
export const shownEvents = 12
/** How many events of the largest weights are named. */
const named = 3

/** What a model says of a target. */
interface TargetOpinion {
  readonly probability: number
  /** Of each event of the history. */
  readonly weights: readonly number[]
  readonly gates: Readonly<Record<string, number>>
}
/** What a model says of the two targets, and of all impressions of the test. */
export interface Opinion {
  readonly model: string
  /** Of each target. */
  readonly targets: readonly TargetOpinion[]
  readonly all: Predictions
}
/** A case as items that can be shown. */
export interface ShownCase {
  readonly title: string
  readonly user: string
  /** Oldest first. */
  readonly history: readonly PicturedItem[]
  readonly targets: readonly (PicturedItem & { readonly id: string })[]
}

/** The case in words, in numbers and as a picture. */
export function caseFindings(shown: ShownCase, opinions: readonly [Opinion, Opinion]): Findings {
  const asked = shown.targets.flatMap((target, at) =>
    opinions.map(({ model, targets }) => ({ ...(targets[at] as TargetOpinion), model, target })),
  )
  const groups = ([0, 1] as const).map((label) => groupOf(opinions, label))
  const lines = [
    ...asked.map(({ target: { id, title }, model, probability }) => {
      return { item: id, title, model, probability: rounded(probability) }
    }),
    ...groups.map(({ name, count, means, nearer }) => ({
      impressions: name,
      count,
      mean: Object.fromEntries(opinions.map(({ model }, at) => [model, rounded(means[at] as number)])),
      nearer: rounded(nearer),
    })),
    { user: shown.user, events: shown.history.length },
  ]
  return { page: pageOf(shown, opinions, { asked, groups }), lines, plot: figureOf(shown, opinions) }
}

const figureOf = ({ title, history, targets }: ShownCase, opinions: readonly Opinion[]): HistoryCase => ({
  title,
  history: history.slice(-shownEvents),
  targets: targets.map((item, at) => ({
    item,
    opinions: opinions.map(({ model, targets }) => {
      const { probability, weights } = targets[at] as TargetOpinion
      return { model, probability, weights: weights.slice(-shownEvents) }
    }),
  })),
})

interface Told {
  readonly asked: readonly (TargetOpinion & { readonly model: string; readonly target: PicturedItem })[]
  readonly groups: readonly ReturnType<typeof groupOf>[]
}

function pageOf({ user, history }: ShownCase, [first, second]: readonly [Opinion, Opinion], { asked, groups }: Told) {
  const gatesText = (gates: TargetOpinion['gates']): string =>
    Object.entries(gates)
      .map(([name, gate]) => `${name} ${gate.toFixed(2)}`)
      .join(', ')
  const largestText = (weights: readonly number[]): string =>
    largest(weights)
      .map((event) => `${history[event]?.title} (${weights[event]?.toPrecision(2)})`)
      .join('; ')
  return [
    `User ${user} had ${history.length} events before the two films; the picture shows the last ${Math.min(shownEvents, history.length)}. A favorite is a rating of 4 or more, a click any other. Among the users with at least ${shownEvents} events and two test films with posters after them that were rated below 4, one is drawn by seed ${evaluationSeed}; the films are the first two. No prediction has a part in this choice. Probabilities are the calibrated ones. Both films are asked about as of the first of them. The weight of an event is what the model’s attention gives it, EM3’s the mean of its two.`,
    markdownTable(
      ['film', 'model', 'probability', 'gates', 'events of the largest weights'],
      asked.map(({ target, model, probability, weights, gates }) => [
        target.title,
        model,
        probability.toFixed(4),
        gatesText(gates) || '-',
        largestText(weights),
      ]),
    ),
    `One case proves nothing. Of all ${first.all.label.length} test impressions:`,
    markdownTable(
      [
        'impressions',
        'how many',
        ...[first, second].map(({ model }) => `mean probability by ${model}`),
        `${first.model} is nearer to what came`,
      ],
      groups.map(({ name, count, means, nearer }) => [
        name,
        String(count),
        ...means.map((mean) => mean.toFixed(4)),
        printPercent(nearer),
      ]),
    ),
  ].join('\n\n')
}

/** The events of the largest weights, by their size. */
const largest = (weights: readonly number[]): number[] =>
  weights
    .map((weight, event) => ({ size: Math.abs(weight), event }))
    .toSorted((a, b) => b.size - a.size)
    .slice(0, named)
    .map(({ event }) => event)

/** What the models say of the impressions with one answer, and how often the first is nearer to it than the second. */
function groupOf(opinions: readonly [Opinion, Opinion], label: 0 | 1) {
  const places = [...opinions[0].all.label].flatMap((one, at) => (one === label ? [at] : []))
  const columns = opinions.map(({ all: { calibrated, probability } }) => {
    const said = calibrated ?? probability
    return places.map((at) => said[at] as number)
  })
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const [first = [], second = []] = columns
  const isNearer = (value: number, at: number): boolean =>
    label === 0 ? value < (second[at] as number) : value > (second[at] as number)
  return {
    name: label === 0 ? 'not clicked' : 'clicked',
    count: places.length,
    means: columns.map(mean),
    nearer: mean(first.map((value, at) => (isNearer(value, at) ? 1 : 0))),
  }
}
