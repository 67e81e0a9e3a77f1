/** @file A chart: its size and words at once, its drawing when echarts has come. */
import { useEffect } from 'preact/hooks'
import type { Drawn } from './draw.ts'
import { useDrawing } from './drawing.ts'

/** How an axis reads. */
export interface Axis {
  readonly format?: (value: number) => string
  readonly fromZero?: boolean
  /** Where it begins and ends, and how far apart its marks are. */
  readonly ends?: readonly [number, number]
  readonly step?: number
  /** What stands before its value when one points at the chart: `Epoch`. */
  readonly name?: string
}
/** A line, and perhaps a point of it that is named. */
export interface Line {
  readonly name: string
  /** The token of its color. */
  readonly color: string
  readonly points: readonly (readonly [number, number])[]
  readonly mark?: { readonly at: readonly [number, number]; readonly said: string; readonly side?: 'right' }
}
/** What a chart shows. */
export interface ChartFacts {
  readonly x: Axis
  readonly y: Axis
  readonly lines: readonly Line[]
}

/** A chart. @param label what it shows, in a sentence: all that a screen reader has of it */
export function Chart({ facts, label }: { readonly facts: ChartFacts; readonly label: string }) {
  const { place, drawn, failed } = useDrawing<Drawn>(
    async () => (await import('./draw.ts')).draw,
    () => drawn.current?.show(facts),
  )
  useEffect(() => drawn.current?.show(facts), [facts])
  const empty = facts.lines.every(({ points }) => points.length === 0)
  return (
    <figure class="chart" role="img" aria-label={label}>
      {empty && <p class="muted small nothing">Nothing to show yet</p>}
      {failed ? <p class="muted small">{label}</p> : <div ref={place} />}
    </figure>
  )
}
