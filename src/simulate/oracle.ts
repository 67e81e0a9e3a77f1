/**
 * @file Rankings of the simulated shop's items by the probabilities that the shop itself draws the next favorite from,
 * given what somebody knows: all of it, or less step by step.
 */
import { betweenVisits, certain, draws, factorsOf, styleStays, topicMoves, uniform } from './interest-draws.ts'
import { story, type TrueEvent, type TrueUser, topicRing } from './sessions.ts'
import { styleCount, type TrueItem, topicCount } from './world.ts'

/** What is known beside the events, the rules of the shop and how popular each item is. */
export interface Knowledge {
  /** Of the user: this visit's interest, the taste, or nothing, so that both are inferred. */
  readonly user: 'interest' | 'taste' | 'nothing'
  /** Which clicks are accidental: told, weighed by how often clicks are, never, or no click is read. */
  readonly clicks: 'told' | 'weighed' | 'believed' | 'unread'
  /** An item's own style: told, weighed by how often pictures are wrong, taken from the picture, or no look is seen. */
  readonly looks: 'told' | 'weighed' | 'pictured' | 'unseen'
  readonly topics: 'told' | 'unseen'
}

/** One event of the user who is asked about. */
export interface ReadEvent extends Pick<TrueEvent, 'behavior' | 'accidental' | 'time'> {
  /** The item's place among the shop's items. */
  readonly item: number
}

/** What is true of the shop. */
interface Shop {
  readonly items: readonly TrueItem[]
  readonly settings: { readonly seed: number; readonly accidentalShare: number; readonly wrongPictureShare: number }
}

/**
 * The weight of each item in the draw of a user's next favorite, as expected over what is not known: by Bayes' rule
 * over all tastes and over the interest of each visit, which the rules of the shop lead on. Other users' events are not
 * read. Items that the user touched weigh as if the user had not, for whoever ranks leaves them out.
 */
export function oracle({ items, settings }: Shop, knowledge: Knowledge) {
  const pictures = factorsOf(items, knowledge.looks === 'unseen' ? undefined : ({ pictured }) => certain(pictured))
  const looks = factorsOf(items, looksOf(knowledge.looks, settings.wrongPictureShare))
  const topics = factorsOf(items, knowledge.topics === 'unseen' ? undefined : ({ topic }) => certain(topic))
  const clicks = draws(items, [pictures(story.clickOfPicture), topics(story.clickOfTopic)])
  const favorites = draws(items, [looks(story.favoriteOfStyle), topics(story.favoriteOfTopic)])
  const ring = topicRing(settings.seed)
  const share = knowledge.clicks === 'weighed' ? settings.accidentalShare : 0
  return (user: TrueUser, events: readonly ReadEvent[]): Float64Array => {
    const belief = beliefOf(ring, knowledge.user === 'nothing' ? undefined : user)
    const [clicked, favored] = [clicks.open(), favorites.open()]
    let visit = 0
    for (const [at, { item, behavior, accidental, time }] of events.entries()) {
      if (at > 0 && time - (events[at - 1] as ReadEvent).time > betweenVisits) {
        belief.move()
        visit++
      }
      if (behavior === 'favorite') belief.see(favored.chances(item))
      else if (knowledge.clicks !== 'unread' && !(knowledge.clicks === 'told' && accidental))
        belief.see(clicked.chances(item, share))
      for (const open of [clicked, favored]) open.touch(item)
    }
    const interest = knowledge.user === 'interest' ? user.interests[visit] : undefined
    return favored.weights(interest ? certainly(interest) : belief.interests())
  }
}

/** How likely each style is an item's own; undefined where nothing is seen. */
function looksOf(looks: Knowledge['looks'], wrongShare: number): ((item: TrueItem) => Float64Array) | undefined {
  if (looks === 'unseen') return undefined
  if (looks === 'told') return ({ style }) => certain(style)
  const wrong = looks === 'weighed' ? wrongShare : 0
  return ({ pictured }) => uniform.map((_, at) => (at === pictured ? 1 - wrong : wrong / (styleCount - 1)))
}

function certainly({ style, topic }: { readonly style: number; readonly topic: number }): Float64Array {
  const shares = new Float64Array(styleCount * topicCount)
  shares[style * topicCount + topic] = 1
  return shares
}

/**
 * How probable each interest is under each taste: two styles and two topics that follow each other, so four interests a
 * taste. All tastes are as likely at first, or one is known; the first visit's topic is the first of the two.
 */
function beliefOf(ring: Int32Array, known: TrueUser | undefined) {
  const [interests, first]: [number[], number[]] = [[], []]
  for (const styles of known ? [known.styles] : pairsOf(styleCount)) {
    for (const topics of known ? [known.topics] : [...ring].map((topic, at) => [topic, ring[(at + 1) % ring.length]])) {
      for (const [a, style] of styles.entries()) {
        for (const [b, topic] of topics.entries()) {
          interests.push(style * topicCount + (topic as number))
          // The styles of a known taste are told in their order; else either may be the first.
          first.push(b === 0 && (!known || a === 0) ? 1 : 0)
        }
      }
    }
  }
  const belief = Float64Array.from(first)
  return {
    /** What an event says, by how probable it is under each interest. */
    see(chances: Float64Array): void {
      for (let at = 0; at < belief.length; at++)
        belief[at] = (belief[at] as number) * (chances[interests[at] as number] as number)
    },
    /** The next visit begins. */
    move(): void {
      // Shares are made to add up to 1 anew: their products get very small.
      const before = normalized(belief)
      for (let at = 0; at < belief.length; at++) {
        const taste = at - (at % 4)
        let sum = 0
        for (let from = 0; from < 4; from++) {
          const style = ((from ^ at) & 2) === 0 ? styleStays : 1 - styleStays
          const topic = ((from ^ at) & 1) === 1 ? topicMoves : 1 - topicMoves
          sum += (before[taste + from] as number) * style * topic
        }
        belief[at] = sum
      }
    },
    interests(): Float64Array {
      const shares = new Float64Array(styleCount * topicCount)
      for (const [at, interest] of interests.entries())
        shares[interest] = (shares[interest] as number) + (belief[at] as number)
      return normalized(shares)
    },
  }
}

const pairsOf = (count: number): number[][] =>
  Array.from({ length: count }, (_, first) =>
    Array.from({ length: count - first - 1 }, (__, at) => [first, first + 1 + at]),
  ).flat()

function normalized(shares: Float64Array): Float64Array {
  const sum = shares.reduce((total, share) => total + share, 0)
  return shares.map((share) => share / sum)
}
