/**
 * @file `npm run -s bench -- sgdl DATA`: SGDL on the MovieLens-100k pairs of its authors' repository, ranked as their
 * code does. DATA is that repository's folder `data/ml100k`. Options of the model and of training may follow:
 * `batchSize=512 learningRate=2e-3 epochs=40`.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Dataset, History, Split } from '../src/dataset/schema.ts'
import { UserError } from '../src/errors.ts'
import { storedTrainingConfig, trainingConfig } from '../src/learn/config.ts'
import { learnedOf } from '../src/learn/learned.ts'
import { trainModel } from '../src/learn/loop.ts'
import { valuesOf } from '../src/learn/parameters.ts'
import type { Validation } from '../src/learn/training-run.ts'
import { catalogInputs, catalogShape } from '../src/models/contract/catalog.ts'
import { sgdl as definition } from '../src/models/multi-behavior/sgdl/sgdl.ts'
import { type NextItemScorer, nextItemScorer, type ScorerParts } from '../src/rank/scorer.ts'
import { nodeRuntime } from '../src/runtime/node.ts'
import { readSafetensors } from '../src/storage/safetensors.ts'
import { tinyDataset } from '../src/testing/tiny-dataset.ts'
import type { BenchResult } from './result.ts'

/** Recall@20 of the authors' log. */
const published = 0.341
const slug = 'sgdl'

/** Test Recall@20 of the best epoch by validation Recall@5. */
export async function sgdl(): Promise<BenchResult> {
  const [, , , data, ...given] = process.argv
  if (!data)
    throw new UserError({ where: 'DATA', problem: 'missing', value: 'the folder data/ml100k of the repository' })
  const options = Object.fromEntries(given.map((one) => one.split('=') as [string, string]))
  const isTraining = (name: string): boolean => name in storedTrainingConfig.shape
  const numbers = (wanted: boolean) =>
    Object.fromEntries(
      Object.entries(options).flatMap(([name, value]) =>
        isTraining(name) === wanted ? [[name, Number.isNaN(Number(value)) ? value : Number(value)]] : [],
      ),
    )
  const training = trainingConfig.parse({ batchSize: 128, learningRate: 5e-4, patience: 40, ...numbers(true) })
  const config = definition.config.parse(numbers(false))
  const log = readLog(data)
  const { dataset, split } = log
  const runtime = nodeRuntime({ threads: training.threads })
  const compute = () => Promise.reject(new Error('nothing is computed before training'))
  const offline = await definition.offline?.make(config, { dataset, split, compute })
  const model = definition.build(config, catalogShape(dataset), offline)
  const parts = { slug, model, dataset, runtime }
  const folder = mkdtempSync(join(tmpdir(), 'sgdl-'))
  try {
    const { best, epochs } = await trainModel({
      ...parts,
      data: { dataset, split },
      frozen: catalogInputs(dataset, { own: model.frozen ?? {} }),
      validation: validationOf(parts, log),
      training,
      folder,
      fingerprint: slug,
      report(event) {
        if (event.kind === 'epoch')
          console.error(
            `${event.stage} ${event.epoch}: loss ${event.loss.toFixed(5)}, ${event.metric} ${event.validation}, ${event.seconds.toFixed(1)} s`,
          )
      },
    })
    const path = join(folder, 'model.safetensors')
    const learned = learnedOf(model, { path, tensors: readSafetensors(path).tensors })
    await using scorer = await nextItemScorer({ ...parts, ...learned })
    const figures = await measured(scorer, log, 'test')
    const rates = [...(learned.memory['pairs.rates']?.data ?? [])].map(Number)
    const settings = {
      ...config,
      ...training,
      best: best?.epoch,
      trained: epochs,
      rates,
      noise: noiseOf(log, learned.memory['pairs.clean']?.data as Float32Array),
      ...figures,
    }
    const ours = figures['recall@20'] as number
    return { name: slug, ours, peer: published, ratio: ours / published, unit: 'Recall@20', settings }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

type Part = 'train' | 'validation' | 'test'

/** The pairs as a dataset, and the items of each user by part; `noisy` those of training that are noise. */
interface Log {
  readonly dataset: Dataset
  readonly split: Split
  readonly items: Readonly<Record<Part, readonly (readonly number[])[]>>
  readonly noisy: ReadonlySet<string>
}

function readLog(folder: string): Log {
  const rowsOf = (name: string): [user: number, item: number, isNoise: boolean][] =>
    readFileSync(join(folder, `ml100k.${name}`), 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split('\t').map(Number))
      .map(([user = 0, item = 0, noise]) => [user + 1, item + 1, noise === 0])
  const rows = { train: rowsOf('train.rating'), validation: rowsOf('valid.rating'), test: rowsOf('test.negative') }
  const all = Object.values(rows).flat()
  const users = Math.max(...all.map(([user]) => user))
  const byUser = (part: readonly (readonly [number, number, boolean])[]): number[][] => {
    const lists: number[][] = Array.from({ length: users + 1 }, () => [])
    for (const [user, item] of part) lists[user]?.push(item)
    return lists
  }
  const items = { train: byUser(rows.train), validation: byUser(rows.validation), test: byUser(rows.test) }
  const dataset = tinyDataset({
    events: rows.train.map(([user, item], at) => [user, item, 'click', at]),
    behaviors: ['click'],
    users,
    items: Math.max(...all.map(([, item]) => item)),
  })
  const trainEnd = Int32Array.from({ length: users + 1 }, (_, user) => dataset.events.start[user + 1] as number)
  const none = new Int32Array(0)
  const noisy = new Set(rows.train.flatMap(([user, item, isNoise]) => (isNoise ? [`${user} ${item}`] : [])))
  return { dataset, split: { protocol: 'given', trainEnd, validation: none, test: none }, items, noisy }
}

/** Early stopping by Recall@5, as in the authors' code. */
const validationOf = (parts: Omit<ScorerParts, 'parameters'>, log: Log): Validation => ({
  metric: 'Recall@5',
  better: 'higher',
  measures: true,
  bytes: () => Promise.resolve(0),
  async open(state, memory) {
    const scorer = await nextItemScorer({ ...parts, parameters: valuesOf(state), memory })
    return {
      async validate() {
        await scorer.refresh()
        return (await measured(scorer, log, 'validation'))['recall@5'] as number
      },
      [Symbol.asyncDispose]: () => scorer[Symbol.asyncDispose](),
    }
  },
})

/** Recall and NDCG among 5 and 20 of all items that are not known yet, as the mean over users. */
async function measured(
  scorer: NextItemScorer,
  { items }: Log,
  part: 'validation' | 'test',
): Promise<Record<string, number>> {
  const sums: Record<string, number> = {}
  const users = items[part].flatMap((own, user) => (own.length > 0 ? [user] : []))
  for (const user of users) {
    const train = Int32Array.from(items.train[user] ?? [])
    const history: History = {
      user,
      item: train,
      behavior: new Uint8Array(train.length),
      time: new Float64Array(train.length),
    }
    const scores = await scorer.score([history])
    const known = new Set([...train, ...(part === 'test' ? (items.validation[user] ?? []) : [])])
    const wanted = new Set(items[part][user])
    const ranked = [...scores.keys()]
      .filter((item) => item > 0 && !known.has(item))
      .sort((a, b) => (scores[b] as number) - (scores[a] as number))
      .slice(0, 20)
    for (const cut of [5, 20]) {
      const gains = ranked.slice(0, cut).map((item, at) => (wanted.has(item) ? 1 / Math.log2(at + 2) : 0))
      const ideal = Array.from({ length: Math.min(cut, wanted.size) }, (_, at) => 1 / Math.log2(at + 2))
      const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
      const add = (name: string, value: number): void => void (sums[name] = (sums[name] ?? 0) + value / users.length)
      add(`recall@${cut}`, gains.filter((gain) => gain > 0).length / wanted.size)
      add(`ndcg@${cut}`, sum(gains) / sum(ideal))
    }
  }
  return sums
}

/** The share of pairs that are taken for clean, of those that are noise and of the others. */
function noiseOf({ dataset: { events }, noisy }: Log, clean: Float32Array): Record<string, number> {
  const counts = { noise: [0, 0], other: [0, 0] } as const satisfies Record<string, [number, number]>
  for (const [pair, isClean] of clean.entries()) {
    const kind = counts[noisy.has(`${events.user[pair]} ${events.item[pair]}`) ? 'noise' : 'other'] as [number, number]
    kind[0] += isClean
    kind[1]++
  }
  return Object.fromEntries(Object.entries(counts).map(([name, [kept, all]]) => [name, kept / all]))
}
