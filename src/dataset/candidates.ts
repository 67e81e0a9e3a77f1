/** @file Which items are left out of a target's full-catalog ranking. */
import type { History, ItemIndex, Manifest } from './schema.ts'

/**
 * The items that the dataset's `candidates` policy leaves out for a user with these earlier events: every item touched
 * (`unseen`), every item with the target behavior (`untargeted`), or none (`all`). All other items of the catalog are
 * ranked.
 * @param earlier all of the user's events strictly before the target's time, not only those the model is shown
 */
export function excludedItems(
  { manifest }: { readonly manifest: Pick<Manifest, 'candidates' | 'behaviors' | 'target'> },
  earlier: History,
): ReadonlySet<ItemIndex> {
  if (manifest.candidates === 'all') return new Set()
  if (manifest.candidates === 'unseen') return new Set(earlier.item)
  const target = manifest.behaviors.indexOf(manifest.target)
  return new Set(earlier.item.filter((_, at) => earlier.behavior[at] === target))
}
