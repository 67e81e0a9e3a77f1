import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import type { TrainingEvent } from '../learn/training-run.ts'
import { type TinyEvent, tinyDataset } from '../testing/tiny-dataset.ts'
import { lackedBy, withLacks } from './lacking.ts'
import { readRun } from './run-file.ts'
import { trainRun } from './train-run.ts'

const folder = mkdtempSync(join(tmpdir(), 'siftrec-lacking-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const events = [1, 2, 3, 4].flatMap((user) =>
  [1, 2, 3, 4, 5].map((at): TinyEvent => [user, (user + at) % 6, 'click', at]),
)
const shifted = events.map(([user, item, ...rest]): TinyEvent => [user, item + 1, ...rest])
const timeless = tinyDataset({ events: shifted, time: 'order', behaviors: ['click'], candidates: 'all' })

it('tells before training what a model reads and the data lack, and keeps it for tables', async () => {
  const notes: string[] = []
  const report = (event: TrainingEvent): void => void (event.kind === 'note' && notes.push(event.text))
  const config = { hiddenSize: 4, heads: 1, layers: 1, experts: 1, timeExperts: 1, intervalScale: 1, maxLength: 4 }
  await trainRun({
    model: 'hm4sr',
    dataset: timeless,
    out: join(folder, 'run'),
    config,
    training: { epochs: 1, threads: 1 },
    report,
  })
  expect(notes.join('\n')).toContain(
    'warning: tiny has no times and no categories, so hm4sr is trained without; tables say so beside its name',
  )
  const run = readRun(join(folder, 'run'))
  expect(withLacks('HM4SR', lackedBy(run, timeless))).toBe('HM4SR (no times, no categories)')
  const asked = { ...run, config: { ...run.config, withoutTime: true, withoutCategories: true } }
  expect(lackedBy(asked, timeless)).toEqual([])
  expect(withLacks('SASRec', lackedBy({ ...run, model: 'sasrec', config: {} }, timeless))).toBe('SASRec')
})
