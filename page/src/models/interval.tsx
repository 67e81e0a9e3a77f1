/** @file A dot for what was measured, on a line where it would fall in 95 of 100 repeats. */
import type { IntervalFacts } from '../../../src/serve/run-facts.ts'

interface IntervalProps {
  readonly interval: IntervalFacts
  /** The ends of the axis, one for all rows. */
  readonly ends: readonly [number, number]
  readonly color: string
}

/** The drawing; the figures stand beside it as text. */
export function Interval({ interval: { mean, low = mean, high = mean }, ends: [from, to], color }: IntervalProps) {
  const at = (value: number): string => `${(100 * (Math.min(to, Math.max(from, value)) - from)) / (to - from || 1)}%`
  const width = `${(100 * (high - low)) / (to - from || 1)}%`
  return (
    <div class="interval" style={{ '--c': `var(--${color})` }} aria-hidden="true">
      {from < 0 && <i class="zero" style={{ left: at(0) }} />}
      <i style={{ left: at(low), width }} />
      <b style={{ left: at(mean) }} />
    </div>
  )
}

/** The ends of an interval as text, where it has any. */
export const Ends = ({
  interval: { low, high },
  print,
}: {
  readonly interval: IntervalFacts
  readonly print: (value: number) => string
}) =>
  low !== undefined && high !== undefined ? (
    <small>
      {print(low)} to {print(high)}
    </small>
  ) : null

/** Ends of an axis for intervals; 0 is on it. */
export function endsOf(all: readonly IntervalFacts[]): [number, number] {
  const values = all.flatMap(({ mean, low = mean, high = mean }) => [low, high])
  return [Math.min(0, ...values), Math.max(0, ...values) * 1.04]
}
