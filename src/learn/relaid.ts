/** @file What a run learned, laid anew for the items and users of a later dataset. */
import type { TrainingData } from '../batches/kind.ts'
import { catalogInput } from '../models/contract/catalog.ts'
import type { BuiltModel, MemoryArray } from '../models/contract/model.ts'
import { type Kin, type Moved, type Places, placesAfter, relaidRows } from '../models/contract/places.ts'
import { servingPass } from '../models/contract/serving-pass.ts'
import { buildGraph } from '../onnx/graph.ts'
import type { StoredTensor } from '../storage/safetensors.ts'
import { type Shape, sizeOf } from '../tensor/node.ts'
import { stagesOf } from './objectives.ts'
import { parametersOf } from './step.ts'

type Tensors = Readonly<Record<string, StoredTensor>>

/**
 * The tensors of a run's file as a model that is built for the later dataset wants them.
 * @param kin new items whose parameters begin as those of known ones
 */
export function relaidTensors(model: BuiltModel, tensors: Tensors, moved: Moved, kin?: Kin): Tensors {
  const laid: Record<string, StoredTensor> = { ...tensors }
  const lay = (name: string, { rows, shape, fresh, holds }: Omit<MemoryArray, 'data'>, told?: Kin): void => {
    const stored = tensors[name]
    const after = holds && placesAfter(moved[holds])
    if (rows && stored) laid[name] = relaidTensor(stored, moved[rows], { shape, fresh, after, kin: told })
  }
  for (const { origin, shape } of parametersOf(stagesOf(model).flatMap(({ objectives }) => objectives)))
    lay(origin.name, { shape, ...(origin.rows && { rows: origin.rows }) }, origin.rows === 'items' ? kin : undefined)
  for (const [name, array] of Object.entries(model.memory ?? {})) lay(`memory.${name}`, array)
  return laid
}

/** A tensor that is not what it should be stays as it is, for `learnedOf` to refuse. */
function relaidTensor(
  stored: StoredTensor,
  places: Places,
  {
    shape,
    fresh = 'mean',
    after,
    kin,
  }: { shape: Shape; fresh?: 'mean' | 'zero' | undefined; after: Int32Array | undefined; kin: Kin | undefined },
): StoredTensor {
  const { data } = stored
  const others = (shape[0] as number) - places.now.length
  if (!(data instanceof Float32Array) || stored.shape[0] !== places.before + 1 + others) return stored
  const rows = relaidRows(data, places, { width: sizeOf(shape.slice(1)), fresh, kin })
  return { shape: [...shape], data: after ? rows.map((value) => after[value] ?? 0) : rows }
}

/** How items start that the run never saw, as its model reads them. */
export function startOfNewItems({ score, batches }: BuiltModel, { dataset }: TrainingData): string {
  const tensors =
    score.kind === 'dot'
      ? { table: score.table }
      : score.kind === 'products'
        ? Object.fromEntries(score.tables.map((table, at) => [`table.${at}`, table]))
        : score.kind === 'clicks'
          ? { logit: score.forward(batches.declare(batches.smallest).batch, servingPass).logit_B }
          : {}
  const inputs = buildGraph(tensors).inputs
  const fields = Object.keys(dataset.catalog.fields)
  const read = [
    ...(inputs.has(catalogInput.vectors('image')) ? ['pictures'] : []),
    ...(inputs.has(catalogInput.vectors('text')) ? ['texts'] : []),
    ...(fields.some((name) => inputs.has(catalogInput.field(name))) ? ['fields'] : []),
    ...(fields.length > 0 && inputs.has(catalogInput.fields('item')) ? ['fields'] : []),
    ...(inputs.has(catalogInput.numbers('item')) ? ['numbers'] : []),
  ]
  if (read.length > 0) return `new items start from their ${new Intl.ListFormat('en-GB').format(read)}`
  return score.kind === 'clicks' ? 'new items are read as unknown ones' : 'new items start as the average item'
}
