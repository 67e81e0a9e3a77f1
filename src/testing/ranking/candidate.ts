/** @file A model as the suite takes it, built for a dataset, with its untrained parameters. */
import type { TrainingData } from '../../batches/kind.ts'
import { rankingVocabulary } from '../../dataset/click-vocabulary.ts'
import type { Dataset, Split } from '../../dataset/schema.ts'
import { stagesOf } from '../../learn/objectives.ts'
import type { ParameterState } from '../../learn/parameters.ts'
import { catalogInputs, catalogShape, type FrozenInputs, type Vocabulary } from '../../models/contract/catalog.ts'
import type { BuiltModel, Memory, ModelDefinition, Objective } from '../../models/contract/model.ts'
import { buildGraph } from '../../onnx/graph.ts'
import { keepingRuntime } from '../../runtime/node.ts'
import { type Tensor } from '../../tensor/node.ts'

/** Checks that a model may be excused from, with the reason beside it. */
export type RankingCheck = 'causal' | 'permuted items' | 'modalities' | 'behaviors' | 'learns' | 'gradients' | 'foreign'

/** A model with small settings for the suite. */
export interface RankingCandidate {
  readonly definition: ModelDefinition
  /** Options that make it small; the rest are its defaults. */
  readonly options: Readonly<Record<string, unknown>>
  /** Epochs within which it must learn the ring. */
  readonly epochs?: number
  /** By default 1e-2. */
  readonly learningRate?: number
  /**
   * Events of each user of the ring, 8 by default; more for a model that learns nothing of histories longer than its
   * windows.
   */
  readonly steps?: number
  /** What the ring has beside events, pictures and titles. */
  readonly extend?: (dataset: Dataset) => Dataset
  /** Checks that the model cannot pass, each with its reason. */
  readonly skips?: Partial<Readonly<Record<RankingCheck, string>>>
}

/** Why a model of ids alone is excused. */
export const blindToAll = { behaviors: 'it is blind to them', modalities: 'it reads ids alone' } as const

/** The checks of a suite make the same graphs again and again. */
export const runtime = keepingRuntime({ threads: 1 })

/**
 * For graphs that run a few times, as they were built: onnxruntime takes three times as long to compile a graph that it
 * makes faster first. Trainings, and the scores of what they trained, have that.
 */
export const asBuilt = keepingRuntime({ threads: 1, optimize: false })

/** The model for a dataset, with what it computes offline from the training rows of {@link lastTwo}. */
export async function buildOn(
  { definition, options }: Pick<RankingCandidate, 'definition' | 'options'>,
  dataset: Dataset,
): Promise<BuiltModel> {
  const config = definition.config.parse(options)
  const data: TrainingData = { dataset, split: lastTwo(dataset) }
  const compute = (outputs: Readonly<Record<string, Tensor>>) => runtime(buildGraph(outputs))
  const offline = await definition.offline?.make(config, { ...data, compute })
  return definition.build(config, catalogShape(dataset), offline)
}

/** The last two events of each user are validation and test. */
export function lastTwo({ events }: Dataset): Split {
  const users = events.start.length - 2
  const ends = Int32Array.from({ length: users }, (_, at) => events.start[at + 2] as number)
  return {
    protocol: 'given',
    trainEnd: Int32Array.from([0, ...ends], (end) => Math.max(0, end - 2)),
    validation: ends.map((end) => end - 2),
    test: ends.map((end) => end - 1),
  }
}

export const objectivesOf = (model: BuiltModel): readonly Objective[] =>
  stagesOf(model).flatMap(({ objectives }) => objectives)

/** First values with some noise: zeros hide much. */
export function livened(state: ParameterState): ParameterState {
  for (const [name, { values }] of state.buffers)
    for (let at = 0; at < values.length; at++) values[at] = (values[at] as number) + 0.1 * Math.sin(at + name.length)
  return state
}

/** What training rows say of numbers. */
export const vocabularyOf = (dataset: Dataset): Vocabulary | undefined => rankingVocabulary(dataset, lastTwo(dataset))
/** What graphs of a model read of a dataset. */
export const knownOf = (model: BuiltModel, dataset: Dataset): FrozenInputs =>
  catalogInputs(dataset, { vocabulary: vocabularyOf(dataset), own: model.frozen ?? {} })
export const memoryOf = ({ memory = {} }: BuiltModel): Memory => memory
