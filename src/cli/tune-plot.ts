/** @file The plot of a search: what the trials of each round came to, by each option that was searched. */
import { join } from 'node:path'
import { drawPlot, type Panel } from '../experiment/figures/plot.ts'
import { printedMetric } from '../runs/task-options.ts'
import { writeAtomically } from '../storage/atomic.ts'
import type { Searched } from '../tune/space.ts'
import type { Found, Trial } from '../tune/tune.ts'

/** Writes `tune.svg` into the folder of a search. */
export async function writeTunePlot(out: string, slug: string, { space, trials, rounds }: Found): Promise<void> {
  const panels = space.map((searched): Panel => {
    const valueOf = ({ config, training }: Trial): unknown =>
      ({ ...config, ...training })[searched.name] ?? searched.usual
    return {
      title: searched.name,
      x: searched.name,
      y: `validation ${printedMetric(slug)}`,
      logarithmic: isSpread(searched, trials.map(valueOf)),
      series: rounds.map((_, round) => ({
        name: `round ${round + 1}`,
        joined: false,
        points: trials.flatMap((trial) => {
          const [x, mean] = [valueOf(trial), trial.validation[round]]
          return typeof mean === 'number' ? [{ x: typeof x === 'number' ? x : String(x), mean }] : []
        }),
      })),
    }
  })
  await writeAtomically(join(out, 'tune.svg'), drawPlot({ title: `${slug}: options and validation`, panels }))
}

/** Whether a number was drawn by factors: it is above 0 and usually no share. */
const isSpread = ({ option: { kind, bounds } }: Searched, values: readonly unknown[]): boolean =>
  kind === 'number' && !(bounds.least === 0 && bounds.most <= 1) && values.every((value) => Number(value) > 0)
