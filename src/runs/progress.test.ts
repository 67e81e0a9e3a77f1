import { Writable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it, vi } from 'vitest'
import { atStart } from '../learn/checkpoint.ts'
import type { TrainingEvent } from '../learn/training-run.ts'
import { durationText, reportCounts, reportProgress } from './progress.ts'

const memory = { held: 0, process: 0, parameters: 0, noise: 0, steps: 0, validation: 0, total: 321e6 }
const about = {
  size: '5,000 targets in 1,200 windows',
  metric: 'NDCG@10',
  measures: true,
  parameters: 64_000,
  batches: 2,
  memory,
}
const start: TrainingEvent = { kind: 'start', ...about, resumed: atStart }
const batch = (number: number): TrainingEvent => ({
  kind: 'batch',
  epoch: 1,
  batch: number,
  batches: 2,
  loss: 5,
  targetsPerSecond: 900,
})
const epoch = (number: number, validation: number, best: boolean): TrainingEvent => ({
  kind: 'epoch',
  epoch: number,
  loss: 4.5,
  parts: { main: 4, contrast: 0.5 },
  metric: 'NDCG@10',
  validation,
  by: 'validation',
  best,
  seconds: 100,
  targetsPerSecond: 880,
  secondsLeft: 200,
})

/** An epoch without anything to validate by. */
const unmeasured = (number: number, best: boolean): TrainingEvent => ({
  ...(epoch(number, 0, best) as Extract<TrainingEvent, { kind: 'epoch' }>),
  validation: null,
  by: 'loss',
})

/** What a run of events prints. */
function printed(isTTY: boolean, events: readonly TrainingEvent[], columns = 300): string {
  let text = ''
  const stream = Object.assign(
    new Writable({ write: (chunk: Buffer, _, next) => ((text += chunk.toString()), next()) }),
    {
      isTTY,
      columns,
      rows: 40,
    },
  )
  const progress = reportProgress(stream, 3)
  for (const event of events) progress.report(event)
  progress.done()
  return stripVTControlCharacters(text)
}

describe('reportProgress', () => {
  it('prints a line an epoch where piped', () => {
    const lines = printed(false, [
      start,
      batch(1),
      batch(2),
      epoch(1, 0.05, true),
      epoch(2, 0.04, false),
      epoch(3, 0.03, false),
    ]).split('\n')
    expect(lines).toEqual([
      'training: 5,000 targets in 1,200 windows, 2 batches an epoch, 64,000 parameters',
      'memory at the peak, estimated: 321 MB',
      'epoch 1  loss 4.5000 (main 4.0000, contrast 0.5000)  validation NDCG@10 0.0500  best 0.0500 in epoch 1  880 targets/s  3 min left at most',
      'epoch 2  loss 4.5000 (main 4.0000, contrast 0.5000)  validation NDCG@10 0.0400  best 0.0500 in epoch 1  880 targets/s  3 min left at most',
      'epoch 3  loss 4.5000 (main 4.0000, contrast 0.5000)  validation NDCG@10 0.0300  best 0.0500 in epoch 1  880 targets/s',
      '',
    ])
  })

  it('tells the memory of other work where it is much', () => {
    const fitting = (bytes: number): TrainingEvent => ({ kind: 'memory', work: 'fitting', bytes })
    expect(printed(false, [fitting(499e6)])).toBe('')
    expect(printed(false, [fitting(1501e6)])).toBe('fitting: memory at the peak, estimated: 1,501 MB\n')
  })

  it('has one living line in a terminal, with the last epoch beside it, which stays', () => {
    const text = printed(true, [start, batch(1), epoch(1, 0.05, true)])
    expect(text).toContain('epoch 1/3  batch 1/2  loss 5.0000  900 targets/s')
    expect(text.trimEnd().split('\n').at(-1)).toContain('validation NDCG@10 0.0500  best 0.0500 in epoch 1')
  })

  it('says where a resumed run goes on', () => {
    expect(printed(false, [{ ...start, resumed: { ...atStart, epoch: 4, batch: 1, step: 9 } }])).toContain(
      'going on after epoch 4, batch 1',
    )
  })
})

describe('durationText', () => {
  it('uses the unit a person would', () => {
    expect([12.2, 600, 9000].map(durationText)).toEqual(['13 s', '10 min', '2.5 h'])
  })

  it('prints plain lines on a terminal that does not know its width', () => {
    const events = [start, batch(1), batch(2), epoch(1, 0.05, true)]
    expect(printed(true, events, 0)).toBe(printed(false, events))
  })

  it('prints a line a minute where piped, in a long epoch too', () => {
    const clock = vi.spyOn(performance, 'now')
    try {
      const at = (seconds: number) => clock.mockReturnValue(1e3 * seconds)
      const timed = (seconds: number, event: TrainingEvent) => ({
        get kind() {
          at(seconds)
          return event.kind
        },
      })
      at(0)
      const tell = (seconds: number, event: TrainingEvent) =>
        Object.setPrototypeOf(timed(seconds, event), event) as TrainingEvent
      const text = printed(false, [
        start,
        tell(30, batch(1)),
        tell(61, batch(1)),
        tell(90, batch(2)),
        tell(122, batch(2)),
      ])
      expect(text.split('\n').filter((line) => line.startsWith('epoch 1/3'))).toHaveLength(2)
    } finally {
      clock.mockRestore()
    }
  })

  it('tells of a validation that takes more than a minute, and not of each that does not', () => {
    const clock = vi.spyOn(performance, 'now')
    try {
      let text = ''
      const stream = Object.assign(new Writable({ write: (chunk, _, next) => ((text += String(chunk)), next()) }), {
        isTTY: false,
      })
      const { counted } = reportCounts(stream)
      const at = (seconds: number, done: number): void => {
        clock.mockReturnValue(1e3 * seconds)
        counted('validation', done, 1000)
      }
      for (const [began, took] of [
        [100, 10],
        [300, 10],
        [500, 40],
      ] as const)
        for (const [step, done] of [100, 300, 1000].entries()) at(began + step * took, done)
      expect(text).toBe('validation: 1,000 of 1,000, 0 s left\n')
    } finally {
      clock.mockRestore()
    }
  })

  it('says by what an epoch is kept where there is nothing to validate by', () => {
    const text = printed(false, [{ ...start, measures: false }, unmeasured(1, true), unmeasured(2, false)])
    expect(text).toContain(
      'nothing to measure NDCG@10 by in validation: the epoch with the lowest training loss is kept',
    )
    expect(text).toMatch(/epoch 2 {2}loss 4\.5000 \(.*\) {2}lowest in epoch 1/)
  })
})
