/**
 * @file Ranks of targets among the items of a table that ranks hold together: each scores the users of all against its
 * own rows, and what they count is added up. No rank ever has all rows, nor all scores of a user.
 */
import { lengthFor, servedLengths } from '../batches/lengths.ts'
import { servedWindow } from '../batches/windows.ts'
import type { Dataset, Split } from '../dataset/schema.ts'
import { historiesAtOnce, type Question, type Ranker, rankAmong } from '../evaluate/rank.ts'
import { expectedRank } from '../metrics/expected-rank.ts'
import { catalogInputs, type Vocabulary } from '../models/contract/catalog.ts'
import type { BuiltModel, DotScore, Memory } from '../models/contract/model.ts'
import { readUser } from '../models/contract/read-user.ts'
import { servingPass } from '../models/contract/serving-pass.ts'
import { buildGraph } from '../onnx/graph.ts'
import { leftToPopularity, popularScores } from '../rank/empty-histories.ts'
import type { Program, Runtime } from '../runtime/runtime.ts'
import { matmul } from '../tensor/linear.ts'
import { input, type Parameter, sizeOf } from '../tensor/node.ts'
import { type FedProgram, fedGraph, fedProgram, hasInput } from './fed-rows.ts'
import type { RowsElsewhere } from './held-rows.ts'
import type { ParameterBuffers, ParameterState } from './parameters.ts'
import { bindKnown } from './step.ts'

/** What ranking takes. */
export interface SharedRankingParts {
  readonly slug: string
  readonly model: BuiltModel
  readonly dataset: Dataset
  readonly split: Split
  readonly vocabulary?: Vocabulary | undefined
  readonly runtime: Runtime
  readonly state: ParameterState
  readonly memory: Memory
}

/** One of the ranks. */
export interface SharedRanking extends Ranker, AsyncDisposable {
  /** The most questions at once. */
  readonly batchSize: number
  /** Ranks the targets of the others, until nobody asks any more: for a rank that has asked all it had to. */
  attend(): Promise<void>
  /** Compiles all graphs, to tell what they take. */
  compile(): Promise<void>
}

/** Histories of one compiled batch, and rows that they are scored against at a time. */
const [batchRows, mostItems] = [128, 8192]

/** A compiled reading of histories of one length. */
interface Reading {
  readonly program: FedProgram
  readonly shape: { readonly rows: number; readonly length: number; readonly targets: 0 }
  readonly buffers: Record<string, Float32Array | BigInt64Array>
}

/** The most histories that this rank asks about at once. */
const askedAtOnce = ({ catalog }: Dataset): number => Math.min(batchRows, historiesAtOnce(catalog.ids.length - 1))

/** Makes a {@link SharedRanking}. All ranks must rank together: each asks in rounds, in which the others answer. */
export function sharedRanking(parts: SharedRankingParts): SharedRanking {
  const { slug, model, dataset, split, vocabulary, runtime, state, memory } = parts
  const { batches, history: settings } = model
  const score = model.score as DotScore
  const { name } = (score.table as Parameter).origin
  const { held, values, shape: tableShape } = state.buffers.get(name) as ParameterBuffers
  const { ranks, placeOf, rowAt } = held.elsewhere as RowsElsewhere
  const width = sizeOf(tableShape.slice(1))
  const rows = values.length / width
  const known = { state, memory, frozen: catalogInputs(dataset, { vocabulary, own: model.frozen ?? {} }) }
  const lengths = settings.lengths === 'fixed' ? [settings.maxLength] : servedLengths(settings.maxLength)
  const readings = new Map<number, Promise<Reading>>()
  let popular: Float32Array | undefined

  const readingOf = (length: number): Promise<Reading> => {
    const made = readings.get(length) ?? compiledReading(length)
    readings.set(length, made)
    return made
  }

  async function compiledReading(length: number): Promise<Reading> {
    const shape = { rows: batchRows, length, targets: 0 } as const
    const { inputs, batch } = batches.declare(shape)
    const fed = fedGraph({ user: readUser(score, batch, servingPass).user }, new Set([name]))
    const program = await fedProgram(fed, { runtime, state })
    for (const graph of [fed.graph, ...(fed.ids ? [fed.ids] : [])]) bindKnown(program, graph, known)
    const buffers: Reading['buffers'] = {}
    for (const [input, { dtype, shape: of }] of Object.entries(inputs)) {
      if (!hasInput(fed, input)) continue
      buffers[input] = dtype === 'int64' ? new BigInt64Array(sizeOf(of)) : new Float32Array(sizeOf(of))
      program.bind(input, buffers[input])
    }
    return { program, shape, buffers }
  }

  /** The vectors of some users, whose rows all ranks give: [questions, width]. */
  async function vectorsOf(questions: readonly Question[]): Promise<Float32Array> {
    const windows = questions.map(({ history }) => servedWindow(history, settings))
    const longest = windows.reduce((most, { history }) => Math.max(most, history.item.length), 1)
    const { program, shape, buffers } = await readingOf(lengthFor(longest, lengths))
    if (windows.length > 0) batches.fill(windows as never, shape, buffers)
    await program.read(windows.length > 0)
    if (windows.length > 0) await program.run()
    return (program.outputs['user'] as Float32Array).slice(0, windows.length * width)
  }

  /** Of the users of the last round; the next one writes over them. */
  let heldScores = new Float32Array(0)
  let scoring: Promise<{ readonly program: Program; readonly users: Float32Array }> | undefined
  const pieceRows = Math.min(mostItems, rows)

  async function compiledScoring(): Promise<{ program: Program; users: Float32Array }> {
    const [of, items] = [input('users', [batchRows, width]), input('items', [pieceRows, width])]
    const program = await runtime(buildGraph({ scores: matmul(of, items, { transposeB: true }) }))
    const users = new Float32Array(batchRows * width)
    program.bind('users', users)
    return { program, users }
  }

  /** The scores of users against the rows that are held here, [users, rows]. */
  async function scoresOf(vectors: Float32Array): Promise<Float32Array> {
    const count = vectors.length / width
    if (heldScores.length < count * rows) heldScores = new Float32Array(count * rows)
    const scores = heldScores
    scoring ??= compiledScoring()
    const { program, users } = await scoring
    for (let first = 0; first < count; first += batchRows) {
      const some = Math.min(batchRows, count - first)
      users.set(vectors.subarray(first * width, (first + some) * width))
      for (let begin = 0; begin < rows; begin += pieceRows) {
        // The last piece ends with the last row: it may begin before the one ahead of it has ended.
        const from = Math.min(begin, rows - pieceRows)
        program.bind('items', values.subarray(from * width, (from + pieceRows) * width))
        await program.run()
        const piece = program.outputs['scores'] as Float32Array
        for (let user = 0; user < some; user++)
          scores.set(piece.subarray(user * pieceRows, (user + 1) * pieceRows), (first + user) * rows + from)
      }
    }
    return scores
  }

  /**
   * One round: the users of all ranks against the rows of each. A rank counts what is above and beside each target
   * among its rows, less those left out.
   * @returns the ranks of this one's questions; undefined where no rank asks any more
   */
  async function round(questions: readonly Question[], asks: boolean): Promise<Float64Array | undefined> {
    const asking = await ranks.gather(Int32Array.of(questions.length, Number(asks)))
    if (asking.every((told, at) => at % 2 === 0 || told === 0)) return undefined
    const vectors = await ranks.gather(await vectorsOf(questions))
    const items = await ranks.gather(Int32Array.from(questions, ({ item }) => item))
    const sizes = await ranks.gather(Int32Array.from(questions, ({ excluded }) => excluded.size))
    const excluded = await ranks.gather(Int32Array.from(questions.flatMap((one) => [...one.excluded])))
    const scores = await scoresOf(vectors)
    const scoresOfUser = (user: number): Float32Array => scores.subarray(user * rows, (user + 1) * rows)
    const targets = Float64Array.from(items, (item, user) => {
      const place = placeOf(item)
      return place === undefined ? 0 : (scoresOfUser(user)[place] as number)
    })
    await ranks.sum(targets)
    // The pad is no item.
    const begin = rowAt(0) === 0 ? 1 : 0
    let left = 0
    const counted = Float64Array.from(targets, (target, user) => {
      const own = scoresOfUser(user)
      const leftOut = excluded.subarray(left, (left += sizes[user] as number))
      const here = [...leftOut].flatMap((item) => placeOf(item) ?? [])
      return (
        expectedRank(target, own.subarray(begin)) -
        expectedRank(
          target,
          here.map((place) => own[place] as number),
        )
      )
    })
    await ranks.sum(counted)
    const before = asking.slice(0, 2 * ranks.rank).reduce((sum, told, at) => sum + (at % 2 === 0 ? told : 0), 0)
    // The target is tied with itself, which is half a place.
    return Float64Array.from(questions, (_, at) => 1 + (counted[before + at] as number) - 0.5)
  }

  return {
    slug,
    itemCount: dataset.catalog.ids.length - 1,
    batchSize: askedAtOnce(dataset),
    async ranks(questions) {
      const isKnown = ({ history }: Question): boolean =>
        !leftToPopularity({ answersUsers: model.answersUsers ?? false }, history)
      const ofKnown = (await round(questions.filter(isKnown), true)) as Float64Array
      let next = 0
      return Float64Array.from(questions, (question) => {
        if (isKnown(question)) return ofKnown[next++] as number
        popular ??= popularScores(dataset, split)
        return rankAmong(popular, question)
      })
    },
    async attend() {
      while (await round([], false));
    },
    async compile() {
      for (const length of lengths) await readingOf(length)
      scoring ??= compiledScoring()
      await scoring
    },
    async [Symbol.asyncDispose]() {
      for (const reading of readings.values()) await (await reading).program[Symbol.asyncDispose]()
      await (await scoring)?.program[Symbol.asyncDispose]()
    },
  }
}
