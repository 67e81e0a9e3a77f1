/** @file What a model reads and a dataset does not have, where the model runs without. */
import type { Dataset } from '../dataset/schema.ts'
import { catalogShape } from '../models/contract/catalog.ts'
import { modelOf } from '../models/registry.ts'
import { optionsOfRun, type Run } from './run-settings.ts'

/** In words such as `times`; nothing where the model is whole. */
export function lackedBy(run: Run, dataset: Dataset): readonly string[] {
  const model = modelOf(run.model)
  return 'lacks' in model ? (model.lacks?.(optionsOfRun(run), catalogShape(dataset)) ?? []) : []
}

/** A name in a table, with what it lacks beside it: `hm4sr (no times)`. */
export const withLacks = (name: string, lacks: readonly string[] = []): string =>
  lacks.length > 0 ? `${name} (${lacks.map((what) => `no ${what}`).join(', ')})` : name

/** A warning before training; nothing where the model is whole. */
export function lackingText(run: Run, dataset: Dataset): string {
  const lacks = lackedBy(run, dataset)
  if (lacks.length === 0) return ''
  const lacking = `${dataset.manifest.name} has no ${lacks.join(' and no ')}`
  return `warning: ${lacking}, so ${run.model} is trained without; tables say so beside its name`
}
