/** @file What echarts draws in a place of the page: its code comes late, and it follows the size and the scheme. */
import type { RefObject } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

/** What was drawn. */
interface Drawing {
  resize(): void
  dispose(): void
}

/** A place to draw in. */
interface DrawnPlace<One> {
  readonly place: RefObject<HTMLDivElement | null>
  /** Undefined until its code has come. */
  readonly drawn: RefObject<One | null>
  /** Whether its code could not be fetched. */
  readonly failed: boolean
}

/**
 * Draws once the code is there.
 * @param load brings the code, and makes what is drawn
 * @param show draws what is to be seen now: at first, and in the other scheme
 * @param resized what comes after it has followed the size of its place
 */
export function useDrawing<One extends Drawing>(
  load: () => Promise<(place: HTMLDivElement) => One>,
  show: () => void,
  resized?: () => void,
): DrawnPlace<One> {
  const place = useRef<HTMLDivElement>(null)
  const drawn = useRef<One>(null)
  const [failed, setFailed] = useState(false)
  const latest = useRef({ show, resized })
  latest.current = { show, resized }
  useEffect(() => {
    let left = false
    const scheme = matchMedia('(prefers-color-scheme: dark)')
    const again = (): void => latest.current.show()
    const size = new ResizeObserver(() => {
      drawn.current?.resize()
      latest.current.resized?.()
    })
    void load().then(
      (draw) => {
        if (left || !place.current) return
        drawn.current = draw(place.current)
        again()
        size.observe(place.current)
        scheme.addEventListener('change', again)
      },
      () => setFailed(true),
    )
    return () => {
      left = true
      size.disconnect()
      scheme.removeEventListener('change', again)
      drawn.current?.dispose()
      drawn.current = null
    }
  }, [])
  return { place, drawn, failed }
}
