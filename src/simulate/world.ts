/** @file What is planted in the simulated shop: items with a style and a topic, and which pictures are wrong. */
import { type RandomStream, randomStream } from '../random/stream.ts'

/** Sizes and shares of a shop. */
export interface ShopSettings {
  readonly users: number
  readonly items: number
  readonly seed: number
  /** Visits of a user. */
  readonly sessions: number
  /** Share of clicks that are accidental. */
  readonly accidentalShare: number
  /** Share of items whose picture is of a style other than their own. */
  readonly wrongPictureShare: number
}

/** The shop for experiments: about 60,000 events. */
export const shopDefaults: ShopSettings = {
  users: 1200,
  items: 1000,
  seed: 1,
  sessions: 9,
  accidentalShare: 0.3,
  wrongPictureShare: 0.2,
}
/** The shop for the demo: the same rules, small enough to train four models in two minutes. */
export const demoShop: ShopSettings = { ...shopDefaults, users: 500, items: 400, sessions: 7 }

/** Events of a visit on average: 3 to 5 clicks, and 1 or 2 favorites. */
const visitEvents = 5.5
/** What a process holds before it simulates, and what an event takes: as an object, as a line, and in the truth. */
const [emptyShop, eventBytes] = [165e6, 480]

/** About how many bytes of memory simulating a shop takes. */
export const shopBytes = ({ users, sessions }: ShopSettings): number =>
  emptyShop + users * sessions * visitEvents * eventBytes

/** How many visual styles and topics there are. */
export const [styleCount, topicCount] = [10, 10]

/** What is true of one item. */
export interface TrueItem {
  readonly id: string
  /** What it looks like; favorites depend on it, less than on the topic. */
  readonly style: number
  /** What it is about; its title says so, and favorites depend on it most. */
  readonly topic: number
  /** The style of its picture, on which clicks depend: its own style, or another if the picture is wrong. */
  readonly pictured: number
  readonly wrongPicture: boolean
  /** Its weight in every draw, among items that fit equally well. */
  readonly popularity: number
}

/** The items: style and topic independent and uniform, popularity log-normal, a wrong picture with the given share. */
export function makeItems({ items, seed, wrongPictureShare }: ShopSettings): TrueItem[] {
  const random = randomStream(seed, 'items')
  const wrong = new Set(
    random
      .shuffle(Int32Array.from({ length: items }, (_, at) => at))
      .subarray(0, Math.round(items * wrongPictureShare)),
  )
  return Array.from({ length: items }, (_, at) => {
    const [style, topic] = [random.integer(styleCount), random.integer(topicCount)]
    const other = (style + 1 + random.integer(styleCount - 1)) % styleCount
    const wrongPicture = wrong.has(at)
    return {
      id: `item${at + 1}`,
      style,
      topic,
      wrongPicture,
      pictured: wrongPicture ? other : style,
      popularity: Math.exp(0.7 * random.normal()),
    }
  })
}

/** Draws one of the items by weight; -1 when every weight is 0. */
export function drawItem(weights: Float64Array, random: RandomStream): number {
  let total = 0
  for (const weight of weights) total += weight
  let left = random.uniform() * total
  for (let at = 0; at < weights.length; at++) {
    left -= weights[at] as number
    if (left < 0) return at
  }
  return -1
}
