/** @file What training wrote, as a built model wants it: parameters and memory from a file. */
import { UserError } from '../errors.ts'
import type { BuiltModel, Memory } from '../models/contract/model.ts'
import type { StoredTensor } from '../storage/safetensors.ts'
import { stagesOf } from './objectives.ts'
import { parametersOf } from './step.ts'

/** What a model learned. */
export interface Learned {
  readonly parameters: ReadonlyMap<string, Float32Array>
  readonly memory: Memory
}

/** A file that training wrote, and what is in it. */
export interface ModelFile {
  readonly path: string
  readonly tensors: Readonly<Record<string, StoredTensor>>
}

/**
 * The parameters and the memory that a file holds.
 * @throws UserError `mismatched` when they are not those of its model
 */
export function learnedOf(model: BuiltModel, { path, tensors }: ModelFile): Learned {
  const parameters = new Map<string, Float32Array>()
  for (const { origin, shape } of parametersOf(stagesOf(model).flatMap(({ objectives }) => objectives))) {
    const stored = tensors[origin.name]
    if (!(stored?.data instanceof Float32Array)) throw foreignModel(path, `no parameter "${origin.name}"`)
    if (stored.shape.join() !== shape.join()) {
      const value = `parameter "${origin.name}" has shape [${stored.shape.join(', ')}]`
      throw foreignModel(path, value, `[${shape.join(', ')}]`)
    }
    parameters.set(origin.name, stored.data)
  }
  const memory = Object.entries(model.memory ?? {}).map(([name, { shape, data }]) => {
    const stored = tensors[`memory.${name}`]
    if (stored?.data.length !== data.length) throw foreignModel(path, `no array "${name}"`)
    return [name, { shape, data: stored.data as typeof data }]
  })
  return { parameters, memory: Object.fromEntries(memory) as Memory }
}

/** For a file that is not what its run describes. */
export function foreignModel(
  path: string,
  value: string,
  expected = 'the parameters that its run.json describes',
): UserError {
  const hint = 'restore the folder from a copy, or train again'
  return new UserError({ where: path, problem: 'mismatched', value, expected, hint })
}
