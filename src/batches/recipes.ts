/**
 * @file Kinds of batches made again from their recipes: so that a model's histories are filled into a graph where the
 * model itself is not, by the very code that filled them in training.
 */
import { Bug } from '../errors.ts'
import { augmented } from './extras/augmented.ts'
import { cloze } from './extras/cloze.ts'
import { drawnItems } from './extras/drawn-items.ts'
import { duplicates } from './extras/duplicates.ts'
import { drawnPlaces, lastTargets } from './extras/histories.ts'
import { moments, times } from './extras/moments.ts'
import { negatives } from './extras/negatives.ts'
import { shortened } from './extras/shortened.ts'
import { targetBehaviors } from './extras/target-behaviors.ts'
import type { BatchKind, Extra, Recipe } from './kind.ts'
import { pairs } from './pairs.ts'
import { sequences } from './sequences.ts'
import type { Window } from './windows.ts'

/** A kind whose served rows are windows. */
type WindowKind = BatchKind<unknown, readonly Window[]>

// Each reads the settings that its own recipe wrote.
const kinds: Readonly<Record<string, (settings: never) => unknown>> = {
  sequences,
  pairs: ({ behaviorCount, ...settings }: { behaviorCount: number; maxLength: number }) =>
    pairs(behaviorCount, settings),
}
const extras: Readonly<Record<string, (settings: never) => unknown>> = {
  moments,
  times,
  cloze,
  negatives,
  duplicates,
  lastTargets,
  drawnPlaces,
  drawnItems,
  shortened,
  targetBehaviors,
  augmented: ({ view, ...settings }: { view: string; how: [] }) => augmented(view, settings),
}

/** The kind of a recipe. @throws Bug for a recipe that was made by hand */
export function batchesOf([first, ...more]: readonly Recipe[]): WindowKind {
  const kind = made(kinds, first) as WindowKind
  return more.reduce((kind, recipe) => kind.with(made(extras, recipe) as Extra<object, readonly Window[]>), kind)
}

function made(known: typeof kinds, recipe: Recipe | undefined): unknown {
  const make = known[recipe?.name ?? '']
  if (!make) throw new Bug(`no batches are made by the name "${recipe?.name}"`)
  return make(recipe?.settings as never)
}
