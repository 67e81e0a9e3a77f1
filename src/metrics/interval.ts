/** @file A figure with its 95 % interval. */

/** A figure and the bounds of its 95 % interval. */
export interface Interval {
  readonly mean: number
  readonly low: number
  readonly high: number
}

/** Half the width of a 95 % interval of the normal distribution, in standard deviations: its 0.975 quantile. */
export const normal95 = 1.959963984540054
