/** @file Items and the reasons for them, in the log's own ids and titles. */
import type { BehaviorIndex, Catalog, Dataset, ItemIndex, Modality } from '../dataset/schema.ts'
import type { Explanation } from '../models/contract/scorer.ts'

/** An event that carried a recommendation. */
export interface Reason {
  readonly id: string
  readonly title: string
  readonly behavior: string
  /** Of what counted for the item, in [0, 1]: the shares of all its reasons add up to 1. */
  readonly share: number
}

/** An event that was left out. */
export type NoiseEvent = Omit<Reason, 'share'>

/** Why an item is in a list; what the model cannot tell is absent. */
export interface Reasons {
  /** How much each behavior and each modality carried the score, in [0, 1]. */
  readonly behaviors?: Readonly<Record<string, number>>
  readonly modalities?: Readonly<Partial<Record<Modality, number>>>
  /** The interest center that carried most; see `Explanation`. */
  readonly center?: NonNullable<Explanation['center']>
  /** Mean variances of the user's and the item's place; see `Explanation`. */
  readonly uncertainty?: NonNullable<Explanation['uncertainty']>
  /** Events that the model left out as noise; see `Explanation`. */
  readonly noise?: readonly NoiseEvent[]
  readonly because?: readonly Reason[]
}

/** What names are read from: a dataset, or a later catalog with the same indices. */
type Named = Pick<Dataset, 'manifest'> & { readonly catalog: Pick<Catalog, 'ids' | 'titles'> }

/** An item's id and title. */
export const itemNamed = ({ catalog }: Pick<Named, 'catalog'>, item: ItemIndex): { id: string; title: string } => ({
  id: catalog.ids[item] ?? '',
  title: catalog.titles[item] ?? '',
})

/** An explanation in names. */
export function reasonsNamed(
  named: Named,
  { behaviors, modalities, center, uncertainty, noise, because }: Explanation,
): Reasons {
  const eventNamed = (item: ItemIndex, behavior: BehaviorIndex): NoiseEvent => ({
    ...itemNamed(named, item),
    behavior: named.manifest.behaviors[behavior] ?? '',
  })
  return {
    ...(behaviors && { behaviors }),
    ...(modalities && { modalities }),
    ...(center && { center }),
    ...(uncertainty && { uncertainty }),
    ...(noise && { noise: noise.map(({ item, behavior }) => eventNamed(item, behavior)) }),
    ...(because && { because: because.map(({ item, behavior, share }) => ({ ...eventNamed(item, behavior), share })) }),
  }
}
