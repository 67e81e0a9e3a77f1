/** @file Reads what `/metrics` says, in the text that Prometheus reads. */

/** One number with its labels. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const line = /^(?<name>[a-zA-Z_:][\w:]*)(?:\{(?<labels>.*)\})?\s+(?<value>\S+)/
const label = /(?<key>[a-zA-Z_]\w*)="(?<text>(?:[^"\\]|\\.)*)"/g

/** All samples of a text; comments and what is no sample are left out. */
export function parseMetrics(text: string): Sample[] {
  return text.split('\n').flatMap((row) => {
    const { name, labels = '', value = '' } = line.exec(row)?.groups ?? {}
    if (name === undefined || row.startsWith('#')) return []
    const pairs = Array.from(labels.matchAll(label), ({ groups }) => [
      groups?.['key'] ?? '',
      unescaped(groups?.['text'] ?? ''),
    ])
    return [{ name, labels: Object.fromEntries(pairs) as Record<string, string>, value: numberOf(value) }]
  })
}

const unescaped = (text: string): string =>
  text.replace(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter))

function numberOf(text: string): number {
  if (/^[+-]?inf/i.test(text)) return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  return Number(text)
}

/** A cumulative histogram: how many took at most so many seconds, by the bound. */
export type Histogram = ReadonlyMap<number, number>

/** The sum of all samples of a name that pass. */
export const sumOf = (
  samples: readonly Sample[],
  name: string,
  passes: (labels: Sample['labels']) => boolean = () => true,
): number =>
  samples.reduce((sum, sample) => (sample.name === name && passes(sample.labels) ? sum + sample.value : sum), 0)

/** The histogram of a name, of all label values that pass together. */
export function histogramOf(
  samples: readonly Sample[],
  name: string,
  passes: (labels: Sample['labels']) => boolean = () => true,
): Histogram {
  const bounds = new Map<number, number>()
  for (const { name: own, labels, value } of samples) {
    if (own !== `${name}_bucket` || !passes(labels)) continue
    const bound = numberOf(labels['le'] ?? '')
    bounds.set(bound, (bounds.get(bound) ?? 0) + value)
  }
  return new Map([...bounds].sort(([a], [b]) => a - b))
}

/** What came between two readings of a histogram; a service that began anew has counted from 0. */
export function histogramBetween(before: Histogram, after: Histogram): Histogram {
  const anew = [...after].some(([bound, value]) => value < (before.get(bound) ?? 0))
  return anew ? after : new Map([...after].map(([bound, value]) => [bound, value - (before.get(bound) ?? 0)]))
}

/** Within how many seconds this share was answered, evenly spread within a bucket; undefined where nothing was. */
export function quantileOf(histogram: Histogram, share: number): number | undefined {
  const bounds = [...histogram]
  const total = bounds.at(-1)?.[1] ?? 0
  if (total === 0) return undefined
  let [from, below] = [0, 0]
  for (const [bound, value] of bounds) {
    // Beyond the last bound nothing more is known.
    if (value >= share * total)
      return Number.isFinite(bound) ? from + ((bound - from) * (share * total - below)) / (value - below || 1) : from
    ;[from, below] = [bound, value]
  }
  return from
}
