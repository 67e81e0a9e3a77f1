/** @file Seeded 95 % bootstrap intervals that resample users, so that a user with many targets counts as one draw. */
import { mean, quantile } from 'simple-statistics'
import { randomStream } from '../random/stream.ts'

/** A mean over targets with its 95 % interval; without bounds where none were asked for. */
export interface Interval {
  readonly mean: number
  readonly low?: number
  readonly high?: number
}

/** How to resample. */
export interface BootstrapOptions {
  seed: number
  /** How many resamples; 1,000 by default, 0 for the mean alone. */
  resamples?: number
}

/**
 * The mean of each column of values over targets, with its 95 % percentile interval from a cluster bootstrap: each
 * resample draws as many users as there are, with replacement, and takes all their targets; all columns see the same
 * resamples. With one target a user this is the plain bootstrap.
 * @param columns each [targets]: one value per target, of one metric
 * @param users [targets]: whose target it is
 */
export function bootstrapMeans(
  columns: readonly ArrayLike<number>[],
  users: ArrayLike<number>,
  options: BootstrapOptions,
): Interval[] {
  const { seed, resamples = 1000 } = options
  const { sums, sizes } = sumByUser(columns, users)
  const count = sizes.length
  const width = columns.length
  const stream = randomStream(seed, 'bootstrap')
  const means = columns.map(() => Array.from<number>({ length: resamples }))
  const total = new Float64Array(width)
  for (let resample = 0; resample < resamples; resample++) {
    total.fill(0)
    let size = 0
    for (let draw = 0; draw < count; draw++) {
      const drawn = stream.integer(count)
      size += sizes[drawn] as number
      for (let column = 0, at = drawn * width; column < width; column++, at++)
        total[column] = (total[column] as number) + (sums[at] as number)
    }
    means.forEach((column, at) => {
      column[resample] = (total[at] as number) / size
    })
  }
  return columns.map((values, at) => {
    if (count === 0) return { mean: Number.NaN }
    if (resamples === 0) return { mean: mean(Array.from(values)) }
    const [low, high] = quantile(means[at] as number[], [0.025, 0.975]) as [number, number]
    return { mean: mean(Array.from(values)), low, high }
  })
}

/**
 * The mean difference a - b over the same targets with its 95 % interval: each resample draws users, and takes the
 * difference of both models on them, so what makes a user hard for both cancels. An interval that holds 0 does not tell
 * the two apart.
 * @param a and b, each [targets]: one value per target, e.g. NDCG@10, in the same order
 */
export function pairedDifference(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  users: ArrayLike<number>,
  options: BootstrapOptions,
): Interval {
  const difference = Float64Array.from({ length: a.length }, (_, at) => (a[at] as number) - (b[at] as number))
  return bootstrapMeans([difference], users, options)[0] as Interval
}

/** Per distinct user the sum of each column, [users, columns] row-major, and the number of targets, [users]. */
function sumByUser(
  columns: readonly ArrayLike<number>[],
  users: ArrayLike<number>,
): { sums: Float64Array; sizes: Float64Array } {
  const places = new Map<number, number>()
  const place = Int32Array.from(users, (user) => {
    const earlier = places.get(user)
    if (earlier !== undefined) return earlier
    places.set(user, places.size)
    return places.size - 1
  })
  const sums = new Float64Array(places.size * columns.length)
  const sizes = new Float64Array(places.size)
  place.forEach((user, target) => {
    sizes[user] = (sizes[user] as number) + 1
    columns.forEach((values, column) => {
      const at = user * columns.length + column
      sums[at] = (sums[at] as number) + (values[target] as number)
    })
  })
  return { sums, sizes }
}
