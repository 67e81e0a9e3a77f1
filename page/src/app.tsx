/** @file The frame of the page: the views beside it, what is served under them, and the view that is open. */
import type { ComponentType } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { needsKey, type ServiceProblem } from './api.ts'
import { age, capital, counted } from './format.ts'
import { KeyForm } from './parts/key-form.tsx'
import { Loading } from './parts/loading.tsx'
import { ForOperator, Notice } from './parts/notice.tsx'
import { Playground } from './playground/playground.tsx'
import { type View, view, views } from './route.ts'
import { askServed, served, servedProblem } from './served.ts'
import { DataView } from './views/data.tsx'
import { ModelsView } from './views/models.tsx'
import { OperationsView } from './views/operations.tsx'
import { nounOf, type Served } from './words.ts'

const icons: Readonly<Record<View, string>> = {
  playground: 'M2.5 3.5h4v9h-4zM9.5 3.5h4v4h-4zM9.5 10.5h4v2h-4z',
  models: 'M2.5 12.5 6 7.5l3 2.5 4.5-6.5',
  data: 'M2.5 4h11M2.5 8h11M2.5 12h6.5',
  map: 'M4 4.5h1M10 3.5h1M6.5 8.5h1M12 9.5h1M4.5 12.5h1M10.5 13h1',
  operations: 'M2 8.5h3l2-5 2.5 9 2-4H14',
}

/** The whole page. */
export function App() {
  useEffect(() => {
    void askServed()
    const timer = setInterval(() => void askServed(), 60_000)
    return () => clearInterval(timer)
  }, [])
  const open = view.value
  const main = useRef<HTMLElement>(null)
  const first = useRef(true)
  useEffect(() => {
    document.title = `${capital(open)} · siftrec`
    // Another view is another page for a screen reader; at the start the browser has read it already.
    if (!first.current) main.current?.focus()
    first.current = false
  }, [open])
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        Skip to content
      </a>
      <header class="side">
        <a class="brand" href="#/playground">
          siftrec
        </a>
        <nav aria-label="Views">
          {views.map((name) => (
            <a key={name} href={`#/${name}`} aria-current={name === open ? 'page' : undefined}>
              <svg viewBox="0 0 16 16" aria-hidden="true">
                <path d={icons[name]} />
              </svg>
              {capital(name)}
            </a>
          ))}
        </nav>
        {served.value && <ServedNow about={served.value} />}
      </header>
      <main id="main" tabIndex={-1} ref={main}>
        {needsKey.value && <KeyForm />}
        <Open view={open} />
      </main>
    </>
  )
}

function Open({ view }: { readonly view: View }) {
  const { value: about } = served
  // Operations must answer while nothing else does.
  if (view === 'operations') return <OperationsView />
  if (about && view === 'playground') return <Playground about={about} />
  if (about && view === 'models') return <ModelsView about={about} />
  if (about && view === 'map') return <LateMap about={about} />
  if (about) return <DataView about={about} />
  const { value: problem } = servedProblem
  return (
    <>
      <header class="head">
        <h1>{capital(view)}</h1>
      </header>
      {problem ? <Away problem={problem} /> : <Loading shape="cards" said="The model is being loaded." />}
    </>
  )
}

/** Loaded when it is first opened: most readers never need it. */
function LateMap({ about }: { readonly about: Served }) {
  const [Loaded, setLoaded] = useState<ComponentType<{ about: Served }>>()
  const [failed, setFailed] = useState(false)
  useEffect(() => {
    import('./views/map.tsx').then(
      ({ MapView }) => setLoaded(() => MapView),
      () => setFailed(true),
    )
  }, [])
  return (
    <>
      <header class="head">
        <h1>Map</h1>
      </header>
      {Loaded && <Loaded about={about} />}
      {failed && <Notice kind="bad" said="The map cannot be loaded now." />}
    </>
  )
}

const Away = ({ problem }: { readonly problem: ServiceProblem }) =>
  needsKey.value ? null : (
    <>
      <Notice kind="bad" said="The service does not answer." action={{ said: 'Try now', run: () => void askServed() }}>
        {problem.status === 0 ? 'It may be starting, or have stopped.' : problem.message}
      </Notice>
      <ForOperator problem={problem} />
    </>
  )

function ServedNow({ about }: { readonly about: Served }) {
  const run = about.retrieve ?? about.rank
  const noun = nounOf(about)
  return (
    <div class="served">
      <span class="row">
        <i class={servedProblem.value ? 'dot off' : 'dot'} />
        {servedProblem.value ? 'Not answering' : `Serving ${run?.name ?? about.dataset}`}
      </span>
      <span>
        {counted(about.users, 'visitor', 'visitors')}, {counted(about.items, noun.one, noun.many)}
      </span>
      {run && <span class="muted">Model is {age(Date.now() - run.trained)} old</span>}
    </div>
  )
}
