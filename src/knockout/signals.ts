/** @file What a run is told beside the events that it predicts: pictures, texts, fields, and auxiliary behaviors. */
import type { TrainingData } from '../batches/kind.ts'
import type { FeatureModality } from '../dataset/schema.ts'
import { UserError, unknownName } from '../errors.ts'
import type { Run } from '../runs/run-settings.ts'

/** One thing that a shop may or may not gather. */
export type Signal =
  | { readonly kind: 'modality'; readonly name: FeatureModality }
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'behavior'; readonly name: string }

/** What takes a signal's place. */
export const ways = ['nothing', 'permutation', 'noise'] as const
/** See {@link ways}. */
export type Way = (typeof ways)[number]

/**
 * The signals of a run's data: vectors, the behaviors that are not predicted, and fields of items. Whether the model
 * reads them shows when they are taken away.
 * @param only names of those that are asked about; all by default
 * @throws UserError `unsupported` where there are none, `unknown` for a name that is none of them
 */
export function signalsOf(
  folder: string,
  run: Pick<Run, 'model' | 'split'>,
  { dataset }: TrainingData,
  only?: readonly string[],
): Signal[] {
  const { manifest, catalog, features } = dataset
  const predicted = predictedOf(run, manifest.target)
  const behaviors = manifest.behaviors.filter(
    (name) => name !== predicted && (manifest.counts.perBehavior[name] ?? 0) > 0,
  )
  const signals: Signal[] = [
    ...(Object.keys(features) as FeatureModality[]).map((name) => ({ kind: 'modality', name }) as const),
    ...behaviors.map((name) => ({ kind: 'behavior', name }) as const),
    ...Object.keys(catalog.fields).map((name) => ({ kind: 'field', name }) as const),
  ]
  if (signals.length === 0) {
    const value = `${manifest.name} has the behavior ${predicted} alone, no vectors and no fields`
    throw new UserError({ where: folder, problem: 'unsupported', value, expected: 'something that can be taken away' })
  }
  if (!only) return signals
  const names = signals.map(({ name }) => name)
  for (const name of only) if (!names.includes(name)) throw unknownName('--only', name, names)
  return signals.filter(({ name }) => only.includes(name))
}

/** The behavior that a run predicts: where events are samples of clicks, what the split calls a click. */
function predictedOf({ split }: Pick<Run, 'split'>, target: string): string {
  return 'source' in split && split.source === 'drawn' ? split.label : target
}
