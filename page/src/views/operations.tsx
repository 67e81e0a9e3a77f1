/** @file Operations: is it up, is it fast, does it know what just happened? From `/metrics`, read every two seconds. */
import { useEffect, useMemo, useState } from 'preact/hooks'
import { needsKey, problemOf, type ServiceProblem, send } from '../api.ts'
import { Chart, type ChartFacts, type Line } from '../charts/chart.tsx'
import { age, clock, count, counted, figure, fullTime, latency, percent } from '../format.ts'
import { happenedIn } from '../operations/happened.ts'
import { parseMetrics, type Sample, sumOf } from '../operations/metrics-text.ts'
import { type Between, between, type Reading, readingOf, routesOf } from '../operations/readings.ts'
import { Loading } from '../parts/loading.tsx'
import { Notice } from '../parts/notice.tsx'
import { Panel, Stats } from '../parts/panel.tsx'
import { Key } from '../parts/shares.tsx'
import { numeric, Table } from '../parts/table.tsx'
import { served } from '../served.ts'

/** How often metrics are read, in milliseconds, and how many readings are kept: five minutes. */
const every = 2000
const kept = 150

interface Known {
  readonly readings: readonly Reading[]
  readonly samples: readonly Sample[]
  readonly problem?: ServiceProblem
}

/** The view. */
export function OperationsView() {
  const known = useReadings()
  const { readings, problem } = known
  const last = readings.at(-1)
  return (
    <>
      <header class="head">
        <div>
          <h1>Operations</h1>
          <p>Is it up, is it fast, does it know what just happened?</p>
        </div>
      </header>
      {problem && !needsKey.value && (
        <Notice kind="bad" said={problem.status === 0 ? 'The service does not answer.' : 'The metrics cannot be read.'}>
          {problem.status === 0 ? 'It is asked again every two seconds.' : problem.message}
        </Notice>
      )}
      {last ? <Told known={known} /> : !problem && <Loading shape="panels" said="The service is being asked." />}
    </>
  )
}

function useReadings(): Known {
  const [known, setKnown] = useState<Known>({ readings: [], samples: [] })
  useEffect(() => {
    let left = false
    const read = async (): Promise<void> => {
      try {
        const samples = parseMetrics(await (await send({ path: '/metrics' })).text())
        if (!left)
          setKnown(({ readings }) => ({
            samples,
            readings: [...readings, readingOf(samples, Date.now())].slice(-kept),
          }))
      } catch (error) {
        if (!left) setKnown((before) => ({ ...before, problem: problemOf(error) }))
      }
    }
    void read()
    const timer = setInterval(() => void read(), every)
    return () => {
      left = true
      clearInterval(timer)
    }
  }, [])
  return known
}

function Told({ known: { readings, samples, problem } }: { readonly known: Known }) {
  const steps = readings.slice(1).map((reading, at) => between(readings[at] as Reading, reading))
  const [first, last] = [readings[0] as Reading, readings.at(-1) as Reading]
  // Before a second reading, what is told is of all the time that the service runs.
  const whole = readings.length > 1 ? between(first, last) : undefined
  return (
    <>
      {!problem && <Finding last={last} whole={whole} />}
      <Stats all={statsOf(last, whole, steps.at(-1))} />
      <Charts steps={steps} readings={readings} />
      <div class="grid wide-left">
        <WhatHappened readings={readings} />
        <Serving samples={samples} />
      </div>
      <Routes samples={samples} />
    </>
  )
}

function Finding({ last, whole }: { readonly last: Reading; readonly whole: Between | undefined }) {
  if (!last.storeUp)
    return (
      <Notice kind="bad" said="The store does not answer.">
        New events are refused with “try again”, and none are lost that were acknowledged.
      </Notice>
    )
  if (whole && whole.errors > 0)
    return (
      <Notice kind="warn" said={`${counted(whole.errors, 'request', 'requests')} failed since this view was opened.`}>
        The service’s log has each under its request id.
      </Notice>
    )
  return (
    <Notice kind="info" said="Working normally.">
      Requests are answered, and the store answers within {latency(last.storeSeconds)}.
    </Notice>
  )
}

const orNone = (value: number | undefined, print: (value: number) => string): string =>
  value === undefined ? '–' : print(value)

const rateText = (rate: number): string => `${rate < 10 ? figure(rate, 1) : count(rate)}/s`

function statsOf(last: Reading, whole: Between | undefined, step: Between | undefined) {
  const share = whole?.popularShare ?? (last.lists > 0 ? last.popular / last.lists : undefined)
  return [
    {
      value: orNone(step?.rate, rateText),
      said: 'requests',
      note: `${count(last.requests)} since it began`,
    },
    {
      value: orNone(whole?.most, latency),
      said: '99 of 100 answered within',
      note: `half within ${orNone(whole?.half, latency)}`,
    },
    {
      value: orNone(share, (value) => percent(value, 1)),
      said: 'popular items instead',
      note: 'visitors with no history',
    },
    {
      value: last.storeUp ? latency(last.storeSeconds) : 'away',
      said: 'until the store answers',
      note: `${counted(last.events, 'event', 'events')} stored`,
    },
    {
      value: count(whole?.errors ?? last.errors),
      said: 'errors',
      note: whole ? 'since this view was opened' : 'since it began',
    },
  ]
}

function Charts({ steps, readings }: { readonly steps: readonly Between[]; readonly readings: readonly Reading[] }) {
  const [first = 0, last = 0] = [readings[0]?.at, readings.at(-1)?.at]
  // A minute at first, then all that is kept.
  const ends: readonly [number, number] = [Math.min(first, last - 60_000), last]
  const charts = useMemo(() => {
    const lineOf = (name: string, color: string, value: (step: Between) => number | undefined): Line => ({
      name,
      color,
      points: steps.flatMap((step) => {
        const found = value(step)
        return found === undefined ? [] : [[step.at, found] as const]
      }),
    })
    const chart = (format: (value: number) => string, lines: readonly Line[]): ChartFacts => ({
      x: { format: clock, ends },
      y: { format, fromZero: true },
      lines,
    })
    return {
      rate: chart(rateText, [lineOf('Requests', 'text-2', ({ rate }) => rate)]),
      time: chart(latency, [
        lineOf('99 of 100', 'text', ({ most }) => most),
        lineOf('Half', 'line-strong', ({ half }) => half),
      ]),
      popular: chart(
        (value) => percent(value, 1),
        [lineOf('Popular instead', 'text-2', ({ popularShare }) => popularShare)],
      ),
      store: chart(latency, [
        { name: 'Store', color: 'text-2', points: readings.map(({ at, storeSeconds }) => [at, storeSeconds] as const) },
      ]),
    }
  }, [readings])
  const step = steps.at(-1)
  return (
    <div class="grid two">
      <Panel title="Requests" said="Per second, all routes but those that watch the service.">
        <Chart facts={charts.rate} label={`Requests per second, now ${orNone(step?.rate, rateText)}.`} />
      </Panel>
      <Panel
        title="Time to answer"
        said={
          <span class="row line-key">
            <Key color="text">99 of 100 within</Key>
            <Key color="line-strong">half within</Key>
          </span>
        }
      >
        <Chart
          facts={charts.time}
          label={`Time to answer: 99 of 100 within ${orNone(step?.most, latency)}, half within ${orNone(step?.half, latency)}.`}
        />
      </Panel>
      <Panel
        title="Popular items instead of a personal list"
        said={
          <>
            Share of lists that say <code>fallback: popular</code>.
          </>
        }
      >
        <Chart
          facts={charts.popular}
          label={`Share of lists of popular items, now ${orNone(step?.popularShare, percent)}.`}
        />
      </Panel>
      <Panel title="Store" said="How long it takes to answer.">
        <Chart
          facts={charts.store}
          label={`The store answers within ${latency(readings.at(-1)?.storeSeconds ?? 0)}.`}
        />
      </Panel>
    </div>
  )
}

const states = { Open: 'badge warn', Over: 'badge good', Done: 'badge good' } as const

const WhatHappened = ({ readings }: { readonly readings: readonly Reading[] }) => {
  const all = happenedIn(readings)
  return (
    <Panel title="What happened" said="While this view was open, five minutes at most." padded={false}>
      <ul class="findings">
        {all.map(({ at, what, note, state }) => (
          <li key={`${what} ${at}`}>
            <span class={states[state]}>{state}</span> <time title={fullTime(at)}>{clock(at)}</time> <b>{what}.</b>{' '}
            {note}
          </li>
        ))}
        {all.length === 0 && <li class="muted">Nothing but requests and answers.</li>}
      </ul>
    </Panel>
  )
}

const Routes = ({ samples }: { readonly samples: readonly Sample[] }) => (
  <Panel title="By route" said="Since the service began." padded={false}>
    <Table columns={['Route', ...['Requests', 'Half within', '99 of 100 within', 'Refused', 'Errors'].map(numeric)]}>
      {routesOf(samples).map(({ route, requests, half, most, refused, errors }) => (
        <tr key={route}>
          <th scope="row">
            <code>{route}</code>
          </th>
          <td class="number">{count(requests)}</td>
          <td class="number">{orNone(half, latency)}</td>
          <td class="number">{orNone(most, latency)}</td>
          <td class="number">{count(refused)}</td>
          <td class="number">{count(errors)}</td>
        </tr>
      ))}
    </Table>
  </Panel>
)

function Serving({ samples }: { readonly samples: readonly Sample[] }) {
  const { value: about } = served
  const memory = sumOf(samples, 'process_resident_memory_bytes')
  const runs = samples.filter(({ name }) => name === 'siftrec_model_age_seconds')
  const facts: (readonly [string, string])[] = [
    ...runs.map(
      ({ labels: { stage = '', run = '' }, value }) =>
        [stage === 'rank' ? 'Ranks' : 'Model', `${run}, ${age(1000 * value)} old`] as const,
    ),
    ...(about
      ? ([
          ['Dataset', about.dataset],
          ['Store', about.store],
        ] as const)
      : []),
    ['New events read for lists', count(sumOf(samples, 'siftrec_fresh_events_read_total'))],
    ...(memory > 0 ? ([['Memory', `${count(memory / 1e6)} MB`]] as const) : []),
  ]
  return (
    <Panel title="Serving">
      <dl class="facts">
        {facts.map(([name, value]) => (
          <OneFact key={name} name={name} value={value} />
        ))}
        <dt>For programs</dt>
        <dd>
          <a href="./metrics">/metrics</a> · <a href="./readyz">/readyz</a> · <a href="./docs">/docs</a>
        </dd>
      </dl>
    </Panel>
  )
}

const OneFact = ({ name, value }: { readonly name: string; readonly value: string }) => (
  <>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </>
)
