/** @file A bar of shares, with its words under it. */
import { percent } from '../format.ts'

/** One part of a bar. */
export interface Share {
  readonly said: string
  /** Under the bar, where there is little room. */
  readonly short?: string
  /** The token of its color. */
  readonly color: string
  readonly share: number
}

/** Below this a share is neither drawn nor named: it would read 0%. */
const least = 0.004

/** What a bar shows: shares of all, those too small to name left out. */
export function shownShares(parts: readonly Share[]): Share[] {
  const total = parts.reduce((sum, { share }) => sum + share, 0)
  return total > 0
    ? parts.map((part) => ({ ...part, share: part.share / total })).filter(({ share }) => share > least)
    : []
}

/** A bar; a model that cannot tell says so, and so does one for which nothing stands out. */
export function ShareBar({
  parts,
  nothing,
}: {
  readonly parts: readonly Share[] | undefined
  readonly nothing: string
}) {
  if (!parts) return <Empty full said="This model cannot say more" />
  const shown = shownShares(parts)
  if (shown.length === 0) return <Empty said={nothing} />
  return (
    <>
      <div class="bar" role="img" aria-label={shown.map(({ said, share }) => `${said} ${percent(share)}`).join(', ')}>
        {shown.map(({ color, share, said }) => (
          <i key={said} style={{ flexGrow: share, '--c': `var(--${color})` }} />
        ))}
      </div>
      <p class="legend" aria-hidden="true">
        {shown.map(({ said, short = said, color, share }) => (
          <Key key={said} color={color}>
            {short} {percent(share)}
          </Key>
        ))}
      </p>
    </>
  )
}

const Empty = ({ said, full = false }: { readonly said: string; readonly full?: boolean }) => (
  <>
    <div class={full ? 'bar full' : 'bar'} aria-hidden="true" />
    <p class="legend">{said}</p>
  </>
)

/** A swatch with its word. */
export const Key = ({ color, children }: { readonly color: string; readonly children: preact.ComponentChildren }) => (
  <span class="key">
    <i style={{ '--c': `var(--${color})` }} />
    <span>{children}</span>
  </span>
)
