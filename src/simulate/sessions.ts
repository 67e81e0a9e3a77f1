/** @file What users of the simulated shop do: visits led by an interest, clicks by looks, favorites by topic, and slips of the finger. */
import { type RandomStream, randomStream } from '../random/stream.ts'
import { drawItem, makeRings, type ShopSettings, styleCount, type TrueItem, topicCount } from './world.ts'

/** One event with its truth. */
export interface TrueEvent {
  readonly user: string
  readonly item: number
  readonly behavior: 'click' | 'favorite'
  /** Milliseconds since 1970. */
  readonly time: number
  readonly accidental: boolean
}
/** What a user came for on one visit. */
export interface Interest {
  readonly style: number
  readonly topic: number
}
/** One user's visits. */
export interface TrueUser {
  readonly id: string
  readonly interests: Interest[]
}

/** How much likelier the true story is than chance; the rest of each draw is popularity. */
export const story = {
  /** The next visit's topic follows the ring; else it is drawn anew. */
  topicFollows: 0.75,
  /** The next visit's style stays, or follows the ring; else it is drawn anew. */
  styleStays: 0.5,
  styleFollows: 0.3,
  /** Factors on an item's weight. */
  clickOfStyle: 40,
  clickOfTopic: 6,
  favoriteOfTopic: 60,
  favoriteOfStyle: 5,
} as const

const dayMs = 86_400_000
const firstDay = Date.UTC(2025, 0, 1)

/**
 * All events of all users. A visit has interest (a, b), a style and a topic. Of its 3 to 5 clicks each is accidental with the given
 * share, and then drawn by popularity w alone; else P(i) ~ w_i * 40^[style_i = a] * 6^[topic_i = b]. Then 1 or 2 favorites with
 * P(i) ~ w_i * 60^[topic_i = b] * 5^[style_i = a]. The next visit's topic is ring(b) with probability 0.75, its style a with 0.5 and
 * ring(a) with 0.3, else uniform. So a favorite can be foreseen from the favorite before it and from the true clicks of its visit;
 * accidental clicks tell nothing. No item is touched twice by one user.
 */
export function makeEvents(settings: ShopSettings, items: readonly TrueItem[]): { events: TrueEvent[]; users: TrueUser[] } {
  const rings = makeRings(settings.seed)
  const events: TrueEvent[] = []
  const users: TrueUser[] = []
  for (let at = 1; at <= settings.users; at++) {
    const user = visits(`user${at}`, settings, items, rings)
    events.push(...user.events)
    users.push({ id: `user${at}`, interests: user.interests })
  }
  return { events, users }
}

function visits(
  id: string,
  { seed, sessions, accidentalShare }: ShopSettings,
  items: readonly TrueItem[],
  rings: ReturnType<typeof makeRings>,
): { events: TrueEvent[]; interests: Interest[] } {
  const random = randomStream(seed, 'user', id)
  const events: TrueEvent[] = []
  const interests: Interest[] = []
  const touched = new Set<number>()
  let interest: Interest = { style: random.integer(styleCount), topic: random.integer(topicCount) }
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
    interest = nextInterest(interest, rings, random)
    time += Math.floor((0.5 + 4 * random.uniform()) * dayMs)
  }
  return { events, interests }
}

function nextInterest({ style, topic }: Interest, rings: ReturnType<typeof makeRings>, random: RandomStream): Interest {
  const nextTopic = random.uniform() < story.topicFollows ? (rings.topic[topic] as number) : random.integer(topicCount)
  const chance = random.uniform()
  if (chance < story.styleStays) return { style, topic: nextTopic }
  const followed = chance < story.styleStays + story.styleFollows
  return { style: followed ? (rings.style[style] as number) : random.integer(styleCount), topic: nextTopic }
}

/** The weight of each item in a draw: by its popularity alone, or led by the interest; 0 for what the user touched. */
export function weightsOf(
  items: readonly TrueItem[],
  touched: ReadonlySet<number>,
  led: { behavior: TrueEvent['behavior']; interest: Interest } | undefined,
): Float64Array {
  const [ofStyle, ofTopic] = led?.behavior === 'click' ? [story.clickOfStyle, story.clickOfTopic] : [story.favoriteOfStyle, story.favoriteOfTopic]
  return Float64Array.from(items, ({ style, topic, popularity }, at) => {
    if (touched.has(at)) return 0
    if (!led) return popularity
    return popularity * (style === led.interest.style ? ofStyle : 1) * (topic === led.interest.topic ? ofTopic : 1)
  })
}
