/** @file Points on a plane: their place at once, their drawing when echarts has come. */
import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { DrawnPoints } from './draw-map.ts'

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
  const place = useRef<HTMLDivElement>(null)
  const drawn = useRef<DrawnPoints>(undefined)
  const latest = useRef({ facts, pick })
  const [at, setAt] = useState<readonly [number, number]>()
  const [failed, setFailed] = useState(false)
  latest.current = { facts, pick }
  const show = (): void => {
    const { facts: now } = latest.current
    drawn.current?.show(now)
    setAt(now.picked === undefined ? undefined : drawn.current?.at(now.picked))
  }
  useEffect(() => {
    let left = false
    const scheme = matchMedia('(prefers-color-scheme: dark)')
    const size = new ResizeObserver(() => {
      drawn.current?.resize()
      show()
    })
    void import('./draw-map.ts').then(
      ({ drawPoints }) => {
        if (left || !place.current) return
        drawn.current = drawPoints(place.current, (index) => latest.current.pick(index))
        show()
        size.observe(place.current)
        scheme.addEventListener('change', show)
      },
      () => setFailed(true),
    )
    return () => {
      left = true
      size.disconnect()
      scheme.removeEventListener('change', show)
      drawn.current?.dispose()
      drawn.current = undefined
    }
  }, [])
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
