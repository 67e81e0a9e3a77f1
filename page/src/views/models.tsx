/** @file Models: which run is best, whether the difference is real, and whether the best one is served. */
import { useState } from 'preact/hooks'
import type { EvaluationFacts, RunFacts, RunsAnswer } from '../../../src/serve/run-facts.ts'
import { capital, counted, date, figure, percent, signed } from '../format.ts'
import { Ends, endsOf, Interval } from '../models/interval.tsx'
import { RunTable } from '../models/run-table.tsx'
import { TrainingCharts } from '../models/training-charts.tsx'
import { betterThan, differencesOf, rowsOf, titleIn, verdictOf } from '../models/verdict.ts'
import { Asked } from '../parts/asked.tsx'
import { Notice } from '../parts/notice.tsx'
import { Panel } from '../parts/panel.tsx'
import { numeric, Table } from '../parts/table.tsx'
import type { Served } from '../words.ts'

/** The view. */
export const ModelsView = ({ about }: { readonly about: Served }) => (
  <>
    <header class="head">
      <div>
        <h1>Models</h1>
        <p>What was trained, how good it is on events it never saw, and which one visitors get.</p>
      </div>
    </header>
    <Asked<RunsAnswer>
      path="/v1/runs"
      waiting="Runs are being read."
      missing="This service does not tell which runs lie beside the one it serves."
    >
      {(answer) => <Runs answer={answer} about={about} />}
    </Asked>
  </>
)

/** How many runs there is a color for. */
const mostDrawn = 3

function Runs({ answer: { runs, evaluations }, about }: { readonly answer: RunsAnswer; readonly about: Served }) {
  const served = [about.retrieve?.name, about.rank?.name].filter((name) => name !== undefined)
  const [at, setAt] = useState(0)
  const evaluation = evaluations[at]
  const rows = rowsOf(runs, evaluation)
  const trained = rows.filter(({ run }) => run.epochs.length > 0).map(({ run }) => run.name)
  const [drawn, setDrawn] = useState(() =>
    [...trained].sort((a, b) => Number(served.includes(b)) - Number(served.includes(a))).slice(0, 2),
  )
  const shown = runs.filter(({ name }) => drawn.includes(name))
  const own = runs.find(({ name }) => name === served[0]) ?? runs[0]
  if (!own) return <Notice kind="info" said="No run lies here." />
  return (
    <>
      <Finding evaluation={evaluation} served={own} />
      {evaluations.length > 1 && (
        <label class="field">
          Measured by
          <select value={at} onChange={({ currentTarget }) => setAt(Number(currentTarget.value))}>
            {evaluations.map(({ file, written }, place) => (
              <option key={file} value={place}>
                {file} · {date(written)}
              </option>
            ))}
          </select>
        </label>
      )}
      <RunTable
        rows={rows}
        served={served}
        {...(evaluation && { evaluation })}
        drawn={drawn}
        draw={(name, on) => setDrawn(on ? [...drawn, name].slice(-mostDrawn) : drawn.filter((one) => one !== name))}
      />
      <TrainingCharts runs={[...shown].sort((a, b) => drawn.indexOf(a.name) - drawn.indexOf(b.name))} />
      {evaluation && <Differences evaluation={evaluation} served={own} />}
      <Made runs={runs} first={own} />
    </>
  )
}

/** What the figures come to, in a sentence. */
function Finding({
  evaluation,
  served,
}: {
  readonly evaluation: EvaluationFacts | undefined
  readonly served: RunFacts
}) {
  if (!evaluation)
    return (
      <Notice kind="info" said="Nothing was measured yet.">
        <code>siftrec evaluate {served.name} --out test.json</code>, run in the folder of the runs, puts figures here.
      </Notice>
    )
  const measured = evaluation.runs.find(({ run }) => run === served.name)
  if (!measured)
    return (
      <Notice kind="info" said="The model being served was not measured.">
        {evaluation.file} has {counted(evaluation.runs.length, 'other', 'others')}.
      </Notice>
    )
  const better = betterThan(evaluation, measured)
  const others = evaluation.runs.length - 1
  if (!better)
    return (
      <Notice
        kind="info"
        said={others === 0 ? 'One model was measured.' : 'No other model here is shown to be better.'}
      >
        {others > 0 &&
          `${capital(served.title)} is served, and nothing else here is better by more than chance explains.`}
      </Notice>
    )
  const key = 'hr@10'
  const [theirs, ours] = [better.run.figures[key], measured.figures[key]]
  const title = capital(better.run.title)
  return (
    <Notice kind="warn" said="The model being served is not the best one here.">
      {theirs && ours && theirs.mean > ours.mean
        ? `${title} finds the right item more often on this data: for ${percent(theirs.mean, 1)} against ` +
          `${percent(ours.mean, 1)} of visitors. Its `
        : `${title}’s `}
      {better.by.metric} is {figure(-better.by.interval.mean)} higher for the same visitors, more than chance explains.
    </Notice>
  )
}

const colors = { better: 'good', worse: 'bad', 'no difference shown': 'series-3' } as const

function Differences({ evaluation, served }: { readonly evaluation: EvaluationFacts; readonly served: RunFacts }) {
  const measured = evaluation.runs.find(({ run }) => run === served.name)
  const all = measured ? differencesOf(evaluation, measured.name) : []
  if (all.length === 0) return null
  const [low, high] = endsOf(all.map(({ interval }) => interval))
  const far = Math.max(-low, high)
  return (
    <Panel
      title={`${capital(served.title)} against the others`}
      said={`Difference in ${all[0]?.metric} for the same visitors. A line that crosses 0 shows no difference.`}
      padded={false}
    >
      <Table columns={['Against', 'It is', `${figure(-far)} to ${signed(far)}`, numeric('Difference')]}>
        {all.map(({ other, interval }) => (
          <tr key={other}>
            <th scope="row">{capital(titleIn(evaluation, other))}</th>
            <td>{verdictOf(interval)}</td>
            <td class="drawn">
              <Interval interval={interval} ends={[-far, far]} color={colors[verdictOf(interval)]} />
            </td>
            <td class="number">
              {signed(interval.mean)}
              <Ends interval={interval} print={signed} />
            </td>
          </tr>
        ))}
      </Table>
    </Panel>
  )
}

function Made({ runs, first }: { readonly runs: readonly RunFacts[]; readonly first: RunFacts }) {
  const [name, setName] = useState(first.name)
  const run = runs.find((one) => one.name === name) ?? first
  const options = Object.entries<unknown>({ model: run.title, ...run.config, ...run.training, ...run.split })
  return (
    <Panel title={`How ${run.name} was made`}>
      <label class="field">
        Run
        <select value={name} onChange={({ currentTarget }) => setName(currentTarget.value)}>
          {runs.map((one) => (
            <option key={one.name}>{one.name}</option>
          ))}
        </select>
      </label>
      <dl class="made">
        {options.map(([option, value]) => (
          <div key={option}>
            <dt>{option}</dt>
            <dd>{typeof value === 'string' ? value : JSON.stringify(value)}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  )
}
