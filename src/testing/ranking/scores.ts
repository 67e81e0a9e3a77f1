/** @file What untrained parameters say of a history, and what the graphs that say it read. */
import { expect } from 'vitest'
import type { Dataset, History } from '../../dataset/schema.ts'
import { initialParameters, type ParameterState, valuesOf } from '../../learn/parameters.ts'
import { parametersOf } from '../../learn/step.ts'
import type { BuiltModel } from '../../models/contract/model.ts'
import { readUser } from '../../models/contract/read-user.ts'
import { servingPass } from '../../models/contract/serving-pass.ts'
import { buildGraph } from '../../onnx/graph.ts'
import { type NextItemScorer, nextItemScorer } from '../../rank/scorer.ts'
import { servedGraphs } from '../../rank/served-graphs.ts'

import {
  asBuilt,
  buildOn,
  knownOf,
  livened,
  memoryOf,
  objectivesOf,
  type RankingCandidate,
  vocabularyOf,
} from './candidate.ts'

export function historyOf(
  items: readonly number[],
  { user = 1, behaviors = items.map((_, at) => at % 2) }: { user?: number; behaviors?: readonly number[] } = {},
): History {
  return {
    user,
    item: Int32Array.from(items),
    behavior: Uint8Array.from(behaviors),
    time: Float64Array.from(items.keys(), (at) => 10 * at),
  }
}

/** A scorer of untrained parameters. */
export async function scorerOf(
  candidate: RankingCandidate,
  dataset: Dataset,
  state?: ParameterState,
): Promise<NextItemScorer> {
  const model = await buildOn(candidate, dataset)
  const parameters = valuesOf(state ?? livened(initialParameters(parametersOf(objectivesOf(model)), 1)))
  return nextItemScorer({
    slug: candidate.definition.slug,
    model,
    dataset,
    parameters,
    memory: memoryOf(model),
    vocabulary: vocabularyOf(dataset),
    runtime: asBuilt,
  })
}

export const scoresOf = async (scorer: NextItemScorer, history: History): Promise<number[]> => [
  ...(await scorer.score([history])),
]

export function close(actual: readonly number[], expected: readonly number[], tolerance = 1e-4): void {
  expect(actual.length).toBe(expected.length)
  const far = expected.filter(
    (value, at) => Number.isFinite(value) && !(Math.abs((actual[at] as number) - value) < tolerance),
  )
  expect(far).toEqual([])
}

export const distance = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((most, value, at) => Math.max(most, Number.isFinite(value) ? Math.abs(value - (b[at] as number)) : 0), 0)

/**
 * What two targets of one window, after two and after five events, are predicted from: the users' vectors, one after
 * the other.
 */
export async function readTargets(
  candidate: RankingCandidate,
  dataset: Dataset,
  items: readonly number[],
): Promise<number[]> {
  const model = await buildOn(candidate, dataset)
  const { score, batches } = model
  const shape = { rows: 1, length: Math.min(8, model.history.maxLength), targets: 2, targetsPerRow: 2 }
  const { inputs, batch } = batches.declare(shape)
  const pass = { ...servingPass, training: false }
  const users =
    score.kind === 'dot'
      ? [readUser(score, batch, pass).user]
      : score.kind === 'products'
        ? score.users(batch, pass)
        : score.kind === 'pairs'
          ? [score.user(batch, pass)]
          : []
  const parameters = valuesOf(livened(initialParameters(parametersOf(objectivesOf(model)), 1)))
  const frozen = knownOf(model, dataset)
  await using graphs = servedGraphs({ parameters, frozen, memory: memoryOf(model), runtime: asBuilt })
  const graph = await graphs.compile(Object.fromEntries(users.map((user, at) => [`user.${at}`, user])), inputs)
  const targets = [2, 5].map((prefix) => ({ item: 6, behavior: 1, prefix, weight: 1 }))
  // Awaited here, since the graphs are gone when this function ends.
  return await graph.turn(async () => {
    batches.fill([{ history: historyOf(items), targets }] as never, shape, graph.buffers)
    const [first] = Object.values(await graph.run())
    return [...(first as Float32Array)]
  })
}

/** Inputs of a served graph that are neither the batch's, nor parameters, nor known. */
export function strangersOf(model: BuiltModel, dataset: Dataset): string[] {
  const { score, batches } = model
  const { inputs, batch } = batches.declare({ rows: 1, length: model.history.maxLength, targets: 0 })
  const outputs =
    score.kind === 'dot'
      ? [readUser(score, batch, servingPass).user, score.table]
      : score.kind === 'products'
        ? [...score.users(batch, servingPass), ...score.tables]
        : score.kind === 'pairs'
          ? [score.user(batch, servingPass)]
          : []
  const graph = buildGraph(Object.fromEntries(outputs.map((tensor, at) => [`${at}`, tensor])))
  const parameters = new Set(graph.parameters.map(({ origin }) => origin.name))
  const frozen = knownOf(model, dataset)
  const known = (name: string): boolean =>
    name in inputs || parameters.has(name) || name in memoryOf(model) || frozen.get(name) !== undefined
  return [...graph.inputs.keys()].filter((name) => !known(name))
}
