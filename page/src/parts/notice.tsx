/** @file What happened and what to do: its first half-sentence bold, then what it means, then one button. */
import type { ComponentChildren } from 'preact'
import type { ServiceProblem } from '../api.ts'

interface NoticeProps {
  readonly kind: 'info' | 'warn' | 'bad'
  readonly said: string
  readonly children?: ComponentChildren
  readonly action?: { readonly said: string; readonly run: () => void }
}

/** A notice. A bad one interrupts a screen reader. */
export const Notice = ({ kind, said, children, action }: NoticeProps) => (
  <div class={`notice ${kind}`} role={kind === 'bad' ? 'alert' : undefined}>
    <span>
      <b>{said}</b> {children}
    </span>
    {action && (
      <button type="button" onClick={action.run}>
        {action.said}
      </button>
    )}
  </div>
)

/** The code and the request's id, one click away. */
export const ForOperator = ({ problem }: { readonly problem: ServiceProblem }) => (
  <details class="small">
    <summary>For whoever runs the service</summary>
    <dl class="facts">
      <dt>Answer</dt>
      <dd>
        {problem.status === 0 ? 'none' : problem.status} · <code>{problem.code}</code>
      </dd>
      <dt>Said</dt>
      <dd>{problem.message}</dd>
      {problem.requestId !== undefined && (
        <>
          <dt>Request</dt>
          <dd>
            <code>{problem.requestId}</code>
          </dd>
        </>
      )}
    </dl>
  </details>
)
