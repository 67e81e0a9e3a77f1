/** @file The switch of private mode, and what it says of itself. */
import { megabytes } from '../format.ts'
import { ForOperator, Notice } from '../parts/notice.tsx'
import type { Noun, Served } from '../words.ts'
import { enterPrivate, leavePrivate, loading, refusal, sameness } from './private-mode.ts'
import { privateModel, visitor } from './state.ts'

/** The switch, with its badge. */
export function PrivateSwitch() {
  const on = privateModel.value !== undefined
  const { state } = visitor.value
  if (!on && state !== 'known' && state !== 'new') return null
  return (
    <span class="row private">
      <button
        type="button"
        class="switch"
        role="switch"
        aria-checked={on}
        disabled={loading.value !== undefined}
        onClick={() => void (on ? leavePrivate() : enterPrivate())}
      >
        <i aria-hidden="true" />
        Private mode
      </button>
      {on && <span class="badge good">Nothing is sent</span>}
    </span>
  )
}

/** What is loaded, how far that is, or why it cannot be. */
export function PrivateFacts({ about, noun }: { readonly about: Served; readonly noun: Noun }) {
  if (refusal.value)
    return (
      <div class="body">
        <Notice kind="info" said="This model cannot rank in a browser.">
          {refusal.value.message}
        </Notice>
        <ForOperator problem={refusal.value} />
      </div>
    )
  if (loading.value) {
    const { done, all } = loading.value
    return (
      <div class="body">
        <label class="small">
          {all === 0
            ? 'The model is being prepared.'
            : `The model is loaded: ${megabytes(done)} of ${megabytes(all)}. `}
          <progress max={Math.max(all, 1)} value={done} />
        </label>
      </div>
    )
  }
  const { value: model } = privateModel
  if (!model) return null
  return (
    <p class="body small">
      The model ({megabytes(model.bytes)}) was loaded once. What you do stays in this tab, and is gone when you leave
      this view. {sameSaid(about, noun)} No reasons are given here, and no picture is fetched: asking for one would tell
      what is on the list.
    </p>
  )
}

/** How the list compares with the service's. */
function sameSaid({ rank }: Served, noun: Noun): string {
  const { value: same } = sameness
  if (!same) return ''
  const { shared, of, difference } = same
  if (rank !== undefined)
    return `${shared} of ${of} ${noun.many} are those of the service, which orders them by a second model.`
  if (difference === undefined) return `${shared} of ${of} ${noun.many} are those of the service.`
  const largest = difference === 0 ? 'no difference in score' : `largest difference in score ${small(difference)}`
  return `Same ${of} ${noun.many} as the service, ${largest}.`
}

/** A small number without an exponent: `0.000004`. */
function small(value: number): string {
  const rounded = Number(value.toPrecision(1))
  return rounded.toFixed(Math.min(12, Math.max(3, -Math.floor(Math.log10(rounded)))))
}
