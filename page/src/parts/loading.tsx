/** @file Waiting: nothing for a moment, then the shape of what comes, then a sentence. */
import { useEffect, useState } from 'preact/hooks'

/** Whether so many milliseconds have gone since the part appeared. */
function useAfter(milliseconds: number): boolean {
  const [gone, setGone] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setGone(true), milliseconds)
    return () => clearTimeout(timer)
  }, [milliseconds])
  return gone
}

/** Stands for what is on its way. @param shape `cards`, or `panels` for a view of tables and charts */
export function Loading({ shape, said }: { readonly shape: 'cards' | 'panels'; readonly said: string }) {
  const visible = useAfter(200)
  const long = useAfter(2000)
  if (!visible) return null
  return (
    <>
      <div class={shape === 'cards' ? 'cards' : 'grid'} aria-hidden="true">
        {Array.from({ length: shape === 'cards' ? 6 : 2 }, (_, at) => (
          <div class={shape === 'cards' ? 'card' : 'panel body'} key={at}>
            {shape === 'cards' && <span class="picture poster skeleton" />}
            <div class="skeleton-lines">
              <i class="skeleton" />
              <i class="skeleton" />
              <i class="skeleton" />
              <i class="skeleton" />
            </div>
          </div>
        ))}
      </div>
      <p class="small muted" role="status">
        {long ? `Still working. ${said}` : ''}
      </p>
    </>
  )
}
