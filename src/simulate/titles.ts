/** @file Titles of the simulated shop: they say what an item is about. */
import type { RandomStream } from '../random/stream.ts'

/** Nouns and their attributes, by topic. */
const topics: readonly (readonly [nouns: readonly string[], traits: readonly string[]])[] = [
  [
    ['teapot', 'kettle', 'coffee press', 'espresso cup'],
    ['for slow mornings', 'with infuser', 'keeps warm'],
  ],
  [
    ['hiking boot', 'trail shoe', 'backpack', 'trekking pole'],
    ['waterproof', 'for rough ground', 'lightweight'],
  ],
  [
    ['desk lamp', 'floor lamp', 'lantern', 'reading light'],
    ['dimmable', 'warm light', 'with USB port'],
  ],
  [
    ['picture book', 'puzzle', 'building blocks', 'toy train'],
    ['from three years', 'for rainy days', 'without batteries'],
  ],
  [
    ['garden shears', 'watering can', 'flower pot', 'seed tray'],
    ['frost-proof', 'for balconies', 'rust-free'],
  ],
  [
    ['rain jacket', 'wool sweater', 'linen shirt', 'winter coat'],
    ['machine washable', 'slim fit', 'with inner pocket'],
  ],
  [
    ['bicycle bell', 'bike helmet', 'saddle bag', 'tire pump'],
    ['quick to mount', 'reflective', 'for city riders'],
  ],
  [
    ['chef knife', 'cutting board', 'cast-iron pan', 'mixing bowl'],
    ['dishwasher safe', 'for induction', 'non-stick'],
  ],
  [
    ['headphones', 'turntable', 'bookshelf speaker', 'ukulele'],
    ['rich bass', 'with carry case', 'for beginners'],
  ],
  [
    ['yoga mat', 'foam roller', 'jump rope', 'dumbbell'],
    ['non-slip', 'for home workouts', 'with strap'],
  ],
]
const tones = [
  'classic',
  'everyday',
  'compact',
  'premium',
  'handmade',
  'modern',
  'sturdy',
  'little',
  'original',
  'folding',
]
const makers = ['Alder & Co', 'Brightside', 'Corvin', 'Dovetail', 'Elmwood', 'Fjord', 'Greyhaus', 'Hollis']

/** Names of makers; they say nothing about style or topic. */
export const makerNames: readonly string[] = makers

/** A title about the topic, e.g. `Handmade teapot with infuser, Elmwood 214`. */
export function titleOf(topic: number, maker: string, number: number, random: RandomStream): string {
  const [nouns, traits] = topics[topic] as (typeof topics)[number]
  const pick = (words: readonly string[]): string => words[random.integer(words.length)] as string
  const tone = pick(tones)
  return `${tone.charAt(0).toUpperCase()}${tone.slice(1)} ${pick(nouns)} ${pick(traits)}, ${maker} ${number}`
}
