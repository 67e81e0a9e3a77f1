/**
 * @file `npm run -s bench -- shop-oracle [time]`: how well the simulated shop's next favorites can be ranked by its own
 * probabilities, by somebody who knows all of it and by others who know less, beside the models of
 * `experiment m3bsr-table2`. The split is leave-one-out, or with `time` the global time split.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadDataset } from '../src/dataset/load.ts'
import type { Dataset, History } from '../src/dataset/schema.ts'
import { splitDataset } from '../src/dataset/splits.ts'
import { evaluate } from '../src/evaluate/evaluate.ts'
import { simulatedShop } from '../src/experiment/data/shop-dataset.ts'
import type { Scorer } from '../src/models/contract/scorer.ts'
import { prepareDataset } from '../src/prepare/prepare.ts'
import { type Knowledge, oracle, type ReadEvent } from '../src/simulate/oracle.ts'
import { accidentalOf, readTruth, simulateShop, type Truth } from '../src/simulate/shop.ts'
import { shopDefaults } from '../src/simulate/world.ts'
import type { BenchResult } from './result.ts'

const all = { user: 'interest', clicks: 'told', looks: 'told', topics: 'told' } as const
/** What a model can read: events, pictures with a few wrong among them, and titles. */
const reader = { user: 'nothing', clicks: 'weighed', looks: 'weighed', topics: 'told' } as const
const known: Readonly<Record<string, Knowledge>> = {
  'interest of the visit': all,
  'taste, which clicks are accidental, own styles': { ...all, user: 'taste' },
  'which clicks are accidental, own styles': { ...all, user: 'nothing' },
  'own styles': { ...reader, looks: 'told' },
  'own styles, believes every click': { ...reader, looks: 'told', clicks: 'believed' },
  'own styles, reads no click': { ...reader, looks: 'told', clicks: 'unread' },
  'reads all': reader,
  'believes every click': { ...reader, clicks: 'believed' },
  'believes every picture': { ...reader, looks: 'pictured' },
  'reads no click': { ...reader, clicks: 'unread' },
  'sees no picture': { ...reader, looks: 'unseen' },
  'reads no title': { ...reader, topics: 'unseen' },
  'true popularity': { ...reader, clicks: 'unread', looks: 'unseen', topics: 'unseen' },
}

/** NDCG@10 of the oracle that reads what a model can, over that of M³BSR. */
export async function shopOracle(): Promise<BenchResult> {
  const protocol = process.argv.includes('time') ? 'time' : 'leave-one-out'
  const folder = mkdtempSync(join(tmpdir(), 'siftrec-oracle-'))
  try {
    const raw = join(folder, 'raw')
    await simulateShop(raw, shopDefaults)
    const out = join(folder, 'shop')
    const files = { events: join(raw, 'events.csv'), items: join(raw, 'items.csv'), mapping: join(raw, 'shop.yaml') }
    await prepareDataset({ ...files, out })
    const [dataset, truth] = [await loadDataset(out), readTruth(raw)]
    const split = splitDataset(dataset, { protocol })
    const oracles: Record<string, unknown> = {}
    let ours = Number.NaN
    for (const [name, knowledge] of Object.entries(known)) {
      const options = { part: 'test', seed: 1, sampled: false, slices: [], listLength: 0 } as const
      const { full } = (await evaluate(scorerOf(dataset, truth, knowledge), dataset, split, options)).slices.all
      oracles[name] = { 'ndcg@10': full['ndcg@10'], 'hr@10': full['hr@10'] }
      if (knowledge === reader) ours = full['ndcg@10']?.mean ?? Number.NaN
      console.error(`${name}: ${JSON.stringify(oracles[name])}`)
    }
    const models = trainedModels(protocol)
    const peer = models['m3bsr']?.['ndcg@10'] ?? null
    const unit = 'NDCG@10, the oracle that reads all over M³BSR'
    return {
      name: 'shop-oracle',
      ours,
      peer,
      ratio: peer && ours / peer,
      unit,
      settings: { protocol, oracles, models },
    }
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  }
}

/** An oracle as a model: of a history it knows what the truth says of its user and events, as far as it may. */
function scorerOf(dataset: Dataset, truth: Truth, knowledge: Knowledge): Scorer {
  const { events, catalog, userIds, manifest } = dataset
  const settings = { ...shopDefaults, ...truth.settings }
  const weigh = oracle({ items: truth.items, settings }, knowledge)
  const accidental = accidentalOf(dataset, truth)
  const placeOf = new Map(truth.items.map(({ id }, at) => [id, at]))
  const places = catalog.ids.map((id) => placeOf.get(id) ?? -1)
  const users = new Map(truth.users.map((user) => [user.id, user]))
  const itemCount = catalog.ids.length - 1
  const eventsOf = ({ user, item, behavior, time }: History): ReadEvent[] =>
    Array.from(item, (index, at) => ({
      item: places[index] as number,
      behavior: manifest.behaviors[behavior[at] as number] === 'favorite' ? 'favorite' : 'click',
      accidental: accidental[(events.start[user] as number) + at] === 1,
      time: time[at] as number,
    }))
  return {
    slug: 'oracle',
    itemCount,
    score(histories, into = new Float32Array(histories.length * (itemCount + 1))) {
      for (const [row, history] of histories.entries()) {
        const user = users.get(userIds[history.user] as string)
        if (!user) throw new Error(`no user ${history.user} in the truth`)
        const weights = weigh(user, eventsOf(history))
        const from = row * (itemCount + 1)
        into[from] = Number.NEGATIVE_INFINITY
        for (let index = 1; index <= itemCount; index++) into[from + index] = weights[places[index] as number] as number
      }
      return Promise.resolve(into.subarray(0, histories.length * (itemCount + 1)))
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

interface StoredRow {
  readonly model: string
  readonly dataset: string
  readonly split: string
  readonly protocol: string
  readonly metric: string
  readonly mean: number
}

/** The test figures of trained models against the full catalog, as the experiment stored them. */
function trainedModels(split: string): Readonly<Record<string, Readonly<Record<string, number>>>> {
  const { rows } = JSON.parse(readFileSync('docs/results/m3bsr-table2.json', 'utf8')) as { rows: readonly StoredRow[] }
  const own = rows.filter(
    ({ dataset, metric, ...row }) =>
      dataset === simulatedShop.label &&
      row.split.startsWith(split) &&
      row.protocol === 'full' &&
      /^(ndcg|hr)@10$/.test(metric),
  )
  const models: Record<string, Record<string, number>> = {}
  for (const { model, metric, mean } of own) models[model] = { ...models[model], [metric]: mean }
  return models
}
