/** @file The recommended items, what changed on the list, and what stands there when there is none. */
import { useEffect, useState } from 'preact/hooks'
import { clock, count, counted, latency } from '../format.ts'
import { Loading } from '../parts/loading.tsx'
import { ForOperator, Notice } from '../parts/notice.tsx'
import type { Behavior, Noun, Served } from '../words.ts'
import { Card } from './card.tsx'
import { requestText } from './request.ts'
import {
  changes,
  fields,
  filterBy,
  hidden,
  holdUndo,
  list,
  numbers,
  openAny,
  openVisitor,
  pageLength,
  privateModel,
  problem,
  refresh,
  retry,
  showMore,
  startTimer,
  told,
  top,
  visitor,
  waiting,
} from './state.ts'

interface ListProps {
  readonly about: Served
  readonly behaviors: readonly Behavior[]
  readonly noun: Noun
}

/** The list with its heading; errors and waiting replace the list and nothing else. */
export function List(props: ListProps) {
  const { value: shown } = list
  return (
    <section class="grid" aria-labelledby="recommended" aria-busy={waiting.value}>
      <div class="row">
        <h2 id="recommended">Recommended next</h2>
        {shown && <span class="muted small">{madeOf(shown.answer, shown.took, props)}</span>}
        {shown && <RequestLine />}
      </div>
      <Changed noun={props.noun} />
      <Body {...props} />
    </section>
  )
}

/** `9 of 9,082 films · answered in 6 ms`. */
function madeOf(
  { items, stages }: NonNullable<typeof list.value>['answer'],
  took: number,
  { about, noun }: ListProps,
): string {
  // What is retrieved is the list itself, or little more: it is told what it was chosen from.
  const retrieved = stages?.findIndex(({ stage }) => stage === 'retrieved') ?? -1
  const from = stages?.at(retrieved < 0 ? -1 : retrieved - 1)?.left ?? about.items
  const all = counted(Math.max(from, items.length), noun.one, noun.many)
  if (privateModel.value) return `${count(items.length)} of ${all} · made in this browser in ${latency(took / 1000)}`
  return `${count(items.length)} of ${all} · answered in ${latency(took / 1000)}`
}

function RequestLine() {
  const [copied, setCopied] = useState(false)
  const { value: shown } = list
  if (!shown?.request) return null
  const { request } = shown
  const text = requestText(request)
  const copy = (): void => {
    const whole = request.body === undefined ? text : `${text}\n${JSON.stringify(request.body)}`
    void navigator.clipboard?.writeText(whole).then(() => {
      setCopied(true)
      setTimeout(() => setCopied(false), 2000)
    })
  }
  return (
    <span class="row push api">
      <code title={text}>{text}</code>
      <button type="button" class="quiet" onClick={copy}>
        {copied ? 'Copied' : 'Copy'}
      </button>
    </span>
  )
}

function Changed({ noun }: { readonly noun: Noun }) {
  const { value: said } = told
  const { value: moved } = changes
  // A live region must be there before its words are.
  return (
    <div
      role="status"
      id="changed"
      class={said ? 'notice info' : 'sr'}
      onMouseEnter={holdUndo}
      onMouseLeave={startTimer}
    >
      {said && (
        <>
          <span>
            <b>{said.said}</b>{' '}
            {moved &&
              (moved.fresh + moved.up + moved.down > 0
                ? `${moved.fresh} ${moved.fresh === 1 ? `${noun.one} is` : `${noun.many} are`} new, ${moved.up} moved up, ${moved.down} moved down. `
                : 'The list stayed as it was. ')}
            {said.note}
          </span>
          {said.undo && (
            <button
              type="button"
              id="undo"
              onFocus={({ currentTarget }) => currentTarget.matches(':focus-visible') && holdUndo()}
              onBlur={startTimer}
              onClick={said.undo}
            >
              Undo
            </button>
          )}
        </>
      )}
    </div>
  )
}

function Body(props: ListProps) {
  const { noun } = props
  const { state, id = '' } = visitor.value
  const { value: shown } = list
  if (state === 'unknown') return <Unknown id={id} />
  if (problem.value)
    return (
      <>
        <Failed />
        {shown && (
          <>
            <p class="small muted">The list below is from {clock(shown.at)} and does not know what happened since.</p>
            <Cards {...props} stale />
          </>
        )}
      </>
    )
  if (!shown) return <Loading shape="cards" said="The model is being loaded." />
  if (shown.answer.items.length === 0) return <NothingLeft noun={noun} />
  return (
    <>
      {shown.answer.fallback && (
        <Notice
          kind="info"
          said={state === 'new' ? 'Nothing is known of this visitor yet.' : 'No event of this visitor can be read.'}
        >
          These are popular {noun.many} instead. The answer says <code>fallback: {shown.answer.fallback}</code>.
        </Notice>
      )}
      <Cards {...props} />
      {shown.answer.items.length >= top.value && (
        <div class="row">
          <button type="button" onClick={showMore}>
            Show {pageLength()} more
          </button>
        </div>
      )}
    </>
  )
}

function Cards({ stale = false, ...props }: ListProps & { readonly stale?: boolean }) {
  const { answer } = list.value as NonNullable<typeof list.value>
  return (
    <ol class={`cards${stale ? ' stale' : ''}${privateModel.value ? ' bare' : ''}`}>
      {answer.items.map((item, at) => (
        <Card
          key={item.id}
          {...props}
          item={item}
          rank={at + 1}
          mark={changes.value?.marks.get(item.id) ?? 0}
          reasons={answer.fallback === undefined && privateModel.value === undefined}
        />
      ))}
    </ol>
  )
}

const Unknown = ({ id }: { readonly id: string }) => (
  <>
    <Notice kind="warn" said={`There is no visitor ${id}.`}>
      Nothing is stored or prepared under this id.
    </Notice>
    <div class="row">
      <button type="button" class="primary" onClick={() => void openAny()}>
        Random visitor
      </button>
      <button type="button" onClick={() => void openVisitor(id, { create: true })}>
        Make {id} a new visitor
      </button>
    </div>
  </>
)

/** How long the page waits before it tries again by itself, in seconds. */
const retryAfter = 5

function Failed() {
  const { value: failure } = problem
  const [left, setLeft] = useState(retryAfter)
  const again = failure !== undefined && (failure.status === 503 || failure.status === 0)
  useEffect(() => {
    setLeft(retryAfter)
    if (!again) return undefined
    const timer = setInterval(() => {
      setLeft((seconds) => {
        if (seconds > 1) return seconds - 1
        void retry()
        return retryAfter
      })
    }, 1000)
    return () => clearInterval(timer)
  }, [failure, again])
  if (!failure) return null
  if (failure.code === 'unsupported')
    return (
      <Notice kind="info" said="What is served makes no such list.">
        {failure.message}
      </Notice>
    )
  const away = failure.status === 503
  return (
    <>
      <Notice
        kind="bad"
        said={
          away ? 'New events cannot be read right now.' : again ? 'The service does not answer.' : 'There is no list.'
        }
        action={{ said: again ? 'Try now' : 'Try again', run: () => void retry() }}
      >
        {away && 'The store does not answer. '}
        {again ? 'Nothing is lost; ' : failure.message}
        {/* Counted for the eyes only: a screen reader would read every second. */}
        {again && <span aria-hidden="true">trying again in {left} s.</span>}
        {again && <span class="sr">it is tried again every {retryAfter} seconds.</span>}
      </Notice>
      <ForOperator problem={failure} />
    </>
  )
}

function NothingLeft({ noun }: { readonly noun: Noun }) {
  const names = [
    ...Object.entries(fields.value).map(([name, value]) => ({
      said: `${name} is ${value}`,
      remove: () => filterBy({ fields: without(fields.value, name) }),
    })),
    ...Object.entries(numbers.value).map(([name, { from, to }]) => ({
      said: `${name} ${from === undefined ? '' : `from ${from}`} ${to === undefined ? '' : `to ${to}`}`.trim(),
      remove: () => filterBy({ numbers: without(numbers.value, name) }),
    })),
    ...(hidden.value.length > 0
      ? [
          {
            said: `${counted(hidden.value.length, noun.one, noun.many)} hidden`,
            remove: () => {
              hidden.value = []
              void refresh()
            },
          },
        ]
      : []),
  ]
  return (
    <>
      <p>
        <b>{names.length > 0 ? `No ${noun.one} passes the filters.` : `No ${noun.one} is left.`}</b>{' '}
        {names.length > 0
          ? names.map(({ said }) => `“${said}”`).join(' and ')
          : 'This visitor has had every one that may be recommended.'}
      </p>
      <div class="row">
        {names.map(({ said, remove }) => (
          <button type="button" key={said} onClick={remove}>
            Remove “{said}”
          </button>
        ))}
      </div>
    </>
  )
}

const without = <T,>(all: Readonly<Record<string, T>>, name: string): Record<string, T> =>
  Object.fromEntries(Object.entries(all).filter(([key]) => key !== name))
