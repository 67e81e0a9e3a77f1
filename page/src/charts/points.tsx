/** @file Points on a plane: their place at once, their drawing when echarts has come. */
import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { DrawnPoints } from './draw-map.ts'
import { useDrawing } from './drawing.ts'

/** What is drawn. */
export interface PointsFacts {
  /** x and y of each point. */
  readonly points: readonly number[]
  /** The token of each point's color. */
  readonly colors: readonly string[]
  /** Words on the map, and where they stand. */
  readonly labels: readonly { readonly said: string; readonly at: readonly [number, number] }[]
  readonly picked: number | undefined
}

interface PointsProps {
  readonly facts: PointsFacts
  /** What it shows, in a sentence. */
  readonly label: string
  readonly pick: (index: number) => void
  /** What stands beside the picked point. */
  readonly tip: ComponentChildren
}

/** How wide what stands beside a point is, in pixels. */
const tipWidth = 180

/** Points that can be pointed at; all of it is for the eyes, and must be told otherwise too. */
export function Points({ facts, label, pick, tip }: PointsProps) {
  const [at, setAt] = useState<readonly [number, number]>()
  const show = (): void => {
    drawn.current?.show(facts)
    setAt(facts.picked === undefined ? undefined : drawn.current?.at(facts.picked))
  }
  const latest = useRef(pick)
  latest.current = pick
  const { place, drawn, failed } = useDrawing<DrawnPoints>(
    async () => {
      const { drawPoints } = await import('./draw-map.ts')
      return (around: HTMLDivElement) => drawPoints(around, (index) => latest.current(index))
    },
    show,
    show,
  )
  useEffect(show, [facts])
  const width = place.current?.clientWidth ?? 0
  return (
    <figure class="map" role="img" aria-label={label}>
      {failed ? <p class="muted small">{label}</p> : <div ref={place} />}
      {at && (
        <div
          class="tip"
          aria-hidden="true"
          style={{ left: `${Math.max(0, Math.min(at[0] + 12, width - tipWidth))}px`, top: `${at[1] + 12}px` }}
        >
          {tip}
        </div>
      )}
    </figure>
  )
}
