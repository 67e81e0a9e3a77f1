/** @file What speaks for and against a suspect, by what it is compared by. */

/** What each source adds to a fit: the parts of its signals, which are named `source, context`, together. */
export function sourceParts(names: readonly string[], parts: Float64Array): Record<string, Float64Array> {
  const sources = [...new Set(names.map(sourceOf))]
  return Object.fromEntries(
    sources.map((source) => [
      source,
      Float64Array.from({ length: parts.length / names.length }, (_, row) =>
        names.reduce(
          (sum, name, at) => (sourceOf(name) === source ? sum + (parts[row * names.length + at] as number) : sum),
          0,
        ),
      ),
    ]),
  )
}

/** The source of a signal's name. */
export const sourceOf = (name: string): string => name.split(',')[0] as string

/** Tells the share of some values that are below one. */
export function fittingLess(values: Float64Array): (value: number) => number {
  const sorted = values.toSorted()
  return (value) => {
    let [low, high] = [0, sorted.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sorted[middle] as number) < value) low = middle + 1
      else high = middle
    }
    return low / Math.max(1, sorted.length)
  }
}
