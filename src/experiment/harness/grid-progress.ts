/**
 * @file An experiment's progress: a line for each cell that ends, and of those that run one living line in a terminal,
 * or a line a minute.
 */
import { printedFigure } from '../../metrics/table.ts'
import { durationText, liveLine, type ProgressStream, writeEvery } from '../../runs/progress.ts'
import { validationOf } from '../figures/results.ts'
import { isClicks, validationMetricOf } from '../terms.ts'
import { trainedOf } from './grid-cell.ts'
import type { Job, JobEvent } from './schedule.ts'

/** Tells of a grid's jobs on a stream. */
export interface GridProgress {
  /** Jobs to come, and how many of the stage were done before. */
  readonly begin: (jobs: readonly Job[], doneBefore: number) => void
  readonly report: (event: JobEvent) => void
  readonly say: (line: string) => void
  readonly done: () => void
}

/** Reports on a stream, for so many cells side by side. */
export function gridProgress(stream: ProgressStream, sideBySide: number): GridProgress {
  const live = liveLine(stream)
  const running = new Map<Job, string>()
  const clock = gridClock(sideBySide)
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
      if (doneBefore > 0) say(`${doneBefore} of ${total} cells were done before`)
      else if (total > 0)
        say(`${total === 1 ? '1 cell' : `${total} cells`} to do, ${Math.min(total, sideBySide)} at once`)
    },
    report(event) {
      const { job } = event
      if (event.kind === 'begun') running.set(job, 'starting')
      else if (event.kind === 'training') {
        const { event: told } = event
        if (told.kind === 'epoch')
          running.set(
            job,
            `epoch ${told.epoch}${told.validation === null ? '' : `, validation ${told.metric} ${told.validation.toFixed(4)}`}`,
          )
      } else {
        running.delete(job)
        ended++
        const left = clock.ended(job, event.seconds)
        say(
          `[${ended}/${total}] ${job.label}: ${outcome(job)}, ${durationText(event.seconds)}${left > 0 ? `; about ${durationText(left)} left` : ''}`,
        )
      }
      show()
    },
    done: () => live?.clear(),
  }
}

function outcome({ cell }: Job): string {
  const trained = trainedOf(cell)
  if (!trained) return 'not done'
  const { validation } = trained
  const figure = validation
    ? `validation ${printedFigure(validationMetricOf(isClicks(validation) ? 'impressions' : 'full'))} ${validationOf([trained]).toFixed(4)}`
    : 'no validation targets'
  return trained.epochs === 0 ? figure : `${figure} in epoch ${trained.bestEpoch} of ${trained.epochs}`
}

/** Guesses the seconds left: a model's cells take what its own took on average so far, or what all did. */
function gridClock(sideBySide: number) {
  const took = new Map<string, number[]>()
  let left: Job[] = []
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
  return {
    begin(jobs: readonly Job[]): void {
      left = [...jobs]
    },
    ended(job: Job, seconds: number): number {
      left = left.filter((other) => other !== job)
      took.set(job.cell.model, [...(took.get(job.cell.model) ?? []), seconds])
      const any = mean([...took.values()].flat())
      const guessed = left.map(({ cell }) => (took.has(cell.model) ? mean(took.get(cell.model) as number[]) : any))
      return guessed.reduce((sum, one) => sum + one, 0) / Math.min(sideBySide, Math.max(1, left.length))
    },
  }
}
