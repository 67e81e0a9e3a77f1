/** @file Whether a model that only counts is ahead of a trained one, on the targets that training was validated by. */
import type { TrainingData } from '../batches/kind.ts'
import { ndcgOf } from '../evaluate/evaluate.ts'
import type { TrainingEvent } from '../learn/training-run.ts'
import type { FittedModel } from '../models/contract/fitted-model.ts'
import { itemKnn } from '../models/counting/item-knn.ts'
import { lastItem } from '../models/counting/last-item.ts'
import { popularity } from '../models/counting/popularity.ts'
import { modelOf } from '../models/registry.ts'
import { answeringEmpty } from '../rank/empty-histories.ts'
import { shownEvents } from './counting.ts'
import { splitOf } from './next-item.ts'
import { printedMetric } from './task-options.ts'
import type { RunResult } from './train-run.ts'

/** A counted model and its figure. */
export interface CountedFigure {
  readonly title: string
  /** NDCG@10 of the validation targets, as a run of that model is measured. */
  readonly validation: number
}

/** What comparing may cost, and who listens. */
interface Comparing {
  readonly signal?: AbortSignal
  readonly report?: (event: TrainingEvent) => void
  /**
   * Item-kNN is left out above so many pairs of items that a user touched both: 200 million take about half a minute.
   * Ranking needs no bound, since each epoch's validation took as long.
   */
  readonly mostPairs?: number
}

/** The counted models that validation puts above a trained run, best first; none where it was not by ranks. */
export async function countedAhead(
  { run, best, data }: Pick<RunResult, 'run' | 'best' | 'data'>,
  { signal, report, mostPairs = 2e8 }: Comparing = {},
): Promise<CountedFigure[]> {
  const reached = best?.validation ?? undefined
  if (reached === undefined || !data.split) return []
  const ahead: CountedFigure[] = []
  for (const model of countedFor(data, mostPairs)) {
    if (signal?.aborted) return []
    const validation = await validationOf(model, data, run.training?.seed ?? 1, (done, all) =>
      report?.({ kind: 'counted', work: `comparing with ${model.title}`, done, all }),
    )
    if (validation > reached) ahead.push({ title: model.title, validation })
  }
  return ahead.toSorted((a, b) => b.validation - a.validation)
}

/** A sentence for whoever has to choose what to serve; empty where no counted model is ahead. */
export function aheadText(
  { run, best, epochs, folder }: Pick<RunResult, 'run' | 'best' | 'epochs' | 'folder'>,
  ahead: readonly CountedFigure[],
): string {
  const [first] = ahead
  if (!first) return ''
  const all = (texts: readonly string[]): string => new Intl.ListFormat('en', { type: 'conjunction' }).format(texts)
  const names = all(ahead.map(({ title }) => title))
  const figures = all(ahead.map(({ validation }) => validation.toFixed(4)))
  const against = `validation ${printedMetric(run.model)} ${best?.validation?.toFixed(4)} against ${figures}`
  const cut = epochs === run.training?.epochs
  const or = cut ? `give it more epochs (siftrec train --resume ${folder} --epochs ${2 * epochs})` : 'try other options'
  return `${modelOf(run.model).title} is below ${names} here (${against}): serve ${first.title}, or ${or}`
}

/** The counted models that say something here, and soon. */
function countedFor(data: TrainingData, mostPairs: number): FittedModel<unknown>[] {
  const { events, manifest } = data.dataset
  const { trainEnd } = splitOf(data)
  const models = [popularity] as FittedModel<never>[]
  // Where touched items are no candidates, the last item's order is that of popularity.
  if (manifest.candidates !== 'unseen') models.push(lastItem as FittedModel<never>)
  const { maxUserItems } = itemKnn.config.parse({})
  let pairs = 0
  for (let user = 1; user < trainEnd.length; user++) {
    const items = new Set(events.item.subarray(events.start[user], trainEnd[user]))
    pairs += Math.min(maxUserItems, items.size) ** 2
  }
  if (pairs <= mostPairs) models.push(itemKnn as FittedModel<never>)
  return models
}

async function validationOf(
  model: FittedModel<unknown>,
  data: TrainingData,
  seed: number,
  counted: (done: number, all: number) => void,
): Promise<number> {
  const { dataset } = data
  const split = splitOf(data)
  const config = model.config.parse({})
  await using scorer = answeringEmpty(model.load(model.fit(dataset, split, config), dataset, config), dataset, split)
  return ndcgOf(scorer, dataset, split, { part: 'validation', seed, maxLength: shownEvents, counted })
}
