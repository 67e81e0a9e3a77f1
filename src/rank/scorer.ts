/**
 * @file A trained model ready to rank: users' vectors from compiled graphs, scores of the whole catalog. Several may
 * ask at once.
 */
import { lengthFor, servedLengths } from '../batches/lengths.ts'
import { servedWindow, type Window } from '../batches/windows.ts'
import type { Dataset, FeatureModality, History } from '../dataset/schema.ts'
import type { ScoredItem } from '../dataset/top-items.ts'
import { withoutVectors } from '../dataset/without-vectors.ts'
import { Bug } from '../errors.ts'
import { catalogInputs, type Vocabulary } from '../models/contract/catalog.ts'
import type { BuiltModel, ClickScore, Memory, Score } from '../models/contract/model.ts'
import { readUser } from '../models/contract/read-user.ts'
import type { DenoisedItems, ItemTable, Scorer } from '../models/contract/scorer.ts'
import { servingPass } from '../models/contract/serving-pass.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { matmul } from '../tensor/linear.ts'
import { input, type Tensor } from '../tensor/node.ts'
import { leftOutEvents } from './left-out-events.ts'
import { leftOutShares } from './left-out-shares.ts'
import { type ScoringParts, scoring } from './scoring.ts'
import { type ParameterValues, readsVectors, type ServedGraph, servedGraphs } from './served-graphs.ts'

/** What a scorer is made of. */
export interface ScorerParts {
  readonly slug: string
  readonly model: BuiltModel
  readonly dataset: Dataset
  readonly parameters: ParameterValues
  readonly memory?: Memory
  /** What training says of numbers, where items or users have any. */
  readonly vocabulary?: Vocabulary | undefined
  readonly runtime: Runtime
  /**
   * How many histories compiled batches hold, ascending: histories go into the smallest that holds them all, or into
   * several of the largest. By default one history, or {@link batchRows}. A score may differ in its last bits from
   * batch to batch.
   */
  readonly rows?: readonly number[] | undefined
}

/** A scorer of a trained model, and what more it can tell. */
export interface NextItemScorer extends Scorer {
  /** Reads the parameters anew after they changed in place; nobody may ask meanwhile. */
  refresh(): Promise<void>
  /** What the model says of one history besides the user vector, by name. */
  reasons(history: History): Promise<Readonly<Record<string, Float32Array>>>
  /** Whether a graph that was compiled so far reads the vectors of a modality. */
  reads(modality: FeatureModality): boolean
  /** Vectors of users [B, width], whose products with the item table are the scores. Absent where that is. */
  vectors?: (histories: readonly History[]) => Promise<Float32Array>
}

/** The most histories of one compiled batch. */
const batchRows = 128

/** Makes a scorer; graphs are compiled when a batch of their size first comes. */
export async function nextItemScorer(parts: ScorerParts): Promise<NextItemScorer> {
  const { slug, model, dataset, parameters, memory = {}, vocabulary, runtime, rows = [1, batchRows] } = parts
  const mostRows = rows.at(-1) as number
  const rowsFor = (histories: number): number => rows.find((held) => histories <= held) as number
  const { batches, score, history: settings } = model
  if (score.kind === 'clicks') throw new Bug(`${slug} says how probable clicks are and ranks no catalog`)
  const frozen = catalogInputs(dataset, { vocabulary, own: model.frozen ?? {} })
  const graphs = servedGraphs({ parameters, memory, frozen, runtime })
  const itemRows = dataset.catalog.ids.length
  const compiled = new Map<string, Promise<ServedGraph>>()
  const cached = (key: string, make: () => Promise<ServedGraph>): Promise<ServedGraph> => {
    const made = compiled.get(key) ?? make()
    compiled.set(key, made)
    return made
  }
  const lengths = servedLengths(settings.maxLength)
  const windowOf = (history: History): Window => servedWindow(history, settings)
  /** The graph that reads so many histories, the longest of which has so many events. */
  const reading = (what: 'users' | 'reasons', count: number, longest: number) => {
    // Reasons are asked for seldom: one graph does for all lengths.
    const isFixed = settings.lengths === 'fixed' || what === 'reasons'
    const length = isFixed ? settings.maxLength : lengthFor(longest, lengths)
    const shape = { rows: count, length, targets: 0 }
    const graph = cached(`${what} ${count} ${length}`, () => {
      const { inputs, batch } = batches.declare(shape)
      return graphs.compile(outputsOf(score, batch)[what], inputs)
    })
    return { shape, graph }
  }
  /** Runs the graph of some histories and copies out what it says, all in one turn. */
  const read = async (
    histories: readonly History[],
    what: 'users' | 'reasons',
    held = rowsFor(histories.length),
  ): Promise<Record<string, Float32Array>> => {
    const windows = histories.map(windowOf)
    const longest = windows.reduce((most, { history }) => Math.max(most, history.item.length), 1)
    const { shape, graph: compiling } = reading(what, held, longest)
    const graph = await compiling
    return graph.turn(async () => {
      batches.fill(windows as never, shape, graph.buffers)
      const outputs = await graph.run()
      return Object.fromEntries(Object.entries(outputs).map(([name, values]) => [name, values.slice()]))
    })
  }
  const users = await scoring(score, { itemRows, graphs, cached })

  /** The same where no item has a vector of a modality, to explain scores by. */
  const others = new Map<FeatureModality, Promise<NextItemScorer>>()
  const without = (modality: FeatureModality): Promise<NextItemScorer> => {
    const made =
      others.get(modality) ?? nextItemScorer({ ...parts, dataset: withoutVectors(dataset, [modality]), rows: [1] })
    others.set(modality, made)
    return made
  }

  const smallest = batches.declare({ rows: 1, length: settings.maxLength, targets: 0 })
  const hasReasons = Object.keys(outputsOf(score, smallest.batch).reasons).length > 0
  const scorer: NextItemScorer = {
    slug,
    itemCount: itemRows - 1,
    answersUsers: model.answersUsers ?? false,
    async refresh() {
      await graphs.refresh()
      for (const other of others.values()) await (await other).refresh()
    },
    async score(histories, into = new Float32Array(histories.length * itemRows)) {
      for (let from = 0; from < histories.length; from += mostRows) {
        const part = histories.slice(from, from + mostRows)
        const vectors = Object.values(await read(part, 'users'))
        const own = into.subarray(from * itemRows, (from + part.length) * itemRows)
        await users.score(vectors, rowsFor(part.length), own)
      }
      for (let row = 0; row < histories.length; row++) into[row * itemRows] = Number.NEGATIVE_INFINITY
      return into.subarray(0, histories.length * itemRows)
    },
    reasons: async (history) => (hasReasons ? read([history], 'reasons') : {}),
    reads: (modality) => readsVectors(graphs, modality),
    async [Symbol.asyncDispose]() {
      await graphs[Symbol.asyncDispose]()
      for (const other of others.values()) await (await other)[Symbol.asyncDispose]()
    },
  }
  const { best, compile } = users
  if (compile)
    scorer.compile = async (histories, longest) => {
      await reading('users', rowsFor(histories), longest).graph
      await compile(rowsFor(histories))
      if (histories === 1 && hasReasons) await reading('reasons', 1, longest).graph
    }
  if (best)
    scorer.best = async (histories) => {
      const lists: ScoredItem[][] = []
      for (let from = 0; from < histories.length; from += mostRows) {
        const part = histories.slice(from, from + mostRows)
        const vectors = Object.values(await read(part, 'users'))
        lists.push(...(await best(vectors, rowsFor(part.length), part.length)))
      }
      return lists
    }
  if (model.denoised) {
    const denoised = model.denoised.bind(model)
    scorer.denoisedItems = () => denoisedItems(denoised, { itemRows, graphs, cached })
  }
  let scores: ItemTable = { table: new Float32Array(0), width: 0, bias: false }
  if (score.kind === 'dot') {
    const [table] = await graphs.values([score.table])
    scores = { table: table as Float32Array, width: score.table.shape[1] as number, bias: score.bias ?? false }
    scorer.itemTable = () => Promise.resolve(scores)
    scorer.vectors = async (histories) => {
      const all = new Float32Array(histories.length * scores.width)
      for (let from = 0; from < histories.length; from += mostRows) {
        const part = histories.slice(from, from + mostRows)
        const [vectors] = Object.values(await read(part, 'users'))
        all.set((vectors as Float32Array).subarray(0, part.length * scores.width), from * scores.width)
      }
      return all
    }
  }
  /** A batch that holds a history and all that it is without one event: the usual ones would be mostly empty. */
  const withoutEach = async (histories: readonly History[]): Promise<Float32Array> =>
    Object.values(await read(histories, 'users', settings.maxLength + 1))[0] as Float32Array
  const explain = model.explain?.bind(model)
  if (explain)
    scorer.explain = async (history, items) => {
      const { history: events } = windowOf(history)
      const told = explain(events, items, await scorer.reasons(history), scores)
      if (!model.explainsByLeavingOut || history.item.length === 0) return told
      if (model.explainsByLeavingOut === 'events') {
        if (scores.width === 0) throw new Bug(`${slug} has no vectors of users to leave events out of`)
        return leftOutEvents({ vectors: withoutEach, scores }, events, told)
      }
      const leavingOut = {
        behaviors: dataset.manifest.behaviors,
        modalities: (Object.keys(dataset.features) as FeatureModality[]).filter((name) => scorer.reads(name)),
        score: async (left: History, modality?: FeatureModality) =>
          (modality ? await without(modality) : scorer).score([left]),
      }
      return leftOutShares(leavingOut, events, told)
    }
  return scorer
}

/** What graphs of histories give: the vectors of users, in order, or what explains them. */
function outputsOf(
  score: Exclude<Score, ClickScore>,
  batch: unknown,
): Record<'users' | 'reasons', Record<string, Tensor>> {
  const users = (all: readonly Tensor[]) => Object.fromEntries(all.map((user, at) => [`user.${at}`, user]))
  if (score.kind === 'products') {
    const read = score.users(batch, servingPass)
    const product = (table: Tensor, at: number): Tensor => matmul(read[at] as Tensor, table, { transposeB: true })
    return { users: users(read), reasons: score.reasons?.(score.tables.map(product)) ?? {} }
  }
  if (score.kind === 'pairs') return { users: users([score.user(batch, servingPass)]), reasons: {} }
  const { user, reasons = {} } = readUser(score, batch, servingPass)
  return { users: users([user]), reasons }
}

/** Items that are denoised in one pass. */
const denoisedAtOnce = 256

async function denoisedItems(
  denoised: NonNullable<BuiltModel['denoised']>,
  { itemRows, graphs, cached }: ScoringParts,
): Promise<DenoisedItems> {
  const items = input('items', [denoisedAtOnce], 'int64')
  const { before, after } = denoised(items)
  const graph = await cached('denoised', () => graphs.compile({ before, after }, { items }))
  const width = before.shape[1] as number
  const all = { width, before: new Float32Array(itemRows * width), after: new Float32Array(itemRows * width) }
  for (let first = 1; first < itemRows; first += denoisedAtOnce) {
    const count = Math.min(denoisedAtOnce, itemRows - first)
    await graph.turn(async () => {
      const ids = graph.buffers['items'] as BigInt64Array
      for (let at = 0; at < denoisedAtOnce; at++) ids[at] = BigInt(at < count ? first + at : 0)
      const outputs = await graph.run()
      for (const name of ['before', 'after'] as const)
        all[name].set((outputs[name] as Float32Array).subarray(0, count * width), first * width)
    })
  }
  return all
}
