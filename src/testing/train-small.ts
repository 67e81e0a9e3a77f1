/** @file A model trained on a small dataset, for tests of what it learns: its best figure, and its last parameters. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Dataset } from '../dataset/schema.ts'
import { trainingConfig } from '../learn/config.ts'
import { learnedOf } from '../learn/learned.ts'
import { trainModel } from '../learn/loop.ts'
import { rankingValidation } from '../learn/validation.ts'
import { catalogInputs } from '../models/contract/catalog.ts'
import type { BuiltModel, Memory, ModelDefinition } from '../models/contract/model.ts'
import type { ParameterValues } from '../rank/served-graphs.ts'
import { nodeRuntime } from '../runtime/node.ts'
import { readSafetensors } from '../storage/safetensors.ts'
import { keptPools } from './kept-pools.ts'
import { buildOn, lastTwo } from './ranking/candidate.ts'

/** What came of a training. */
export interface SmallTraining {
  readonly model: BuiltModel
  /** The best validation NDCG@10, and what the model had learned by then. */
  readonly ndcg: number
  readonly parameters: ParameterValues
  readonly memory: Memory
  /** Parameters at the end, by name. */
  readonly last: Readonly<Record<string, Float32Array>>
}

/** Trains on all events of a user but the last two, and validates on the first of these. */
export async function trainSmall<Config>(
  {
    definition,
    options,
  }: { readonly definition: ModelDefinition<Config>; readonly options: Readonly<Record<string, unknown>> },
  dataset: Dataset,
  training: object,
): Promise<SmallTraining> {
  const folder = mkdtempSync(join(tmpdir(), 'small-'))
  try {
    const { slug } = definition
    const model = await buildOn({ definition, options }, dataset)
    const runtime = nodeRuntime({ threads: 1 })
    const split = lastTwo(dataset)
    const settings = trainingConfig.parse({ batchSize: 32, threads: 1, patience: 1000, ...training })
    const { best } = await trainModel({
      slug,
      model,
      data: { dataset, split },
      frozen: catalogInputs(dataset, { own: model.frozen ?? {} }),
      validation: rankingValidation({ slug, model, dataset, split, seed: 1, runtime }),
      training: settings,
      pools: keptPools(settings.seed),
      runtime,
      folder,
      fingerprint: 'small',
    })
    const tensors = (name: string) => readSafetensors(join(folder, name)).tensors
    const learned = learnedOf(model, { path: folder, tensors: tensors('model.safetensors') })
    const last = Object.entries(tensors('checkpoint.safetensors')).flatMap(([name, { data }]) =>
      data instanceof Float32Array ? [[name, data.slice()] as const] : [],
    )
    return { model, ndcg: best?.validation ?? 0, ...learned, last: Object.fromEntries(last) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
