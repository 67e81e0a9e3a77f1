/**
 * @file Progress: in a terminal one line that is updated in place; otherwise a line for each epoch, and one a minute.
 */
import { createLogUpdate } from 'log-update'
import type { TrainingEvent } from '../learn/training-run.ts'
import { isMuch, memoryText } from './memory-text.ts'

/** The stream for progress, and whether it is a terminal. */
export type ProgressStream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number }

/** Shows a run's events. */
export interface ProgressReport {
  readonly report: (event: TrainingEvent) => void
  /** Ends the line, so that it stays on the screen. */
  readonly done: () => void
}

/** How often the line is updated, in milliseconds. */
const refreshEvery = 100

/** How often a line is written where nothing can be updated, in milliseconds. */
export const writeEvery = 60_000

/** Tells how much is done of work that is counted. */
export type Counted = (work: string, done: number, all: number) => void

/** A line that is updated in place; undefined where the stream is no terminal, or one that does not know its width. */
export const liveLine = (stream: ProgressStream) =>
  stream.isTTY && stream.columns !== 0 ? createLogUpdate(stream) : undefined

/** Reports counted work on a stream: how much is done, and how long the rest will take. */
export function reportCounts(
  stream: ProgressStream,
  live = liveLine(stream),
): { readonly counted: Counted; readonly done: () => void } {
  let [shown, began, current, before] = [performance.now(), performance.now(), '', 0]
  return {
    counted(work, done, all) {
      const now = performance.now()
      // Work that begins again is told after a while of its own: one line a minute, not one an epoch.
      if (work !== current || done <= before) [shown, began, current] = [now, now, work]
      before = done
      if (now - shown < (live ? refreshEvery : writeEvery)) return
      shown = now
      const left = ((now - began) / 1e3 / Math.max(1, done)) * (all - done)
      const count = (value: number): string => value.toLocaleString('en-US')
      const line = `${work}: ${count(done)} of ${count(all)}, ${durationText(left)} left`
      if (live) live(line)
      else stream.write(`${line}\n`)
    },
    done: () => live?.clear(),
  }
}

/** Reports progress on a stream. `epochs` is the most that training may take. */
export function reportProgress(stream: ProgressStream, epochs: number): ProgressReport {
  const live = liveLine(stream)
  const counts = reportCounts(stream, live)
  const print = (line: string): void => {
    live?.clear()
    stream.write(`${line}\n`)
  }
  let finished = ''
  let shown = live ? 0 : performance.now()
  let best: { epoch: number; validation: number | null } | null = null
  const clock = stepClock(epochs)
  return {
    report(event) {
      if (event.kind === 'note') {
        print(event.text)
        return
      }
      if (event.kind === 'counted') {
        counts.counted(event.work, event.done, event.all)
        return
      }
      if (event.kind === 'memory') {
        if (isMuch(event.bytes)) print(`${event.work}: ${memoryText(event.bytes)}`)
        return
      }
      if (event.kind === 'start') {
        best = event.resumed.best
        clock.start(event.resumed.epoch * event.batches + event.resumed.batch, event.batches)
        for (const line of startLines(event)) print(line)
        return
      }
      if (event.kind === 'epoch') {
        if (event.best && event.by) best = { epoch: event.epoch, validation: event.validation }
        finished = `${epochText(event)}${event.by && best ? reachedText(best) : ''}`
        shown = performance.now()
        const left = event.epoch < epochs ? `  ${durationText(event.secondsLeft)} left at most` : ''
        if (!live) stream.write(`${finished}  ${Math.round(event.targetsPerSecond)} targets/s${left}\n`)
        return
      }
      const secondsLeft = clock.left()
      if (performance.now() - shown < (live ? refreshEvery : writeEvery)) return
      shown = performance.now()
      const line = `${batchText(event, epochs)}  ${durationText(secondsLeft)} left at most`
      if (live) live(`${line}${finished && `  |  ${finished}`}`)
      else stream.write(`${line}\n`)
    },
    done() {
      counts.done()
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
    memoryText(memory.total),
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
