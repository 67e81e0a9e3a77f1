/** @file How many items have a picture, a text and each field, and how many events are on such items. */
import type { Dataset } from '../dataset/schema.ts'

/** What is known of the items: how many have it, and how many events are on those. */
export interface Coverage {
  readonly name: string
  readonly kind: 'vectors' | 'title' | 'field' | 'number'
  readonly items: number
  readonly events: number
}

/** The coverage of vectors, titles, fields and numbers, in that order; 0 of vectors that the dataset lacks. */
export function coverageOf({ catalog, features, events }: Dataset): Coverage[] {
  const measured = (name: string, kind: Coverage['kind'], has: (item: number) => boolean): Coverage => {
    const known = Uint8Array.from(catalog.ids, (_, item) => (item > 0 && has(item) ? 1 : 0))
    return {
      name,
      kind,
      items: known.reduce((sum, one) => sum + one, 0),
      events: events.item.reduce((sum, item) => sum + (known[item] as number), 0),
    }
  }
  return [
    ...(['image', 'text'] as const).map((modality) =>
      measured(modality, 'vectors', (item) => features[modality]?.present[item] === 1),
    ),
    measured('title', 'title', (item) => catalog.titles[item] !== ''),
    ...Object.entries(catalog.fields).map(([name, { values }]) =>
      measured(name, 'field', (item) => values[item] !== 0),
    ),
    ...Object.entries(catalog.numbers ?? {}).map(([name, values]) =>
      measured(name, 'number', (item) => !Number.isNaN(values[item])),
    ),
  ]
}
