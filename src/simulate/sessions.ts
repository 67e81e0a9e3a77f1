/**
 * @file What users of the simulated shop do: each visit has an interest, clicks depend on pictures, favorites on
 * topics, and some clicks are accidents.
 */
import { type RandomStream, randomStream } from '../random/stream.ts'
import { drawItem, type ShopSettings, styleCount, type TrueItem, topicCount } from './world.ts'

/** One event, and whether it is accidental. */
export interface TrueEvent {
  readonly user: string
  readonly item: number
  readonly behavior: 'click' | 'favorite'
  /** Milliseconds since 1970. */
  readonly time: number
  readonly accidental: boolean
}
/** The interest of a user on one visit. */
export interface Interest {
  readonly style: number
  readonly topic: number
}
/** One user's tastes and visits. */
export interface TrueUser {
  readonly id: string
  /** The styles and topics that this user likes, in the order in which one follows another. */
  readonly styles: number[]
  readonly topics: number[]
  readonly interests: Interest[]
}

/** How strongly interests and tastes lead the draws; apart from them items are drawn by popularity. */
export const story = {
  /** Styles and topics in a user's taste, of ten each. */
  tasteSize: 2,
  /** The probability that the next visit's topic is the next of the user's own; otherwise it is any of them. */
  topicFollows: 0.75,
  /** The probability that the next visit's style stays the same; otherwise it is any of the user's. */
  styleStays: 0.5,
  /** Factors on an item's weight. */
  clickOfPicture: 80,
  clickOfTopic: 40,
  favoriteOfTopic: 80,
  favoriteOfStyle: 40,
} as const

/** By behavior, how much of what leads a draw is the look of an item, and how much its topic; adds up to 1. */
export const plantedShares: Readonly<Record<TrueEvent['behavior'], { readonly image: number; readonly text: number }>> =
  {
    click: sharesOf(story.clickOfPicture, story.clickOfTopic),
    favorite: sharesOf(story.favoriteOfStyle, story.favoriteOfTopic),
  }

/** Factors multiply: their logarithms add up. */
function sharesOf(look: number, topic: number): { image: number; text: number } {
  const whole = Math.log(look) + Math.log(topic)
  return { image: Math.log(look) / whole, text: Math.log(topic) / whole }
}

const dayMs = 86_400_000
const firstDay = Date.UTC(2025, 0, 1)

/**
 * All events of all users. A user has a taste: any two styles, and two topics that follow each other on a ring common
 * to all. A visit has an interest (a, b), a style and a topic of that taste. Each of its 3 to 5 clicks is accidental
 * with the given share, and then drawn by popularity w alone; otherwise P(i) ~ w_i * 80^[picture of i shows a] *
 * 40^[topic_i = b]. Then 1 or 2 favorites with P(i) ~ w_i * 80^[topic_i = b] * 40^[style_i = a], the item's own style.
 * The next visit's topic is the one after b with probability 0.75, otherwise either of the two. Its style stays with
 * probability 0.5, otherwise it is either. So a favorite can be predicted from earlier favorites and from the true
 * clicks of its visit. Accidental clicks say nothing, and are mostly outside the taste that earlier favorites show. No
 * user touches an item twice.
 */
export function makeEvents(
  settings: ShopSettings,
  items: readonly TrueItem[],
): { events: TrueEvent[]; users: TrueUser[] } {
  const events: TrueEvent[] = []
  const users: TrueUser[] = []
  const ring = topicRing(settings.seed)
  for (let at = 1; at <= settings.users; at++) {
    const user = visits(`user${at}`, settings, items, ring)
    events.push(...user.events)
    users.push({ id: `user${at}`, ...user.taste, interests: user.interests })
  }
  return { events, users }
}

/** The order in which topics follow each other, for every user. */
export const topicRing = (seed: number): Int32Array =>
  randomStream(seed, 'ring').shuffle(Int32Array.from({ length: topicCount }, (_, at) => at))

function visits(
  id: string,
  { seed, sessions, accidentalShare }: ShopSettings,
  items: readonly TrueItem[],
  ring: Int32Array,
): { events: TrueEvent[]; interests: Interest[]; taste: Taste } {
  const random = randomStream(seed, 'user', id)
  const events: TrueEvent[] = []
  const interests: Interest[] = []
  const touched = new Set<number>()
  const taste: Taste = { styles: someOf(styleCount, random), topics: segmentOf(ring, random) }
  let interest: Interest = { style: taste.styles[0] as number, topic: taste.topics[0] as number }
  let time = firstDay + Math.floor(random.uniform() * 60 * dayMs)
  const act = (behavior: TrueEvent['behavior'], accidental: boolean): void => {
    const item = drawItem(weightsOf(items, touched, accidental ? undefined : { behavior, interest }), random)
    if (item < 0) return
    touched.add(item)
    time += 5_000 + random.integer(120_000)
    events.push({ user: id, item, behavior, time, accidental })
  }
  for (let visit = 0; visit < sessions; visit++) {
    interests.push(interest)
    for (let click = 3 + random.integer(3); click > 0; click--) act('click', random.uniform() < accidentalShare)
    for (let favorite = 1 + random.integer(2); favorite > 0; favorite--) act('favorite', false)
    interest = nextInterest(interest, taste, random)
    time += Math.floor((0.5 + 4 * random.uniform()) * dayMs)
  }
  return { events, interests, taste }
}

type Taste = Pick<TrueUser, 'styles' | 'topics'>

/** A few of `count` things, in a random order. */
const someOf = (count: number, random: RandomStream): number[] =>
  [...random.shuffle(Int32Array.from({ length: count }, (_, at) => at))].slice(0, story.tasteSize)

/** A few topics that follow each other on the ring all users share. */
function segmentOf(ring: Int32Array, random: RandomStream): number[] {
  const from = random.integer(ring.length)
  return Array.from({ length: story.tasteSize }, (_, at) => ring[(from + at) % ring.length] as number)
}

function nextInterest({ style, topic }: Interest, { styles, topics }: Taste, random: RandomStream): Interest {
  const any = (of: readonly number[]): number => of[random.integer(of.length)] as number
  const following = topics[(topics.indexOf(topic) + 1) % topics.length] as number
  return {
    style: random.uniform() < story.styleStays ? style : any(styles),
    topic: random.uniform() < story.topicFollows ? following : any(topics),
  }
}

/**
 * The weight of each item in a draw: its popularity alone, or with the factors of the interest; 0 for items the user
 * touched.
 */
function weightsOf(
  items: readonly TrueItem[],
  touched: ReadonlySet<number>,
  led: { behavior: TrueEvent['behavior']; interest: Interest } | undefined,
): Float64Array {
  const clicks = led?.behavior === 'click'
  const [ofLook, ofTopic] = clicks
    ? [story.clickOfPicture, story.clickOfTopic]
    : [story.favoriteOfStyle, story.favoriteOfTopic]
  return Float64Array.from(items, ({ style, pictured, topic, popularity }, at) => {
    if (touched.has(at)) return 0
    if (!led) return popularity
    // A click depends on the picture shown. A favorite depends on the item itself, since the user has seen its page.
    const look = clicks ? pictured : style
    return popularity * (look === led.interest.style ? ofLook : 1) * (topic === led.interest.topic ? ofTopic : 1)
  })
}
