import { Writable } from 'node:stream'
import { afterEach, expect, it, vi } from 'vitest'
import type { TrainingEvent } from '../../learn/training-run.ts'
import { writeEvery } from '../../runs/progress.ts'
import type { CellJob } from './cell-jobs.ts'
import { gridProgress } from './grid-progress.ts'

afterEach(() => vi.useRealTimers())

it('writes a line a minute of the cells that run, where a line cannot be updated', () => {
  vi.useFakeTimers()
  let text = ''
  const stream = new Writable({ write: (chunk: Buffer, _, next) => ((text += chunk.toString()), next()) })
  const progress = gridProgress(stream, 2)
  const job = { label: 'SASRec, seed 1', cell: { model: 'sasrec' } } as CellJob
  const epoch = (number: number): TrainingEvent => ({
    kind: 'epoch',
    epoch: number,
    loss: 4,
    parts: {},
    metric: 'NDCG@10',
    validation: 0.1,
    by: 'validation',
    best: true,
    seconds: 20,
    targetsPerSecond: 900,
    secondsLeft: 200,
  })
  progress.begin([job], 0)
  progress.report({ kind: 'begun', job })
  for (let number = 1; number <= 9; number++) {
    vi.advanceTimersByTime(writeEvery / 3)
    progress.report({ kind: 'training', job, event: epoch(number) })
  }
  expect(text.trim().split('\n')).toEqual([
    '1 cell to do, 1 at once',
    ...[3, 6, 9].map((number) => `SASRec, seed 1: epoch ${number}, validation NDCG@10 0.1000`),
  ])
})
