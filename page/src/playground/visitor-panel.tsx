/** @file Who is looked at, and their history as a strip of pictures. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { ask } from '../api.ts'
import { count, date, fullTime } from '../format.ts'
import { Picture } from '../parts/picture.tsx'
import { Key } from '../parts/shares.tsx'
import { type Behavior, type Noun, oneOf, type Served } from '../words.ts'
import { PrivateFacts, PrivateSwitch } from './private-panel.tsx'
import { mostEvents } from './request.ts'
import { history, openAny, openNobody, openVisitor, pending, privateModel, shownHistory, visitor } from './state.ts'
import { stripOf } from './strip.ts'

/** How many events the strip shows. */
const stripLength = 30

interface PanelProps {
  readonly about: Served
  readonly behaviors: readonly Behavior[]
  readonly noun: Noun
}

/** The visitor, ways to pick another one, and the history. */
export function VisitorPanel({ about, behaviors, noun }: PanelProps) {
  const { id, state } = visitor.value
  return (
    <section class="panel" aria-labelledby="visitor">
      <header>
        <h2 id="visitor">{id === undefined ? (state === 'loading' ? 'Visitor' : 'New visitor') : `Visitor ${id}`}</h2>
        <p class="facts">{factsOf(behaviors, noun)}</p>
        {!privateModel.value && <Pick />}
        {about.retrieve && <PrivateSwitch />}
      </header>
      <PrivateFacts about={about} noun={noun} />
      <Strip behaviors={behaviors} noun={noun} />
    </section>
  )
}

/** `43 films viewed, 28 favorited · the last 30 are shown, newest first`. */
function factsOf(behaviors: readonly Behavior[], noun: Noun): string {
  const { state } = visitor.value
  if (state === 'loading') return 'Loading'
  if (state === 'unknown') return 'Not a visitor'
  if (state === 'failed') return 'The history cannot be read now'
  const events = shownHistory.value
  if (events.length === 0) return 'No history yet'
  const parts = behaviors
    .map(({ name, past }) => ({ past, times: events.filter(({ behavior }) => behavior === name).length }))
    .filter(({ times }) => times > 0)
    .map(({ past, times }, at) => `${count(times)}${at === 0 ? ` ${times === 1 ? noun.one : noun.many}` : ''} ${past}`)
  const most = events.length >= mostEvents ? `the last ${count(mostEvents)} events: ` : ''
  const shown = events.length > stripLength ? ` · the last ${stripLength} are shown, newest first` : ' · newest first'
  return `${most}${parts.join(', ')}${shown}`
}

function Pick() {
  const { id } = visitor.value
  const [text, setText] = useState(id ?? '')
  const [offered, setOffered] = useState<readonly string[]>([])
  useEffect(() => setText(id ?? ''), [id])
  useEffect(() => {
    const stop = new AbortController()
    const timer = setTimeout(() => {
      ask<{ users: readonly string[] }>(
        { path: `/v1/users?limit=10&prefix=${encodeURIComponent(text === id ? '' : text)}` },
        stop.signal,
      ).then(
        ({ users }) => setOffered(users),
        () => undefined,
      )
    }, 150)
    return () => {
      clearTimeout(timer)
      stop.abort()
    }
  }, [text, id])
  const submit = (event: Event): void => {
    event.preventDefault()
    const wanted = text.trim()
    if (wanted !== '' && wanted !== visitor.value.id) void openVisitor(wanted)
  }
  return (
    <form class="row pick" onSubmit={submit}>
      <label class="sr" for="pick">
        Visitor’s id
      </label>
      <input
        id="pick"
        value={text}
        size={12}
        list="visitors"
        autocomplete="off"
        spellcheck={false}
        placeholder="Visitor"
        onInput={({ currentTarget }) => {
          setText(currentTarget.value)
          // One that was picked from the offered ones is opened at once.
          if (
            offered.includes(currentTarget.value) &&
            currentTarget.value !== id &&
            text.length + 1 < currentTarget.value.length
          )
            void openVisitor(currentTarget.value)
        }}
      />
      <datalist id="visitors">
        {offered.map((user) => (
          <option key={user} value={user} />
        ))}
      </datalist>
      <button type="submit">Open</button>
      <button type="button" onClick={() => void openAny()}>
        Random visitor
      </button>
      <button type="button" class="quiet" onClick={() => void openNobody()}>
        New visitor
      </button>
    </form>
  )
}

function Strip({ behaviors, noun }: Omit<PanelProps, 'about'>) {
  const names = behaviors.map(({ name }) => name)
  const events = stripOf(shownHistory.value, names, stripLength)
  const strip = useRef<HTMLOListElement>(null)
  const newest = events[0]
  useEffect(() => {
    strip.current?.scrollTo({ left: 0 })
  }, [newest?.id, newest?.time])
  if (visitor.value.state === 'unknown') return null
  if (events.length === 0)
    return (
      <p class="body muted small">
        {visitor.value.state === 'new' ? `Act on ${oneOf(noun)} below to begin a history.` : '\u00a0'}
      </p>
    )
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <ol class="strip" tabIndex={0} ref={strip} aria-label="History, newest first">
      {events.map((event, at) => {
        const behavior = behaviors.find(({ name }) => name === event.behavior)
        const color = behavior?.color ?? 'view'
        const now = at === 0 && (pending.value !== undefined || (event.fresh && isRecent(event.time)))
        return (
          <li
            key={`${event.id} ${event.time ?? history.value.length - at} ${event.behavior}`}
            class={now ? 'now' : undefined}
            style={{ '--c': `var(--${color})` }}
          >
            <Picture id={event.id} title={event.title} has={event.picture} size="tile" />
            <span class="title" title={event.title || event.id}>
              {event.title || event.id}
            </span>
            <Key color={color}>{behavior?.did ?? event.behavior}</Key>
            {event.time !== undefined && (
              <time dateTime={new Date(event.time).toISOString()} title={fullTime(event.time)}>
                {now ? 'Just now' : date(event.time)}
              </time>
            )}
          </li>
        )
      })}
    </ol>
  )
}

const isRecent = (time: number | undefined): boolean => time !== undefined && Date.now() - time < 60_000
