/** @file A dataset and parameters whose items have other numbers, and pictures that belong to other items. */
import type { Dataset, FeatureTable } from '../../dataset/schema.ts'
import type { ParameterState } from '../../learn/parameters.ts'
import { sizeOf } from '../../tensor/node.ts'

/** A table whose vectors belong to the items next to their own. */
export function rotated({ width, vectors, present }: FeatureTable): FeatureTable {
  const turned = new Float32Array(vectors.length)
  const items = present.length - 1
  for (let item = 1; item <= items; item++) {
    const to = 1 + (item % items)
    turned.set(vectors.subarray(item * width, (item + 1) * width), to * width)
  }
  return {
    width,
    vectors: turned,
    present: present.map((_, item) => (item === 0 ? 0 : (present[1 + ((item + items - 2) % items)] as number))),
  }
}

/** The dataset in which item i is item order[i]. */
export function permutedDataset(dataset: Dataset, order: readonly number[]): Dataset {
  const moved = <Values extends Float32Array | Uint8Array | Int32Array>(values: Values, width = 1): Values => {
    const turned = values.slice() as Values
    for (const [from, to] of order.entries()) turned.set(values.subarray(from * width, (from + 1) * width), to * width)
    return turned
  }
  const features = Object.entries(dataset.features).map(([name, { width, vectors, present }]) => [
    name,
    { width, vectors: moved(vectors, width), present: moved(present) },
  ])
  const { events, catalog } = dataset
  const fields = Object.entries(catalog.fields).map(([name, field]) => [
    name,
    { ...field, values: moved(field.values) },
  ])
  const numbers = Object.entries(catalog.numbers ?? {}).map(([name, column]) => [name, moved(column)])
  return {
    ...dataset,
    events: { ...events, item: events.item.map((item) => order[item] as number) },
    catalog: { ...catalog, fields: Object.fromEntries(fields), numbers: Object.fromEntries(numbers) },
    features: Object.fromEntries(features) as Dataset['features'],
  }
}

/** Parameters whose first rows belong to items, moved with them. */
export function permutedState(state: ParameterState, order: readonly number[]): ParameterState {
  const buffers = [...state.buffers].map(([name, own]) => {
    const { shape, values } = own
    const rows = shape[0] ?? 0
    // A table of items has a row for each, and perhaps some for what is no item.
    if (rows < order.length || rows > order.length + 1 || shape.length < 2) return [name, own] as const
    const width = sizeOf(shape.slice(1))
    const moved = values.slice()
    for (const [from, to] of order.entries()) moved.set(values.subarray(from * width, (from + 1) * width), to * width)
    return [name, { ...own, values: moved }] as const
  })
  return { ...state, buffers: new Map(buffers) }
}
