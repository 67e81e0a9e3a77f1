/** @file The draws of the simulated shop as whoever knows its rules computes them: by the interest of a visit. */
import { story } from './sessions.ts'
import { styleCount, type TrueItem, topicCount } from './world.ts'

/** A pause as long as no visit has within it. */
export const betweenVisits = 3_600_000
/** Chances that the style stays, and that the topic becomes the other one, of two each. */
export const styleStays = story.styleStays + (1 - story.styleStays) / story.tasteSize
export const topicMoves = story.topicFollows + (1 - story.topicFollows) / story.tasteSize

/** A share for each style or topic. */
type Shares = Float64Array
/** The same share at each place. */
export const uniform = new Float64Array(styleCount).fill(1 / styleCount)
/** All of the share at one place. */
export const certain = (at: number): Shares => Float64Array.from(uniform, (_, other) => (other === at ? 1 : 0))

/** The factor on each item's weight by each style or topic of an interest, [items * 10]. */
export const factorsOf =
  (items: readonly TrueItem[], sharesOf: ((item: TrueItem) => Shares) | undefined) =>
  (factor: number): Float64Array =>
    Float64Array.from(items.flatMap((item) => [...(sharesOf?.(item) ?? uniform)].map((one) => 1 + (factor - 1) * one)))

/** Draws by popularity and two factors: of the style a and the topic b of an interest [a, b], flat [10 * 10]. */
export function draws(items: readonly TrueItem[], [ofStyle, ofTopic]: readonly [Float64Array, Float64Array]) {
  const weightsOf = (at: number): Float64Array => {
    const { popularity } = items[at] as TrueItem
    return Float64Array.from({ length: styleCount * topicCount }, (_, interest) => {
      const [style, topic] = [Math.floor(interest / topicCount), interest % topicCount]
      return popularity * (ofStyle[at * styleCount + style] as number) * (ofTopic[at * topicCount + topic] as number)
    })
  }
  const all = items.map((_, at) => weightsOf(at))
  const whole = all.reduce((sum, weights) => sum.map((total, at) => total + (weights[at] as number)))
  const popularity = items.reduce((sum, item) => sum + item.popularity, 0)
  return {
    /** The draws of one user, who touches no item twice. */
    open() {
      const left = whole.slice()
      let leftPopularity = popularity
      return {
        /** How probable the item is under each interest, where so many draws are by popularity alone. */
        chances(item: number, byPopularity = 0): Float64Array {
          const { popularity: own } = items[item] as TrueItem
          const weights = all[item] as Float64Array
          const chances = new Float64Array(weights.length).fill((byPopularity * own) / leftPopularity)
          for (let at = 0; at < chances.length; at++)
            chances[at] =
              (chances[at] as number) + ((1 - byPopularity) * (weights[at] as number)) / (left[at] as number)
          return chances
        },
        /** How probable the item is in a draw by popularity alone. */
        byPopularity: (item: number): number => (items[item] as TrueItem).popularity / leftPopularity,
        touch(item: number): void {
          const weights = all[item] as Float64Array
          for (let at = 0; at < left.length; at++) left[at] = (left[at] as number) - (weights[at] as number)
          leftPopularity -= (items[item] as TrueItem).popularity
        },
        /** Each item's probability, by how probable each interest is. */
        weights(interests: Float64Array): Float64Array {
          const scaled = interests.map((share, at) => share / (left[at] as number))
          return Float64Array.from(all, (weights) => {
            let sum = 0
            for (let at = 0; at < weights.length; at++) sum += (weights[at] as number) * (scaled[at] as number)
            return sum
          })
        },
      }
    },
  }
}
