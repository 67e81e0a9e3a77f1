/** @file How users' vectors become scores of the catalog, or the best items of it. */
import type { ScoredItem } from '../dataset/top-items.ts'
import type { ClickScore, PairsScore, Score } from '../models/contract/model.ts'
import { topK } from '../tensor/largest.ts'
import { matmul } from '../tensor/linear.ts'
import { input, type Tensor } from '../tensor/node.ts'
import { bestKept } from './pass-sizes.ts'
import type { ServedGraph, ServedGraphs } from './served-graphs.ts'

/** What scoring a batch of users needs. */
export interface ScoringParts {
  /** Items and the pad. */
  readonly itemRows: number
  readonly graphs: ServedGraphs
  /** What is compiled once for a key. */
  readonly cached: (key: string, make: () => Promise<ServedGraph>) => Promise<ServedGraph>
}

/** What is made of the vectors of a batch of users, each [rows, width]. */
export interface UserScoring {
  /** The scores of as many users as `into` [users, items + 1] holds. */
  readonly score: (vectors: readonly Float32Array[], rows: number, into: Float32Array) => Promise<void>
  /** Compiles what the two others run for so many rows; absent where the widths of vectors are not known before. */
  readonly compile?: (rows: number) => Promise<void>
  /** The best items of each of the first users, best first; absent where no table ranks. */
  readonly best?: (vectors: readonly Float32Array[], rows: number, users: number) => Promise<ScoredItem[][]>
}

/** Where a network reads user and item together: the most items of one pass, and the most numbers that pairs take. */
const pairItems = 32_768
const pairNumbers = 2 ** 24

/** Products with tables that are computed once, or a network over users and items. */
export async function scoring(score: Exclude<Score, ClickScore>, parts: ScoringParts): Promise<UserScoring> {
  if (score.kind === 'pairs') return pairScoring(score, parts)
  const { itemRows, graphs, cached } = parts
  const tables = score.kind === 'dot' ? [score.table] : score.tables
  const combine = (products: readonly Tensor[]): Tensor =>
    score.kind === 'dot' ? (products[0] as Tensor) : score.combine(products)
  await graphs.values(tables)
  /** The graph of what is made of the scores [rows, items + 1]. */
  const graphOf = (name: string, rows: number, made: (scores_RV: Tensor) => Record<string, Tensor>) =>
    cached(`${name} ${rows}`, () => {
      const vectors = tables.map(({ shape }, at) => input(`user.${at}`, [rows, shape[1] as number]))
      const products = tables.map((table, at) => matmul(vectors[at] as Tensor, table, { transposeB: true }))
      const request = Object.fromEntries(vectors.map((vector, at) => [`user.${at}`, vector]))
      return graphs.compile(made(combine(products)), request)
    })
  const fill = (graph: ServedGraph, vectors: readonly Float32Array[]): void => {
    for (const [at, vector] of vectors.entries()) graph.buffers[`user.${at}`]?.set(vector as never)
  }
  // One more than are kept, since the pad may be among them.
  const kept = Math.min(bestKept + 1, itemRows)
  const scoresOf = (rows: number) => graphOf('scores', rows, (scores) => ({ scores }))
  const bestOf = (rows: number) => graphOf('best', rows, (scores) => ({ ...topK(scores, kept) }))
  return {
    async compile(rows) {
      await scoresOf(rows)
      await bestOf(rows)
    },
    async score(vectors, rows, into) {
      const graph = await scoresOf(rows)
      await graph.turn(async () => {
        fill(graph, vectors)
        const { scores } = await graph.run()
        into.set((scores as Float32Array).subarray(0, into.length))
      })
    },
    async best(vectors, rows, users) {
      const graph = await bestOf(rows)
      return graph.turn(async () => {
        fill(graph, vectors)
        const { values, places } = (await graph.run()) as unknown as Best
        return Array.from({ length: users }, (_, row) =>
          listOf(values.subarray(row * kept, (row + 1) * kept), places.subarray(row * kept)),
        )
      })
    },
  }
}

/** The best rows of the table for each user, [rows, kept]. */
interface Best {
  readonly values: Float32Array
  readonly places: BigInt64Array
}

/** The items of one row without the pad. */
function listOf(values: Float32Array, places: BigInt64Array): ScoredItem[] {
  const list: ScoredItem[] = []
  for (const [at, score] of values.entries()) {
    const item = Number(places[at])
    if (item > 0 && list.length < bestKept) list.push({ item, score })
  }
  return list
}

/** Scores by a network, some items of the catalog at a time. */
function pairScoring(pairs: PairsScore, { itemRows, graphs, cached }: ScoringParts): UserScoring {
  const score: UserScoring['score'] = async ([user], rows, into) => {
    const width = (user as Float32Array).length / rows
    const fitting = Math.max(1, Math.floor(pairNumbers / (rows * (pairs.widest ?? 1))))
    const count = Math.min(itemRows, pairItems, fitting)
    const graph = await cached(`scores ${rows}`, () => {
      const request = { user: input('user', [rows, width]), candidates: input('candidates', [count], 'int64') }
      return graphs.compile({ scores: pairs.score(request.user, request.candidates) }, request)
    })
    await graph.turn(async () => {
      graph.buffers['user']?.set(user as never)
      const candidates = graph.buffers['candidates'] as BigInt64Array
      for (let first = 0; first < itemRows; first += count) {
        // The last pass ends with the last item: it may begin before the one ahead of it has ended.
        const from = Math.min(first, itemRows - count)
        for (let at = 0; at < count; at++) candidates[at] = BigInt(from + at)
        const scores = (await graph.run())['scores'] as Float32Array
        for (let row = 0; row < into.length / itemRows; row++) {
          into.set(scores.subarray(row * count, (row + 1) * count), row * itemRows + from)
        }
      }
    })
  }
  return { score }
}
