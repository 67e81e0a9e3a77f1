/** @file Two models, same visitor: their lists side by side, a line joins what is on both. */

import { signal } from '@preact/signals'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { RunFacts, RunsAnswer } from '../../../src/serve/run-facts.ts'
import type { AnsweredItem, RecommendedBy } from '../../../src/serve/service.ts'
import { ask, problemOf, type ServiceProblem } from '../api.ts'
import { capital } from '../format.ts'
import { Loading } from '../parts/loading.tsx'
import { ForOperator, Notice } from '../parts/notice.tsx'
import { Panel } from '../parts/panel.tsx'
import { Picture } from '../parts/picture.tsx'
import type { Noun, Served } from '../words.ts'
import { metaOf } from './card.tsx'
import { joinsOf, sharedSaid } from './joins.ts'
import { comparedRequest } from './request.ts'
import { leftOut, list } from './state.ts'

/** The run to compare with, by its name; none where it is empty. */
const compared = signal('')
const runs = signal<readonly RunFacts[]>([])

/** Picks the run to compare with; nothing where there is no other one. */
export function ComparePick({ about }: { readonly about: Served }) {
  useEffect(() => {
    ask<RunsAnswer>({ path: '/v1/runs' }).then(
      (answer) => {
        runs.value = answer.runs
      },
      () => undefined,
    )
  }, [about.retrieve?.name])
  const others = runs.value.filter(
    ({ name, trained, keptBy }) =>
      name !== about.retrieve?.name && trained !== undefined && keptBy !== 'validation log loss',
  )
  if (others.length === 0) return null
  return (
    <label class="field">
      Compare with
      <select
        value={compared.value}
        onChange={({ currentTarget }) => {
          compared.value = currentTarget.value
        }}
      >
        <option value="">Nothing</option>
        {others.map(({ name, title }) => (
          <option key={name} value={name}>
            {name} · {capital(title)}
          </option>
        ))}
      </select>
    </label>
  )
}

interface ComparisonProps {
  readonly about: Served
  readonly noun: Noun
}

/** How many of each list are shown. */
const rows = 9

/** The two lists, for the visitor and the filters of the list above. */
export function Comparison({ about, noun }: ComparisonProps) {
  const name = compared.value
  const ours = list.value
  const [theirs, setTheirs] = useState<RecommendedBy>()
  const [problem, setProblem] = useState<ServiceProblem>()
  useEffect(() => {
    if (name === '' || !ours) return undefined
    const stop = new AbortController()
    setProblem(undefined)
    ask<RecommendedBy>(comparedRequest(name, { ...ours.asked, top: rows }), stop.signal).then(
      setTheirs,
      (error: unknown) => {
        if (!stop.signal.aborted) setProblem(problemOf(error))
      },
    )
    return () => stop.abort()
  }, [name, ours])
  if (name === '' || !ours) return null
  if (problem)
    return (
      <>
        <Notice kind="info" said={`${name} makes no list here.`}>
          {problem.message}
        </Notice>
        <ForOperator problem={problem} />
      </>
    )
  if (theirs?.run !== name) return <Loading shape="panels" said={`${name} is being opened.`} />
  const titleOf = (run: string, model = run): string =>
    capital(runs.value.find((one) => one.name === run)?.title ?? model)
  const own = about.retrieve
  const titles = { ours: titleOf(own?.name ?? '', own?.model), theirs: titleOf(name) }
  const left = leftOut.value.behaviors.length + leftOut.value.modalities.length > 0
  const first = ours.answer.items.slice(0, rows)
  return (
    <Panel
      title="Two models, same visitor"
      said={`${sharedSaid({ ours: first, theirs: theirs.items, titles, noun, reads: { ours: about.modalities, theirs: theirs.modalities } })}${left ? ` ${titles.theirs} leaves nothing out.` : ''}`}
    >
      <Lists
        ours={{ title: titles.ours, run: own?.name ?? '', items: first }}
        theirs={{ title: titles.theirs, run: name, items: theirs.items }}
      />
    </Panel>
  )
}

interface Side {
  readonly title: string
  readonly run: string
  readonly items: readonly AnsweredItem[]
}

function Lists({ ours, theirs }: { readonly ours: Side; readonly theirs: Side }) {
  const joins = joinsOf(ours.items, theirs.items)
  const place = useRef<HTMLDivElement>(null)
  const [centers, setCenters] = useState<readonly (readonly number[])[]>([[], []])
  const [height, setHeight] = useState(0)
  useLayoutEffect(() => {
    const element = place.current
    if (!element) return undefined
    const measure = (): void => {
      const top = element.getBoundingClientRect().top
      const centersIn = (side: Element): number[] =>
        Array.from(side.querySelectorAll('li'), (row) => {
          const box = row.getBoundingClientRect()
          return box.top + box.height / 2 - top
        })
      setCenters(Array.from(element.querySelectorAll('.side-list'), centersIn))
      setHeight(element.clientHeight)
    }
    measure()
    const size = new ResizeObserver(measure)
    size.observe(element)
    return () => size.disconnect()
  }, [ours.items, theirs.items])
  const [left = [], right = []] = centers
  return (
    <div class="two-lists" ref={place}>
      <Ranked side={ours} shared={new Map(joins.map(([at, other]) => [at, other]))} />
      <div class="joins">
        <svg viewBox={`0 0 100 ${height || 1}`} preserveAspectRatio="none" aria-hidden="true">
          {joins.map(([at, other]) => {
            const [from = 0, to = 0] = [left[at], right[other]]
            return <path key={at} d={`M0 ${from}C50 ${from} 50 ${to} 100 ${to}`} vector-effect="non-scaling-stroke" />
          })}
        </svg>
      </div>
      <Ranked side={theirs} shared={new Map(joins.map(([at, other]) => [other, at]))} />
    </div>
  )
}

/** @param shared places on this list, and on the other one, of what is on both */
const Ranked = ({ side, shared }: { readonly side: Side; readonly shared: ReadonlyMap<number, number> }) => (
  <div class="side-list">
    <h3>
      {side.title} <span class="muted small">{side.run}</span>
    </h3>
    <ol>
      {side.items.map((item, at) => {
        const other = shared.get(at)
        return (
          <li key={item.id}>
            <span class="rank">{at + 1}</span>
            <Picture id={item.id} title={item.title} has={item.picture} size="thumb" />
            <span class="what">
              <span class="name">{item.title || item.id}</span>
              <span class="meta">{metaOf(item)}</span>
              {other === undefined ? (
                <span class="badge">Only here</span>
              ) : (
                <span class="sr">, number {other + 1} on the other list</span>
              )}
            </span>
          </li>
        )
      })}
    </ol>
  </div>
)
