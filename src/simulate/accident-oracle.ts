/**
 * @file How probable it is that a click of the simulated shop was accidental, for somebody who knows the user's taste
 * and the rules of the shop, but no flag: as well as accidental clicks can be found.
 */
import { betweenVisits, certain, draws, factorsOf, styleStays, topicMoves } from './interest-draws.ts'
import type { ReadEvent } from './oracle.ts'
import { story, type TrueUser } from './sessions.ts'
import { type TrueItem, topicCount } from './world.ts'

/** What is true of the shop, beside its flags. */
interface KnownShop {
  readonly items: readonly TrueItem[]
  readonly settings: { readonly accidentalShare: number }
}

/** An event whose flag nobody tells. */
type UnflaggedEvent = Omit<ReadEvent, 'accidental'>

/**
 * For each of a user's events the probability that it is accidental, 0 for favorites: by Bayes' rule over the interest
 * of each visit, which is one of four of the known taste, given all events of the user (forward and backward).
 */
export function accidentOracle({ items, settings: { accidentalShare } }: KnownShop) {
  const look = (of: (item: TrueItem) => number) => factorsOf(items, (item) => certain(of(item)))
  const topics = look(({ topic }) => topic)
  const clicks = draws(items, [look(({ pictured }) => pictured)(story.clickOfPicture), topics(story.clickOfTopic)])
  const favorites = draws(items, [look(({ style }) => style)(story.favoriteOfStyle), topics(story.favoriteOfTopic)])
  return ({ styles, topics: liked }: Pick<TrueUser, 'styles' | 'topics'>, events: readonly UnflaggedEvent[]) => {
    const interests = styles.flatMap((style) => liked.map((topic) => style * topicCount + topic))
    const [clicked, favored] = [clicks.open(), favorites.open()]
    /** By event: how probable it is under each interest, and how much of that is an accident. */
    const seen = events.map(({ item, behavior }) => {
      const chances = behavior === 'click' ? clicked.chances(item, accidentalShare) : favored.chances(item)
      const accident = behavior === 'click' ? clicked.byPopularity(item) * accidentalShare : 0
      for (const open of [clicked, favored]) open.touch(item)
      return { under: interests.map((interest) => chances[interest] as number), accident }
    })
    const visits = visitsOf(events)
    const shares = visitShares(visits.map((rows) => productOf(rows.map((row) => seen[row]?.under ?? []))))
    const probabilities = new Float64Array(events.length)
    for (const [visit, rows] of visits.entries()) {
      for (const row of rows) {
        const { under, accident } = seen[row] as (typeof seen)[number]
        probabilities[row] = under.reduce(
          (sum, chance, at) => sum + ((shares[visit]?.[at] as number) * accident) / chance,
          0,
        )
      }
    }
    return probabilities
  }
}

/** The rows of each visit. */
function visitsOf(events: readonly UnflaggedEvent[]): number[][] {
  const visits: number[][] = []
  for (const [row, { time }] of events.entries()) {
    if (row === 0 || time - (events[row - 1] as UnflaggedEvent).time > betweenVisits) visits.push([])
    visits.at(-1)?.push(row)
  }
  return visits
}

const productOf = (rows: readonly (readonly number[])[]): number[] =>
  normalized(rows.reduce<number[]>((product, row) => product.map((one, at) => one * (row[at] as number)), [1, 1, 1, 1]))

/** How probable each of the four interests is on each visit, given what all visits say; the first one is known. */
function visitShares(says: readonly (readonly number[])[]): number[][] {
  const forward: number[][] = []
  for (const one of says) {
    const before = forward.at(-1)
    const expected = before ? moved(before) : [1, 0, 0, 0]
    forward.push(normalized(expected.map((share, at) => share * (one[at] as number))))
  }
  const shares: number[][] = []
  let after = [1, 1, 1, 1]
  for (let visit = says.length - 1; visit >= 0; visit--) {
    shares[visit] = normalized((forward[visit] as number[]).map((share, at) => share * (after[at] as number)))
    after = movedBack((says[visit] as number[]).map((one, at) => one * (after[at] as number)))
  }
  return shares
}

/** The chance that interest `from` is followed by interest `to`: place 2 * style + topic. */
const follows = (from: number, to: number): number =>
  (((from ^ to) & 2) === 0 ? styleStays : 1 - styleStays) * (((from ^ to) & 1) === 1 ? topicMoves : 1 - topicMoves)
const places = [0, 1, 2, 3]
const moved = (shares: readonly number[]): number[] =>
  places.map((to) => places.reduce((sum, from) => sum + (shares[from] as number) * follows(from, to), 0))
const movedBack = (says: readonly number[]): number[] =>
  normalized(places.map((from) => places.reduce((sum, to) => sum + (says[to] as number) * follows(from, to), 0)))

function normalized(shares: readonly number[]): number[] {
  const sum = shares.reduce((total, share) => total + share, 0)
  return shares.map((share) => share / sum)
}
