/** @file Training's progress: in a terminal one line that is updated in place, otherwise a line for each epoch. */
import { createLogUpdate } from 'log-update'
import type { TrainingEvent } from '../learn/training-run.ts'

/** The stream for progress, and whether it is a terminal. */
export type ProgressStream = NodeJS.WritableStream & { readonly isTTY?: boolean }

/** Shows a run's events. */
export interface ProgressReport {
  readonly report: (event: TrainingEvent) => void
  /** Ends the line, so that it stays on the screen. */
  readonly done: () => void
}

/** How often the line is updated, in milliseconds. */
const refreshEvery = 100

/** Reports progress on a stream. `epochs` is the most that training may take. */
export function reportProgress(stream: ProgressStream, epochs: number): ProgressReport {
  const live = stream.isTTY ? createLogUpdate(stream) : undefined
  const print = (line: string): void => {
    live?.clear()
    stream.write(`${line}\n`)
  }
  let finished = ''
  let shown = 0
  let best: { epoch: number; validation: number | null } | null = null
  const clock = stepClock(epochs)
  return {
    report(event) {
      if (event.kind === 'start') {
        best = event.resumed.best
        clock.start(event.resumed.epoch * event.batches + event.resumed.batch, event.batches)
        for (const line of startLines(event)) print(line)
        return
      }
      if (event.kind === 'epoch') {
        if (event.best && event.by) best = { epoch: event.epoch, validation: event.validation }
        finished = `${epochText(event)}${event.by && best ? reachedText(best) : ''}`
        const left = event.epoch < epochs ? `  ${durationText(event.secondsLeft)} left at most` : ''
        if (!live) stream.write(`${finished}  ${Math.round(event.targetsPerSecond)} targets/s${left}\n`)
        return
      }
      const secondsLeft = clock.left()
      if (!live || performance.now() - shown < refreshEvery) return
      shown = performance.now()
      live(`${batchText(event, epochs)}  ${durationText(secondsLeft)} left at most${finished && `  |  ${finished}`}`)
    },
    done() {
      if (finished && live) print(finished)
    },
  }
}

/** The seconds left, estimated from the time that batches took since this process began, with validation. */
function stepClock(epochs: number): { start(done: number, batches: number): void; left(): number } {
  let [began, steps, total] = [performance.now(), 0, 0]
  return {
    start(done, batches) {
      ;[began, steps, total] = [performance.now(), 0, epochs * batches - done]
    },
    left() {
      steps++
      return ((performance.now() - began) / 1e3 / steps) * Math.max(0, total - steps)
    },
  }
}

const reachedText = ({ epoch, validation }: { epoch: number; validation: number | null }): string =>
  validation === null ? `  lowest in epoch ${epoch}` : `  best ${validation.toFixed(4)} in epoch ${epoch}`

function startLines({
  size,
  metric,
  measures,
  parameters,
  batches,
  resumed,
  memory,
}: Extract<TrainingEvent, { kind: 'start' }>): string[] {
  const count = (value: number): string => value.toLocaleString('en-US')
  return [
    `training: ${size}, ${count(batches)} batches an epoch, ${count(parameters)} parameters`,
    `memory at the peak, estimated: ${count(Math.round(memory.total / 1e6))} MB`,
    ...(measures
      ? []
      : [`nothing to measure ${metric} by in validation: the epoch with the lowest training loss is kept`]),
    ...(resumed.step > 0 ? [`going on after epoch ${resumed.epoch}, batch ${resumed.batch}`] : []),
  ]
}

function epochText({
  epoch,
  stage,
  loss,
  parts,
  metric,
  validation,
}: Extract<TrainingEvent, { kind: 'epoch' }>): string {
  const names = Object.entries(parts).map(([name, value]) => `${name} ${value.toFixed(4)}`)
  const told = validation === null ? '' : `  validation ${metric} ${validation.toFixed(4)}`
  return `${stage ? `${stage}, ` : ''}epoch ${epoch}  loss ${loss.toFixed(4)}${names.length > 0 ? ` (${names.join(', ')})` : ''}${told}`
}

function batchText(
  { epoch, batch, batches, loss, targetsPerSecond }: Extract<TrainingEvent, { kind: 'batch' }>,
  epochs: number,
): string {
  return `epoch ${epoch}/${epochs}  batch ${batch}/${batches}  loss ${loss.toFixed(4)}  ${Math.round(targetsPerSecond)} targets/s`
}

/** Seconds in words: `45 s`, `3 min`, `2.5 h`. */
export function durationText(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`
}
