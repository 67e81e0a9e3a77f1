/** @file Quality and loss while training, by epoch. */
import { useMemo } from 'preact/hooks'
import type { RunFacts } from '../../../src/serve/run-facts.ts'
import { Chart, type ChartFacts, type Line } from '../charts/chart.tsx'
import { count, counted, figure } from '../format.ts'
import { Panel } from '../parts/panel.tsx'

/** Two charts of the runs that are drawn. */
export function TrainingCharts({ runs }: { readonly runs: readonly RunFacts[] }) {
  const names = runs.map(({ name }) => name).join(' ')
  const [quality, loss] = useMemo(() => [factsOf(runs, 'validation'), factsOf(runs, 'loss')], [names])
  if (runs.length === 0) return null
  return (
    <div class="grid two">
      {quality.lines.length > 0 && (
        <Panel title="Quality while training" said={qualitySaid(runs)}>
          <Chart facts={quality} label={labelOf('Quality', quality.lines)} />
        </Panel>
      )}
      <Panel
        title="Error while training"
        said="Loss, by epoch. Different models’ losses are not comparable; watch the shape."
      >
        <Chart facts={loss} label={labelOf('Loss', loss.lines)} />
      </Panel>
    </div>
  )
}

/** How to read a validation: models of clicks are validated by log loss, which falls. */
export function qualitySaid(runs: readonly Pick<RunFacts, 'keptBy'>[]): string {
  const falling = runs.filter(({ keptBy }) => keptBy === 'validation log loss').length
  if (falling === 0) return 'On held-back events, by epoch. Higher is better.'
  if (falling === runs.length) return 'Log loss on held-back events, by epoch. Lower is better.'
  return 'On held-back events, by epoch. Higher is better, but lower for models of clicks: theirs is log loss.'
}

function factsOf(runs: readonly RunFacts[], of: 'validation' | 'loss') {
  const models = runs.map(({ model }) => model)
  const lines = runs.flatMap((run, at): Line[] => {
    const points = run.epochs.flatMap(({ epoch, [of]: value }): [number, number][] =>
      value === null ? [] : [[epoch, value]],
    )
    const best = of === 'validation' ? points.find(([epoch]) => epoch === run.best) : undefined
    if (points.length === 0) return []
    // Two runs of one model are told apart by their folders.
    const name = models.filter((model) => model === run.model).length > 1 ? run.name : run.title
    const mark = best && { at: best, said: `best ${figure(best[1])}, epoch ${best[0]}` }
    return [{ name, color: `series-${at + 1}`, points, ...(mark && { mark }) }]
  })
  return {
    x: { name: 'Epoch', format: count, ends: [1, Math.max(2, ...lines.map(({ points }) => points.at(-1)?.[0] ?? 1))] },
    y: { format: (value) => figure(value, of === 'loss' ? 2 : 3) },
    lines,
  } satisfies ChartFacts
}

const labelOf = (what: string, lines: readonly Line[]): string =>
  lines
    .map(({ name, points, mark }) => {
      const [first, last] = [points[0], points.at(-1)]
      const way = `from ${figure(first?.[1] ?? 0)} to ${figure(last?.[1] ?? 0)}`
      const epochs = counted(points.length, 'epoch', 'epochs')
      return `${what} of ${name} ${way} in ${epochs}${mark ? `, ${mark.said}` : ''}`
    })
    .join('. ')
