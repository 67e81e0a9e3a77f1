/** @file Quantiles of a list of numbers. */

/** The shares that quantiles are told at. */
const toldShares = [0, 0.1, 0.25, 0.5, 0.75, 0.9, 1] as const

/** The values that these shares of the numbers do not exceed; null where there are no numbers. */
export interface Quantiles {
  readonly least: number
  readonly p10: number
  readonly p25: number
  readonly median: number
  readonly p75: number
  readonly p90: number
  readonly most: number
}

/** The quantiles of numbers, each one of them; null of none. */
export function quantilesOf(numbers: Float64Array): Quantiles | null {
  if (numbers.length === 0) return null
  const sorted = numbers.toSorted()
  const [least, p10, p25, median, p75, p90, most] = toldShares.map((share) => at(sorted, share)) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  return { least, p10, p25, median, p75, p90, most }
}

/** `points` values at equal shares, least first, for a plot. */
export function curveOf(numbers: Float64Array, points = 50): { share: number; value: number }[] {
  if (numbers.length === 0) return []
  const sorted = numbers.toSorted()
  return Array.from({ length: points + 1 }, (_, step) => ({ share: step / points, value: at(sorted, step / points) }))
}

const at = (sorted: Float64Array, share: number): number => sorted[Math.floor(share * (sorted.length - 1))] as number
