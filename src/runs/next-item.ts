/** @file Runs of trained models that rank the next item. */
import type { TrainingData } from '../batches/kind.ts'
import type { Split } from '../dataset/schema.ts'
import { splitDataset } from '../dataset/splits.ts'
import { Bug } from '../errors.ts'
import { rankTargets } from '../evaluate/rank.ts'
import type { TrainingConfig } from '../learn/config.ts'
import { learnedOf } from '../learn/learned.ts'
import { trainModel } from '../learn/loop.ts'
import { rankingValidation } from '../learn/validation.ts'
import { catalogInputs } from '../models/contract/catalog.ts'
import type { ModelDefinition } from '../models/contract/model.ts'
import type { Scorer } from '../models/contract/scorer.ts'
import { modelOf } from '../models/registry.ts'
import { nextItemScorer } from '../rank/scorer.ts'
import { nodeRuntime } from '../runtime/node.ts'
import { builtModel, vocabularyOf } from './built-model.ts'
import type { Run } from './run-settings.ts'
import type { SplitConfig } from './split-config.ts'
import { type AskedTargets, type OpenRequest, type Served, type Task, unsupported } from './task.ts'

/** What every run that ranks has in common, whether its model is trained or counted. */
export const rankingSplit = {
  split: (dataset, settings) => ({ dataset, split: splitDataset(dataset, settings as SplitConfig) }),
  asked(data): AskedTargets {
    const { validation, test } = splitOf(data)
    const { events, manifest } = data.dataset
    return {
      candidates: manifest.candidates,
      negatives: true,
      tested: test.length,
      rows: [...validation, ...test],
      columns: events,
    }
  },
} satisfies Partial<Task>

/** The split of what a ranking run learns from. */
export function splitOf({ split }: TrainingData): Split {
  if (!split) throw new Bug('a run that ranks was split into samples of clicks')
  return split
}

/** The threads of a run that was trained; those of one that was counted do not matter. */
export const runtimeOf = ({ training }: Run) => nodeRuntime({ threads: training?.threads ?? 2 })

/** A run that ranks, served by a scorer. */
export function servedRanking({ folder, run, data }: OpenRequest, scorer: Scorer, maxLength: number): Served {
  const split = splitOf(data)
  const noClicks = () =>
    unsupported(
      folder,
      `${run.model} ranks the next item`,
      'a model of clicks',
      `see what it recommends with siftrec recommend ${folder}`,
    )
  return {
    split,
    scorer,
    maxLength,
    get samples(): never {
      throw noClicks()
    },
    get predictor(): never {
      throw noClicks()
    },
    async measure(part, { seed, sampled = true }) {
      if (split[part].length === 0) return undefined
      return rankTargets(scorer, data.dataset, split, { part, seed, maxLength, sampled })
    },
    [Symbol.asyncDispose]: () => scorer[Symbol.asyncDispose](),
  }
}

/** See the file's header. */
export const nextItemTask: Task = {
  ...rankingSplit,
  async learn({ run, data, out, fingerprint, resume, start, watching }) {
    const { model: slug } = run
    const training = run.training as TrainingConfig
    const runtime = runtimeOf(run)
    const model = await builtModel(modelOf(slug) as ModelDefinition, run, data, runtime)
    const { dataset } = data
    const vocabulary = vocabularyOf(data)
    const validated = { slug, model, dataset, split: splitOf(data), seed: training.seed, vocabulary, runtime }
    return trainModel({
      slug,
      model,
      data,
      frozen: catalogInputs(dataset, { vocabulary, own: model.frozen ?? {} }),
      validation: rankingValidation(validated),
      training,
      runtime,
      folder: out,
      fingerprint,
      ...(resume && { resume }),
      ...(start && { start }),
      ...watching,
    })
  },
  async open(request) {
    const { run, data } = request
    const { model: slug } = run
    const runtime = runtimeOf(run)
    const model = await builtModel(modelOf(slug) as ModelDefinition, run, data, runtime)
    const learned = learnedOf(model, request)
    const vocabulary = vocabularyOf(data)
    const scorer = await nextItemScorer({ slug, model, dataset: data.dataset, ...learned, vocabulary, runtime })
    return servedRanking(request, scorer, model.history.maxLength)
  },
}
