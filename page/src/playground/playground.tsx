/** @file The playground: a visitor, what they would be shown and why, and what their next act changes. */
import { useEffect } from 'preact/hooks'
import { addressedVisitor, addressVisitor } from '../route.ts'
import { behaviorsOf, nounOf, type Served } from '../words.ts'
import { ComparePick, Comparison } from './comparison.tsx'
import { Controls } from './controls.tsx'
import { Filters } from './filters.tsx'
import { List } from './list.tsx'
import { leavePrivate } from './private-mode.ts'
import { openAny, openNobody, openVisitor, privateModel, sendPending, servedBy, visitor } from './state.ts'
import { VisitorPanel } from './visitor-panel.tsx'

/** The view. */
export function Playground({ about }: { readonly about: Served }) {
  const noun = nounOf(about)
  const behaviors = behaviorsOf(about.behaviors)
  useEffect(() => {
    const id = addressedVisitor()
    if (id !== undefined) void openVisitor(id)
    else if (visitor.value.state === 'loading') void openAny().then((found) => (found ? undefined : openNobody()))
    const leave = (): void => void sendPending({ leaving: true })
    addEventListener('pagehide', leave)
    return () => {
      removeEventListener('pagehide', leave)
      leave()
      void leavePrivate()
    }
  }, [])
  const runs = [about.retrieve, about.rank].map((run) => `${run?.name} ${run?.trained}`).join()
  useEffect(() => servedBy(runs), [runs])
  const { id, state } = visitor.value
  useEffect(() => {
    if (state === 'known' || state === 'new') addressVisitor(id)
  }, [id, state])
  return (
    <>
      <header class="head">
        <div>
          <h1>Playground</h1>
          <p>Pick a visitor, see what they would be shown and why, then act as them.</p>
        </div>
        {about.retrieve && !privateModel.value && <ComparePick about={about} />}
      </header>
      <VisitorPanel about={about} behaviors={behaviors} noun={noun} />
      {!privateModel.value && (
        <>
          <Controls about={about} behaviors={behaviors} />
          <Filters about={about} noun={noun} />
        </>
      )}
      <List about={about} behaviors={behaviors} noun={noun} />
      {!privateModel.value && <Comparison about={about} noun={noun} />}
    </>
  )
}
