/**
 * @file An experiment's progress: a line for each cell that ends, and of those that run one living line in a terminal,
 * or a line a minute.
 */
import { returnedText } from '../../jobs/job.ts'
import { printedFigure } from '../../metrics/table.ts'
import { durationText, liveLine, type ProgressStream, writeEvery } from '../../runs/progress.ts'
import { validationOf } from '../figures/results.ts'
import { isClicks, validationMetricOf } from '../terms.ts'
import type { CellEvent, CellJob } from './cell-jobs.ts'
import { trainedOf } from './grid-cell.ts'

/** Tells of a grid's jobs on a stream. */
export interface GridProgress {
  /** Cells to come, and how many of the stage were done before. */
  readonly begin: (jobs: readonly CellJob[], doneBefore: number) => void
  readonly report: (event: CellEvent) => void
  readonly say: (line: string) => void
  readonly done: () => void
}

/**
 * Reports on a stream.
 * @param sideBySide how many cells run at once; undefined where the workers of a queue run them
 */
export function gridProgress(stream: ProgressStream, sideBySide?: number): GridProgress {
  const live = liveLine(stream)
  const running = new Map<CellJob, string>()
  const clock = gridClock()
  let [ended, total, shown] = [0, 0, performance.now()]
  const say = (line: string): void => {
    live?.clear()
    stream.write(`${line}\n`)
  }
  const show = (): void => {
    const line = [...running].map(([{ label }, told]) => `${label}: ${told}`).join('  |  ')
    if (live) live(line)
    else if (line && performance.now() - shown >= writeEvery) {
      shown = performance.now()
      stream.write(`${line}\n`)
    }
  }
  return {
    say,
    begin(jobs, doneBefore) {
      ;[ended, total] = [doneBefore, doneBefore + jobs.length]
      clock.begin(jobs)
      const atOnce = sideBySide === undefined ? '' : `, ${Math.min(total, sideBySide)} at once`
      if (doneBefore > 0) say(`${doneBefore} of ${total} cells were done before`)
      else if (total > 0) say(`${total === 1 ? '1 cell' : `${total} cells`} to do${atOnce}`)
    },
    report(event) {
      const { job } = event
      if (event.kind === 'begun') {
        running.set(job, 'starting')
        if (event.worker !== undefined) say(`${job.label}: begun by ${event.worker}`)
      } else if (event.kind === 'returned') {
        running.delete(job)
        say(`${job.label}: ${returnedText(event)}`)
      } else if (event.kind === 'training') {
        const { event: told } = event
        if (told.kind === 'epoch')
          running.set(
            job,
            `epoch ${told.epoch}${told.validation === null ? '' : `, validation ${told.metric} ${told.validation.toFixed(4)}`}`,
          )
      } else {
        running.delete(job)
        ended++
        const left = clock.ended(job, event.seconds, sideBySide ?? running.size + 1)
        const by = event.worker === undefined ? '' : `, ${event.worker}`
        say(
          `[${ended}/${total}] ${job.label}: ${outcome(job)}, ${durationText(event.seconds)}${by}${left > 0 ? `; about ${durationText(left)} left` : ''}`,
        )
      }
      show()
    },
    done: () => live?.clear(),
  }
}

function outcome({ cell }: CellJob): string {
  const trained = trainedOf(cell)
  if (!trained) return 'not done'
  const { validation } = trained
  const figure = validation
    ? `validation ${printedFigure(validationMetricOf(isClicks(validation) ? 'impressions' : 'full'))} ${validationOf([trained]).toFixed(4)}`
    : 'no validation targets'
  return trained.epochs === 0 ? figure : `${figure} in epoch ${trained.bestEpoch} of ${trained.epochs}`
}

/** Guesses the seconds left: a model's cells take what its own took on average so far, or what all did. */
function gridClock() {
  const took = new Map<string, number[]>()
  let left: CellJob[] = []
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
  return {
    begin(jobs: readonly CellJob[]): void {
      left = [...jobs]
    },
    ended(job: CellJob, seconds: number, sideBySide: number): number {
      left = left.filter((other) => other !== job)
      took.set(job.cell.model, [...(took.get(job.cell.model) ?? []), seconds])
      const any = mean([...took.values()].flat())
      const guessed = left.map(({ cell }) => (took.has(cell.model) ? mean(took.get(cell.model) as number[]) : any))
      return guessed.reduce((sum, one) => sum + one, 0) / Math.min(sideBySide, Math.max(1, left.length))
    },
  }
}
