/** @file The runs, the best first, each with what was measured on one common axis. */
import { useState } from 'preact/hooks'
import type { EvaluationFacts, IntervalFacts, RunFacts } from '../../../src/serve/run-facts.ts'
import { ask, problemOf } from '../api.ts'
import { capital, count, counted, date, figure, percent } from '../format.ts'
import { Panel } from '../parts/panel.tsx'
import { numeric, Table } from '../parts/table.tsx'
import { askServed, served as servedNow } from '../served.ts'
import type { Served } from '../words.ts'
import { Ends, endsOf, Interval } from './interval.tsx'
import { mainFigure, printedKey, type Row } from './verdict.ts'

interface RunTableProps {
  readonly rows: readonly Row[]
  /** Names of the runs that are served. */
  readonly served: readonly string[]
  readonly evaluation?: EvaluationFacts
  /** Names of the runs whose training is drawn, in the order of their colors. */
  readonly drawn: readonly string[]
  readonly draw: (name: string, on: boolean) => void
}

/** The token of a drawn run's color. */
const colorOf = (drawn: readonly string[], name: string): string =>
  drawn.includes(name) ? `series-${drawn.indexOf(name) + 1}` : 'series-3'

/** The table. */
export function RunTable({ rows, served, evaluation, drawn, draw }: RunTableProps) {
  const key = evaluation && mainFigure(evaluation)
  const intervals = rows.flatMap(({ measured }) => (key && measured?.figures[key]) || [])
  const ends = endsOf(intervals)
  const top = 'hr@10'
  const hasTop = evaluation?.runs.some(({ figures }) => figures[top]) ?? false
  const said = evaluation
    ? `Sorted by quality on ${count(evaluation.runs[0]?.users ?? 0)} ${evaluation.part} visitors. ` +
      'A dot is the measured value, the line is where it would fall in 95 of 100 repeats.'
    : 'On the same data as the one that is served.'
  return (
    <Panel title="Runs" said={said} padded={false}>
      <Table
        columns={[
          'Draw',
          'Model',
          ...(key
            ? [`${printedKey(key)} ${figure(ends[0], 2)} to ${figure(ends[1], 2)}`, numeric(printedKey(key))]
            : []),
          ...(hasTop ? [{ said: 'Right item in top 10', number: true, title: 'HR@10' } as const] : []),
          'Training',
          { said: <span class="sr">Serve</span> },
        ]}
      >
        {rows.map(({ run, measured }) => {
          const main = key ? measured?.figures[key] : undefined
          return (
            <tr key={run.name}>
              <td>
                {run.epochs.length > 0 && (
                  <input
                    type="checkbox"
                    aria-label={`Draw the training of ${run.name}`}
                    checked={drawn.includes(run.name)}
                    onChange={({ currentTarget }) => draw(run.name, currentTarget.checked)}
                  />
                )}
              </td>
              <th scope="row">
                {capital(run.title)} {served.includes(run.name) && <span class="badge good">Serving</span>}
                <small>{run.name}</small>
              </th>
              {key && (
                <td class="drawn">
                  {main && <Interval interval={main} ends={ends} color={colorOf(drawn, run.name)} />}
                </td>
              )}
              {key && <Measured interval={main} print={figure} />}
              {hasTop && <Measured interval={measured?.figures[top]} print={(value) => percent(value, 1)} />}
              <td>
                {trainingText(run)}
                {run.trained !== undefined && <small>{date(run.trained)}</small>}
              </td>
              <td class="number">
                {!served.includes(run.name) && run.trained !== undefined && (
                  <ServeButton name={run.name} model={run.title} />
                )}
              </td>
            </tr>
          )
        })}
      </Table>
    </Panel>
  )
}

function trainingText({ training, epochs: { length: epochs }, best }: RunFacts): string {
  if (epochs === 0) return training ? 'no epoch ended yet' : 'no training'
  const all = counted(epochs, 'epoch', 'epochs')
  return best === undefined || best === epochs ? all : `${all}, best ${best}`
}

const Measured = ({
  interval,
  print,
}: {
  readonly interval: IntervalFacts | undefined
  readonly print: (value: number) => string
}) => (
  <td class="number">
    {interval ? <b>{print(interval.mean)}</b> : <span class="muted">not measured</span>}
    {interval && <Ends interval={interval} print={print} />}
  </td>
)

/** Puts a run in place of the served one. It asks once; the service probes the run before it swaps. */
function ServeButton({ name, model }: { readonly name: string; readonly model: string }) {
  const [state, setState] = useState<'idle' | 'asked' | 'swapping' | { readonly failed: string }>('idle')
  const serve = async (): Promise<void> => {
    setState('swapping')
    try {
      // A model of clicks ranks what another retrieves; the stage that is served is the one that is replaced.
      const stage = servedNow.value?.retrieve ? 'retrieve' : 'rank'
      await ask<Served>({ path: '/v1/admin/reload', body: { [stage]: name } })
      await askServed()
      setState('idle')
    } catch (error) {
      setState({ failed: problemOf(error).message })
    }
  }
  if (state === 'swapping') return <span role="status">Opening, probing and swapping</span>
  if (state === 'asked')
    return (
      <span class="row">
        <button type="button" class="primary" onClick={() => void serve()}>
          Serve {model} now
        </button>
        <button type="button" class="quiet" onClick={() => setState('idle')}>
          Keep
        </button>
      </span>
    )
  return (
    <>
      <button type="button" aria-label={`Serve ${name}`} onClick={() => setState('asked')}>
        Serve
      </button>
      {typeof state === 'object' && <small role="alert">Not swapped: {state.failed}</small>}
    </>
  )
}
