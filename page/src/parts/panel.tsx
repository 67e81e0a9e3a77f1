/** @file A panel with its heading and what it says. */
import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'

interface PanelProps {
  readonly title: string
  readonly said?: ComponentChildren
  readonly children: ComponentChildren
  /** Whether its content keeps the usual distance from the edge. */
  readonly padded?: boolean
}

/** A panel. */
export function Panel({ title, said, children, padded = true }: PanelProps) {
  const id = useId()
  return (
    <section class="panel" aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {said !== undefined && <p>{said}</p>}
      </header>
      {padded ? <div class="body">{children}</div> : children}
    </section>
  )
}

/** Figures in a row, each with its word and a note. */
export const Stats = ({
  all,
}: {
  readonly all: readonly { readonly value: string; readonly said: string; readonly note?: string }[]
}) => (
  <dl class="panel stats">
    {all.map(({ value, said, note }) => (
      <div key={said}>
        <dt>{said}</dt>
        <dd>{value}</dd>
        {note !== undefined && <dd class="note">{note}</dd>}
      </div>
    ))}
  </dl>
)
