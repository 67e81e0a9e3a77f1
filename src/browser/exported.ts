/** @file The files of an exported folder, as whoever writes and whoever reads them has them. */
import type { BatchShape, Recipe } from '../batches/kind.ts'
import type { Manifest } from '../dataset/schema.ts'
import type { DataType } from '../tensor/node.ts'

/** Names of the files that {@link Exported} and {@link ExportedCatalog} lie in, and of the graph. */
export const exportedFiles = { graph: 'model.onnx', model: 'model.json', catalog: 'catalog.json' } as const

/** What is known of the model: all but the graph. */
export interface Exported {
  readonly format: 'siftrec-export'
  readonly version: 1
  readonly model: string
  readonly dataset: string
  readonly manifest: Pick<Manifest, 'behaviors' | 'target' | 'candidates'>
  readonly history: { readonly maxLength: number; readonly mergeBehaviors: boolean }
  /** How a history fills the inputs. */
  readonly batch: readonly Recipe[]
  readonly shape: BatchShape
  readonly inputs: Readonly<Record<string, { readonly dtype: DataType; readonly shape: readonly number[] }>>
}

/** The items, from item 1 on. */
export interface ExportedCatalog {
  readonly ids: readonly string[]
  readonly titles: readonly string[]
  /** How often each was a target in training. */
  readonly popularity: readonly number[]
}
