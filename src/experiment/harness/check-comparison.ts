/**
 * @file Refuses a comparison that is not one before anything is trained: names, options, and the same number of tries
 * for each model.
 */
import { UserError, unknownName } from '../../errors.ts'
import { parseOptions } from '../../models/contract/options.ts'
import { modelOf } from '../../models/registry.ts'
import { taskOptions } from '../../runs/task-options.ts'
import type { Comparison, Variant } from '../experiment.ts'
import type { OptionSet } from '../terms.ts'

/**
 * Checks a comparison.
 * @throws UserError `duplicate` for a name twice, `unknown` for a variant or model that is not there, `invalid` for an
 * option, `mismatched` when one model is tuned over more option sets than another
 */
export function checkComparison({ title, variants, reference, improvedOver }: Comparison): void {
  const names = variants.map(({ name }) => name)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined)
    throw new UserError({ where: `table "${title}"`, problem: 'duplicate', value: `variant "${twice}"` })
  for (const named of [reference, improvedOver, ...variants.flatMap(({ against, like }) => [against, like])]) {
    if (named !== undefined && !names.includes(named)) throw unknownName(`table "${title}" variant`, named, names)
  }
  for (const variant of variants) for (const set of variant.tune ?? [{}]) checkOptions(variants, variant, set)
  const tuned = variants.filter(({ tune }) => tune !== undefined)
  const other = tuned.find(({ tune }) => tune?.length !== tuned[0]?.tune?.length)
  if (!other) return
  throw new UserError({
    where: `table "${title}", ${other.name}`,
    problem: 'mismatched',
    value: `${other.tune?.length} option sets to try`,
    expected: `${tuned[0]?.tune?.length}, as for ${tuned[0]?.name}: one budget for all`,
  })
}

function checkOptions(variants: readonly Variant[], variant: Variant, set: OptionSet): void {
  const model = modelOf(variant.model)
  const { config, training } = mergedOptions(variants.find(({ name }) => name === variant.like) ?? {}, variant, set)
  parseOptions(variant.model, model.config, config)
  const { training: schema } = taskOptions(variant.model)
  if (schema) parseOptions('training', schema, training)
}

/** Option sets laid over each other, the last on top. */
export function mergedOptions(...sets: readonly OptionSet[]): Required<OptionSet> {
  const merge = (part: keyof OptionSet) =>
    Object.assign({}, ...sets.map((set) => set[part])) as Readonly<Record<string, unknown>>
  return { config: merge('config'), training: merge('training') }
}
