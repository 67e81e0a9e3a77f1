/** @file What the models of a few lines are made of. */
import * as z from 'zod'
import type { CatalogShape } from '../../../src/models/contract/catalog.ts'
import { type BuiltModel, defineModel, type Losses, type ModelDefinition } from '../../../src/models/contract/model.ts'
import { normal } from '../../../src/nn/init.ts'
import { parameter, type Tensor } from '../../../src/tensor/node.ts'

export const width = 8
export const windowOptions = { maxLength: 8, stride: 8, auxiliaryTargets: 1 }

/** Defines a model without options. */
export function small<Batch>(slug: string, build: (catalog: CatalogShape) => BuiltModel<Batch>): ModelDefinition {
  const config = z.strictObject({})
  return defineModel({ slug, title: slug, task: 'next-item', config, build: (_, catalog) => build(catalog) })
}

/** A table of vectors of the catalog's items. */
export const table = (name: string, { itemCount }: CatalogShape, size = width): Tensor =>
  parameter(name, [itemCount + 1, size], normal(0.3), { rows: 'items' })
export const square = (name: string): Tensor => parameter(name, [width, width], normal(0.3))
export const one = (value: Tensor, weight: number | Tensor = 1): Losses[string] => ({ weight, value })
