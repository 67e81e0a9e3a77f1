/** @file What the page calls behaviors, modalities and the things that are recommended. */
import type { Modality } from '../../src/dataset/schema.ts'
import type { About } from '../../src/serve/service.ts'
import { capital } from './format.ts'

/** What is served. */
export type Served = About

/** A word for one thing and for several. */
export interface Noun {
  readonly one: string
  readonly many: string
}

/** The word for an item: the dataset's own where it says one; not every dataset does. */
export const nounOf = ({ noun }: Served): Noun => noun ?? { one: 'item', many: 'items' }

/** One of them, with its article: `a film`, `an item`. */
export const oneOf = ({ one }: Noun): string => `${/^[aeiou]/i.test(one) ? 'an' : 'a'} ${one}`

/** A behavior in words, and its place on the ramp of colors. */
export interface Behavior {
  readonly name: string
  /** `Favorited`, on a label. */
  readonly did: string
  /** `favorited`, in a sentence. */
  readonly past: string
  /** `Favorite`, on a button. */
  readonly act: string
  /** The token of its color. */
  readonly color: string
}

const ramp = ['view', 'favorite', 'cart', 'buy'] as const
const known: Readonly<
  Record<(typeof ramp)[number], { names: readonly string[]; did: string; past: string; act: string }>
> = {
  view: { names: ['view', 'click', 'pv', 'viewed'], did: 'Viewed', past: 'viewed', act: 'View' },
  favorite: { names: ['favorite', 'fav', 'like'], did: 'Favorited', past: 'favorited', act: 'Favorite' },
  cart: { names: ['cart', 'add-to-cart', 'addtocart'], did: 'In cart', past: 'put in the cart', act: 'Add to cart' },
  buy: { names: ['buy', 'purchase', 'order', 'transaction'], did: 'Bought', past: 'bought', act: 'Buy' },
}

/**
 * Behaviors in words, weak to strong as the dataset has them. One that has no word of ours is called by its own name,
 * and takes the first place on the ramp that is free.
 */
export function behaviorsOf(names: readonly string[]): Behavior[] {
  const placeOf = (name: string) => ramp.find((place) => known[place].names.includes(name.toLowerCase()))
  const free = ramp.filter((place) => !names.some((name) => placeOf(name) === place))
  return names.map((name) => {
    const place = placeOf(name)
    if (place) return { name, did: known[place].did, past: known[place].past, act: known[place].act, color: place }
    const word = name.replaceAll(/[-_]+/g, ' ')
    return { name, did: capital(word), past: `did “${word}” with`, act: capital(word), color: free.shift() ?? 'buy' }
  })
}

/** A modality in words. */
export interface ModalityWords {
  readonly name: Modality
  readonly said: string
  /** Where there is little room. */
  readonly short: string
  readonly color: string
}

const modalityWords: Readonly<Record<Modality, ModalityWords>> = {
  id: { name: 'id', said: 'Others’ choices', short: 'Choices', color: 'together' },
  text: { name: 'text', said: 'Title', short: 'Title', color: 'title' },
  image: { name: 'image', said: 'Picture', short: 'Picture', color: 'picture' },
}

/** Modalities in words, in one order everywhere. */
export const modalitiesOf = (names: readonly Modality[]): ModalityWords[] =>
  (['id', 'text', 'image'] as const).filter((name) => names.includes(name)).map((name) => modalityWords[name])
