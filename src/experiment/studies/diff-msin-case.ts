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
import { randomStream } from '../../random/stream.ts'
import type { OpenRun } from '../../runs/open-run.ts'
import type { Experiment, Findings, TrainedCell } from '../experiment.ts'
import type { PicturedItem } from '../figures/history-case.ts'
import { evaluationSeed } from '../terms.ts'
import { caseFindings, type Opinion, type ShownCase, shownEvents } from './diff-msin-case-findings.ts'
import { alone, clicksOn, plugged, spent } from './diff-msin-comparisons.ts'

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
  const [first, second] = opinions
  if (!found || !first || !second)
    throw new UserError({ where: diffMsinCase.name, problem: 'empty', value: 'its two models are not both trained' })
  return caseFindings(await shownOf(found), [first, second])
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
    if (label[sample] === 1 || events < shownEvents || !isPictured(item[sample] as number)) continue
    bySomebody.set(owner, [...(bySomebody.get(owner) ?? []), sample])
  }
  const able = [...bySomebody].filter(([, samples]) => samples.length > 1)
  if (able.length === 0) {
    const value = `no user has ${shownEvents} events and two pictured impressions after them that were not clicked`
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
  const of = async (item: ItemIndex, note: string, pictured = true): Promise<PicturedItem> => {
    const address = pictured ? await addressOf(pictures.of(item)) : undefined
    return { title: catalog.titles[item] ?? '', note, ...(address !== undefined && { picture: address }) }
  }
  const unseen = chosen.item.length - shownEvents
  const history = Array.from(chosen.item, (item, event) =>
    of(item, manifest.behaviors[chosen.behavior[event] ?? 0] ?? '', event >= unseen),
  )
  const targets = chosen.targets.map(async (item) => ({
    ...(await of(item, 'not clicked')),
    id: catalog.ids[item] ?? '',
  }))
  return {
    title: diffMsinCase.title,
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
