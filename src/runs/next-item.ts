/** @file Runs of trained models that rank the next item. */
import { availableParallelism } from 'node:os'
import type { TrainingData } from '../batches/kind.ts'
import { indexBytes, indexedScorer } from '../catalog-index/indexed-scorer.ts'
import { someHistories } from '../dataset/histories.ts'
import { askedOf } from '../dataset/questions.ts'
import type { Split } from '../dataset/schema.ts'
import { splitDataset } from '../dataset/splits.ts'
import { Bug, UserError } from '../errors.ts'
import { rankTargets } from '../evaluate/rank.ts'
import type { TrainingConfig } from '../learn/config.ts'
import { libraryBytes } from '../learn/memory.ts'
import { rankingBytes } from '../learn/serving-memory.ts'
import { rankingValidation, validatesRanks } from '../learn/validation.ts'
import type { Scorer } from '../models/contract/scorer.ts'
import { bakedModel } from '../rank/baked-model.ts'
import { answeringEmpty } from '../rank/empty-histories.ts'
import { type NextItemScorer, nextItemScorer } from '../rank/scorer.ts'
import type { SplitConfig } from './split-config.ts'
import { type AskedTargets, type OpenRequest, type Served, type Task, tellMemory, unsupported } from './task.ts'
import { learnTrained, openTrained } from './trained.ts'

/** How many histories say how many of the best items an index finds. */
const measuredHistories = 200

/** What every run that ranks has in common, whether its model is trained or counted. */
export const rankingSplit = {
  split(prepared, settings, kept): TrainingData {
    const options = settings as SplitConfig
    checkQuestion(options)
    const dataset = askedOf(prepared, options)
    const split = splitDataset(dataset, { ...options, cuts: kept?.cuts })
    return { dataset, split, vocabulary: kept?.vocabulary }
  },
  validates: (data) => validatesRanks(splitOf(data)),
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

/** @throws UserError `unsupported` for options of visits where no visit is asked about */
function checkQuestion({ question, idleMinutes, protocol }: SplitConfig): void {
  if (question === 'discovery' && protocol === 'given') {
    const value = 'discovery with the given split, whose targets are fixed'
    throw new UserError({ where: 'question', problem: 'unsupported', value, hint: 'use leave-one-out or time' })
  }
  if (question !== 'discovery' && idleMinutes !== undefined) {
    const value = `${idleMinutes}, but ${question === undefined ? 'no question is' : `the question ${question} is`} asked`
    const hint = 'visits count for --question discovery alone'
    throw new UserError({ where: 'idleMinutes', problem: 'unsupported', value, hint })
  }
}

/** The split of what a ranking run learns from. */
export function splitOf({ split }: TrainingData): Split {
  if (!split) throw new Bug('a run that ranks was split into samples of clicks')
  return split
}

/** A run that ranks, served by a scorer, and by popularity where a history is empty. */
export function servedRanking(
  { folder, run, data }: OpenRequest,
  model: Scorer,
  { maxLength, mergesBehaviors, newItems, baked }: Pick<Served, 'maxLength' | 'mergesBehaviors' | 'newItems' | 'baked'>,
): Served {
  const split = splitOf(data)
  const scorer = answeringEmpty(model, data.dataset, split)
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
    mergesBehaviors,
    newItems,
    baked,
    get samples(): never {
      throw noClicks()
    },
    get predictor(): never {
      throw noClicks()
    },
    async measure(part, { seed, sampled = true, listLength = 0, counted }) {
      if (split[part].length === 0) return undefined
      const asked = { part, seed, maxLength, sampled, listLength, ...(counted && { counted }) }
      return rankTargets(scorer, data.dataset, split, asked)
    },
    [Symbol.asyncDispose]: () => scorer[Symbol.asyncDispose](),
  }
}

/** The scorer with an index, where one is asked for. */
async function withIndex(
  { folder, data, index: report }: OpenRequest,
  scorer: NextItemScorer,
): Promise<NextItemScorer> {
  if (!report) return scorer
  const histories = someHistories(data.dataset, measuredHistories)
  const beside = `${folder.replace(/[/\\]+$/, '')}.index`
  return indexedScorer(scorer, { folder: beside, histories, threads: availableParallelism(), report })
}

/** See the file's header. */
export const nextItemTask: Task = {
  ...rankingSplit,
  learn(request) {
    const { run, data, watching } = request
    const { seed } = run.training as TrainingConfig
    const { ranks } = watching
    return learnTrained(request, (parts) => rankingValidation({ ...parts, split: splitOf(data), seed, ranks }))
  },
  async open(request) {
    const trained = await openTrained(request)
    const { score } = trained.model
    const ofIndex = request.index && score.kind === 'dot' ? indexBytes(...(score.table.shape as [number, number])) : 0
    await tellMemory(request, async (users) => libraryBytes + ofIndex + (await rankingBytes(trained, users)))
    const { maxLength, mergeBehaviors: mergesBehaviors } = trained.model.history
    const scorer = await withIndex(request, await nextItemScorer({ ...trained, rows: request.rows }))
    return servedRanking(request, scorer, {
      maxLength,
      mergesBehaviors,
      newItems: trained.newItems,
      baked: () => bakedModel(trained),
    })
  },
}
