/** @file Data: what can be learned from the log, what can be tested with it, and what is wrong with it. */
import { useMemo } from 'preact/hooks'
import type { Coverage } from '../../../src/describe/coverage.ts'
import type { Description } from '../../../src/describe/description.ts'
import { Chart, type ChartFacts } from '../charts/chart.tsx'
import { age, capital, count, counted, date, fieldName, percent, sentence } from '../format.ts'
import { Asked } from '../parts/asked.tsx'
import { Panel, Stats } from '../parts/panel.tsx'
import { Key } from '../parts/shares.tsx'
import { numeric, Table } from '../parts/table.tsx'
import { behaviorsOf, type Noun, nounOf, type Served } from '../words.ts'

/** The view. */
export const DataView = ({ about }: { readonly about: Served }) => (
  <>
    <header class="head">
      <div>
        <h1>Data</h1>
        <p>What was prepared, and what of it a model can learn from and be tested on.</p>
      </div>
    </header>
    <Asked<Description>
      path="/v1/data"
      waiting="The log is being described."
      missing="This service does not describe its data."
    >
      {(facts) => <Described facts={facts} noun={nounOf(about)} />}
    </Asked>
  </>
)

interface FactsProps {
  readonly facts: Description
  readonly noun: Noun
}

const Described = ({ facts, noun }: FactsProps) => (
  <>
    <Stats all={statsOf(facts, noun)} />
    <div class="grid wide-left">
      <Targets facts={facts} noun={noun} />
      <Findings findings={facts.findings} />
    </div>
    <Known facts={facts} noun={noun} />
    <Shapes facts={facts} noun={noun} />
    {facts.questions.length > 0 && <Questions questions={facts.questions} target={facts.targets.behavior} />}
  </>
)

function statsOf({ users, items, events, behaviors, log, name }: Description, noun: Noun) {
  const { lengths, cold, period, gaps } = log
  return [
    {
      value: count(users),
      said: users === 1 ? 'visitor' : 'visitors',
      note: lengths
        ? `${count(lengths.least)} to ${count(lengths.most)} events each, half up to ${count(lengths.median)}`
        : name,
    },
    {
      value: count(items),
      said: items === 1 ? noun.one : noun.many,
      note: cold.withoutEvents > 0 ? `${count(cold.withoutEvents)} have no event` : 'every one has an event',
    },
    {
      value: count(events),
      said: 'events',
      note: period ? `${date(period.from)} to ${date(period.to)}` : 'in an order, without times',
    },
    ...behaviorsOf(Object.keys(behaviors)).map(({ name: behavior, did }) => ({
      value: count(behaviors[behavior] ?? 0),
      said: did.toLowerCase(),
      note: `${percent((behaviors[behavior] ?? 0) / Math.max(1, events))} of the events`,
    })),
    ...(gaps
      ? [
          {
            value: age(1000 * gaps.median),
            said: 'until the next event',
            note: 'half come within that',
          },
        ]
      : []),
  ]
}

/** What becomes of the events that a model is to predict. */
function Targets({ facts: { targets }, noun }: FactsProps) {
  const { behavior, events, rankable, repeated, touched, emptyHistories, withTarget, firstTied } = targets
  const parts = [
    { said: 'can be ranked', note: `the ${noun.one} is a candidate`, value: rankable, color: 'good' },
    {
      said: 'cannot: touched before',
      note: 'another behavior came first, and candidates are unseen ones',
      value: touched,
      color: 'warn-fill',
    },
    {
      said: 'cannot: the same again',
      note: `the visitor had a ${behavior} of it before`,
      value: repeated,
      color: 'series-3',
    },
  ].filter(({ value }) => value > 0)
  return (
    <Panel title="What can be tested" said={`The ${count(events)} ${behavior} events are what a model must find.`}>
      <div class="lines">
        <div class="split" role="img" aria-label={parts.map(({ said, value }) => `${count(value)} ${said}`).join(', ')}>
          {parts.map(({ said, value, color }) => (
            <i key={said} style={{ flexGrow: value, '--c': `var(--${color})` }} />
          ))}
        </div>
        {parts.map(({ said, value, note, color }) => (
          <Key key={said} color={color}>
            <b>{count(value)}</b> {said} <span class="small muted">{note}</span>
          </Key>
        ))}
        {emptyHistories > 0 && (
          <p>
            <b>{count(emptyHistories)} of those have no earlier event.</b> A model can only guess them.
          </p>
        )}
        {firstTied > 0 && (
          <p>
            <b>
              {count(firstTied)} of {counted(withTarget, 'visitor', 'visitors')} begin with a tie.
            </b>{' '}
            Their first {behavior} has the time of everything before it, so nothing of that is its input.
          </p>
        )}
      </div>
      <HeldOut heldOut={targets.heldOut} />
    </Panel>
  )
}

const HeldOut = ({ heldOut }: { readonly heldOut: Description['targets']['heldOut'] }) => (
  <Table columns={['Split', numeric('Validation'), numeric('Test'), numeric('Without history')]}>
    {Object.entries(heldOut).map(([protocol, { validation, test, emptyHistories }]) => (
      <tr key={protocol}>
        <th scope="row">{protocol}</th>
        <td class="number">{count(validation)}</td>
        <td class="number">{count(test)}</td>
        <td class="number">{count(emptyHistories)}</td>
      </tr>
    ))}
  </Table>
)

const Findings = ({ findings }: { readonly findings: readonly string[] }) => (
  <Panel title="Worth knowing" padded={false}>
    <ul class="findings">
      {findings.map((finding) => (
        <li key={finding}>
          <span class="badge warn">Look</span> {sentence(finding)}
        </li>
      ))}
      {findings.length === 0 && (
        <li>
          <span class="badge good">Clean</span> Nothing stands out.
        </li>
      )}
    </ul>
  </Panel>
)

/** What is known of the items, a row for each kind of content. */
function Known({ facts: { coverage, items, events, log }, noun }: FactsProps) {
  const chosen = items - log.cold.withoutEvents
  const rows = [
    {
      said: 'Others’ choices',
      color: 'together',
      items: chosen,
      note: `${count(chosen)} were touched at least once`,
    },
    ...coverage.map((one) => ({ ...wordsOf(one), items: one.items, note: noteOf(one, events) })),
  ]
  return (
    <Panel
      title={`What is known of the ${noun.many}`}
      said={`Of ${counted(items, noun.one, noun.many)}, and of the ${count(events)} events.`}
      padded={false}
    >
      <Table columns={['What', `${capital(noun.many)} that have it`, numeric('Share'), 'Note']}>
        {rows.map(({ said, color, items: having, note }) => (
          <tr key={said}>
            <th scope="row">
              <Key color={color}>{said}</Key>
            </th>
            <td class="drawn">
              <div class="meter" aria-hidden="true">
                <i style={{ width: `${(100 * having) / Math.max(1, items)}%`, '--c': `var(--${color})` }} />
              </div>
            </td>
            <td class="number">
              <b>{percent(having / Math.max(1, items), 1)}</b>
            </td>
            <td class="muted">{note}</td>
          </tr>
        ))}
      </Table>
    </Panel>
  )
}

function wordsOf({ name, kind }: Coverage): { said: string; color: string } {
  if (kind === 'title') return { said: 'Title', color: 'title' }
  if (kind === 'vectors')
    return name === 'image'
      ? { said: 'Picture, as a vector', color: 'picture' }
      : { said: 'Text, as a vector', color: 'title' }
  return { said: fieldName(name), color: 'series-3' }
}

const noteOf = ({ items, events }: Coverage, all: number): string =>
  items === 0 ? 'none has it' : `on ${percent(events / Math.max(1, all), 1)} of the events`

function Shapes({ facts, noun }: FactsProps) {
  const { lengthCurve, popularity } = facts.log
  const [lengths, popular] = useMemo(() => [lengthsOf(lengthCurve), popularOf(facts.log, noun)], [facts])
  return (
    <div class="grid two">
      <Panel title="Events per visitor" said="Share of visitors who have at most so many events.">
        <Chart
          facts={lengths}
          label={`Half of the visitors have at most ${count(facts.log.lengths?.median ?? 0)} events, nine of ten at most ${count(facts.log.lengths?.p90 ?? 0)}.`}
        />
      </Panel>
      <Panel
        title="How much the popular ones have"
        said={`Share of events by share of ${noun.many}, the most popular first.`}
      >
        <Chart
          facts={popular}
          label={`The most popular 10% of ${noun.many} have ${percent(popularity.top10)} of the events, 1% have ${percent(popularity.top1)}.`}
        />
      </Panel>
    </div>
  )
}

const share = (value: number): string => percent(value)

const lengthsOf = (curve: Description['log']['lengthCurve']): ChartFacts => ({
  x: { format: count, name: 'Up to' },
  y: { format: share, ends: [0, 1], step: 0.25 },
  lines: [{ name: 'Visitors', color: 'view', points: curve.map((point) => [point.value, point.share] as const) }],
})

const popularOf = ({ popularity: { curve, top10 } }: Description['log'], { many }: Noun): ChartFacts => ({
  x: { format: share, ends: [0, 1], step: 0.25, name: capital(many) },
  y: { format: share, ends: [0, 1], step: 0.25 },
  lines: [
    {
      name: 'Events',
      color: 'view',
      points: curve.map((point) => [point.share, point.value] as const),
      mark: { at: [0.1, top10], said: `10% of ${many}, ${percent(top10)} of events`, side: 'right' },
    },
  ],
})

const Questions = ({
  questions,
  target,
}: {
  readonly questions: Description['questions']
  readonly target: string
}) => (
  <Panel title="What could be asked" said="Another question makes other targets of the same log." padded={false}>
    <Table
      columns={[
        'Question',
        'Candidates',
        numeric('Can be ranked'),
        numeric('Visitors'),
        numeric('Touched just before'),
      ]}
    >
      {questions.map(({ question, candidates, chosen, rankable, users, justTouched }) => (
        <tr key={question}>
          <th scope="row">
            {question === 'none' ? `the next ${target}` : question} {chosen && <span class="badge">Asked</span>}
          </th>
          <td>{candidates}</td>
          <td class="number">{count(rankable)}</td>
          <td class="number">{count(users)}</td>
          <td class="number">{rankable > 0 ? percent(justTouched / rankable) : '0%'}</td>
        </tr>
      ))}
    </Table>
  </Panel>
)
