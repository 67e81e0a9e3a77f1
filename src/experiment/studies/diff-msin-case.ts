/**
 * @file One user's history as pictures and two films that the user did not like, and what Diff-MSIN and EM3 say of them
 * (the paper's Fig. 7). Which user and films is drawn without a look at any prediction.
 */
import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import type { ClickSamples } from '../../dataset/click-samples.ts'
import { type Pictures, readPictures } from '../../dataset/pictures.ts'
import type { Dataset, ItemIndex } from '../../dataset/schema.ts'
import { UserError } from '../../errors.ts'
import type { Predictions } from '../../evaluate/clicks.ts'
import { markdownTable, printPercent } from '../../evaluate/printing.ts'
import { randomStream } from '../../random/stream.ts'
import type { OpenRun } from '../../runs/open-run.ts'
import type { Experiment, Findings, TrainedCell } from '../experiment.ts'
import type { HistoryCase, PicturedItem } from '../figures/history-case.ts'
import { rounded } from '../figures/results.ts'
import { evaluationSeed } from '../terms.ts'
import { alone, clicksOn, plugged, spent } from './diff-msin-comparisons.ts'

/** How many of the last events are shown. */
const shown = 12
/** How many events of the largest weights are named. */
const named = 3

/** A history, its targets, and what both models say. */
export const diffMsinCase: Experiment = {
  name: 'diff-msin-case',
  title: 'One user, two films: Diff-MSIN beside EM3',
  about:
    'The last films that one user of ml-latest-small rated, as posters, two films that the user then rated below 4, and how probable Diff-MSIN on DIN and EM3 say that a rating of 4 or more is, with the weight of each event.',
  seeds: [1],
  html: true,
  guess: { hours: 0.2, from: `${spent}; its cells are those of diff-msin-table2` },
  comparisons: (wanted) => [
    clicksOn(wanted, 'movies', {
      title: 'Films',
      reference: 'EM3',
      variants: [plugged('din', 'movies'), alone('em3', 'movies')],
    }),
  ],
  look: caseOf,
}

/** What a model says of the two targets, and of all impressions of the test. */
interface Opinion {
  readonly model: string
  /** Of each target. */
  readonly targets: readonly {
    readonly probability: number
    /** Of each event of the history. */
    readonly weights: readonly number[]
    readonly gates: Readonly<Record<string, number>>
  }[]
  readonly all: Predictions
}

async function caseOf(cells: readonly TrainedCell[]): Promise<Findings> {
  const opinions: Opinion[] = []
  let found: { readonly chosen: ChosenCase; readonly dataset: Dataset; readonly pictures: Pictures } | undefined
  for (const cell of cells) {
    await using run = await cell.open()
    const pictures = found?.pictures ?? (await readPictures(run.dataset))
    found ??= {
      chosen: chosenCase(run.samples, (item) => pictures.of(item) !== undefined),
      dataset: run.dataset,
      pictures,
    }
    opinions.push(await opinionOf(cell.variant, run, found.chosen))
  }
  if (!found) throw new UserError({ where: diffMsinCase.name, problem: 'empty', value: 'no model is trained' })
  return findingsOf(found.chosen, opinions, await shownOf(found))
}

/** A user, what the user did, and two items that were shown afterwards and not clicked. */
export interface ChosenCase {
  readonly user: number
  /** Oldest first. */
  readonly item: Int32Array
  readonly behavior: Uint8Array
  readonly targets: readonly [ItemIndex, ItemIndex]
}

/**
 * Draws a user with enough events and two test impressions of items with pictures, neither clicked; both are asked
 * about as of the first.
 * @throws UserError `empty` where there is no such user
 */
export function chosenCase(
  { columns, user, item, end, label, test }: ClickSamples,
  isPictured: (item: ItemIndex) => boolean,
): ChosenCase {
  const startOf = (sample: number): number => columns.start[user[sample] as number] as number
  const bySomebody = new Map<number, number[]>()
  for (const sample of test) {
    const [owner, events] = [user[sample] as number, (end[sample] as number) - startOf(sample)]
    if (label[sample] === 1 || events < shown || !isPictured(item[sample] as number)) continue
    bySomebody.set(owner, [...(bySomebody.get(owner) ?? []), sample])
  }
  const able = [...bySomebody].filter(([, samples]) => samples.length > 1)
  if (able.length === 0) {
    const value = `no user has ${shown} events and two pictured impressions after them that were not clicked`
    throw new UserError({ where: diffMsinCase.name, problem: 'empty', value })
  }
  const [owner, [first, second]] = able[randomStream(evaluationSeed, 'case').integer(able.length)] as [
    number,
    [number, number],
  ]
  const [from, to] = [startOf(first), end[first] as number]
  return {
    user: owner,
    item: Int32Array.from(columns.item.subarray(from, to)),
    behavior: Uint8Array.from(columns.behavior.subarray(from, to)),
    targets: [item[first] as number, item[second] as number],
  }
}

async function opinionOf(model: string, run: OpenRun, { targets, ...history }: ChosenCase): Promise<Opinion> {
  const all = await run.measure('test', { seed: evaluationSeed, sampled: false })
  if (all?.kind !== 'clicks')
    throw new UserError({ where: run.folder, problem: 'unsupported', value: 'a model that predicts no clicks' })
  const { predictor } = run
  const { probability, length, reasons } = await predictor.candidates(history, targets)
  const { attention = new Float32Array(0), gates = new Float32Array(0) } = reasons
  // Weights are of the last events that the model reads.
  const unread = Math.max(0, history.item.length - length)
  return {
    model,
    all,
    targets: targets.map((_, at) => ({
      probability: probability[at] as number,
      weights: Array.from(history.item, (_, event) =>
        event < unread ? 0 : (attention[at * length + event - unread] ?? 0),
      ),
      gates: Object.fromEntries(
        predictor.gates.map((name, gate, every) => [name, gates[at * every.length + gate] as number]),
      ),
    })),
  }
}

/** A case as items that can be shown. */
interface ShownCase {
  readonly user: string
  readonly history: readonly PicturedItem[]
  readonly targets: readonly (PicturedItem & { readonly id: string })[]
}

async function shownOf({
  chosen,
  dataset,
  pictures,
}: {
  readonly chosen: ChosenCase
  readonly dataset: Dataset
  readonly pictures: Pictures
}): Promise<ShownCase> {
  const { catalog, manifest, userIds } = dataset
  const of = async (item: ItemIndex, note: string): Promise<PicturedItem> => {
    const address = await addressOf(pictures.of(item))
    return { title: catalog.titles[item] ?? '', note, ...(address !== undefined && { picture: address }) }
  }
  const history = Array.from(chosen.item, (item, event) =>
    of(item, manifest.behaviors[chosen.behavior[event] ?? 0] ?? ''),
  )
  const targets = chosen.targets.map(async (item) => ({
    ...(await of(item, 'not clicked')),
    id: catalog.ids[item] ?? '',
  }))
  return {
    user: userIds[chosen.user] ?? '',
    history: await Promise.all(history),
    targets: await Promise.all(targets),
  }
}

/** A picture as part of the file that shows it. */
async function addressOf(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined
  const type = extname(path).toLowerCase() === '.png' ? 'image/png' : 'image/jpeg'
  return `data:${type};base64,${(await readFile(path)).toString('base64')}`
}

function findingsOf(chosen: ChosenCase, opinions: readonly Opinion[], { user, history, targets }: ShownCase): Findings {
  const figure: HistoryCase = {
    title: diffMsinCase.title,
    history: history.slice(-shown),
    targets: targets.map((item, at) => ({
      item,
      opinions: opinions.map(({ model, targets }) => {
        const { probability, weights } = targets[at] as Opinion['targets'][number]
        return { model, probability, weights: weights.slice(-shown) }
      }),
    })),
  }
  const asked = targets.flatMap((target, at) =>
    opinions.map(({ model, targets }) => ({ ...(targets[at] as Opinion['targets'][number]), model, target })),
  )
  const groups = ([0, 1] as const).map((label) => groupOf(opinions, label))
  const page = [
    `User ${user} had ${history.length} events before the two films; the picture shows the last ${Math.min(shown, history.length)}. A favorite is a rating of 4 or more, a click any other. Among the users with at least ${shown} events and two test films with posters after them that were rated below 4, one is drawn by seed ${evaluationSeed}; the films are the first two. No prediction has a part in this choice. Probabilities are the calibrated ones. Both films are asked about as of the first of them. The weight of an event is what the model’s attention gives it, EM3’s the mean of its two.`,
    markdownTable(
      ['film', 'model', 'probability', 'gates', 'events of the largest weights'],
      asked.map(({ target, model, probability, weights, gates }) => [
        target.title,
        model,
        probability.toFixed(4),
        Object.entries(gates)
          .map(([name, gate]) => `${name} ${gate.toFixed(2)}`)
          .join(', ') || '-',
        largest(weights)
          .map((event) => `${history[event]?.title} (${weights[event]?.toPrecision(2)})`)
          .join('; '),
      ]),
    ),
    `One case proves nothing. Of all ${opinions[0]?.all.label.length} test impressions:`,
    markdownTable(
      [
        'impressions',
        'how many',
        ...opinions.map(({ model }) => `mean probability by ${model}`),
        `${opinions[0]?.model} is nearer to what came`,
      ],
      groups.map(({ name, count, means, nearer }) => [
        name,
        String(count),
        ...means.map((mean) => mean.toFixed(4)),
        printPercent(nearer),
      ]),
    ),
  ].join('\n\n')
  const lines = [
    ...asked.map(({ target, model, probability }) => ({
      item: target.id,
      title: target.title,
      model,
      probability: rounded(probability),
    })),
    ...groups.map(({ name, count, means, nearer }) => ({
      impressions: name,
      count,
      mean: Object.fromEntries(opinions.map(({ model }, at) => [model, rounded(means[at] as number)])),
      nearer: rounded(nearer),
    })),
    { user, events: chosen.item.length },
  ]
  return { page, lines, plot: figure }
}

/** The events of the largest weights, by their size. */
const largest = (weights: readonly number[]): number[] =>
  weights
    .map((weight, event) => ({ size: Math.abs(weight), event }))
    .toSorted((a, b) => b.size - a.size)
    .slice(0, named)
    .map(({ event }) => event)

/** What the models say of the impressions with one answer, and how often the first is nearer to it than the second. */
function groupOf(opinions: readonly Opinion[], label: 0 | 1) {
  const places = [...(opinions[0]?.all.label ?? [])].flatMap((one, at) => (one === label ? [at] : []))
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
