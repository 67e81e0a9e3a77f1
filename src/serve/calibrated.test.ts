import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it, vi } from 'vitest'
import { memoryStore } from '../../test/fixtures/memory-store.ts'
import { temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import { shopDataset, trainServed } from '../../test/fixtures/served-shop.ts'
import type { Calibrator } from '../rank/calibrator.ts'
import { readCalibration, writeCalibration } from '../runs/calibration.ts'
import { readRun } from '../runs/run-file.ts'
import { openService } from './open-service.ts'
import { type Ordering, openServing } from './serving.ts'

const dataset = shopDataset()
const folder = temporaryFolder()
afterAll(() => folder[Symbol.dispose]())
const din = await trainServed(folder.path, 'din', dataset)

it('probabilities are those of the run’s calibration, in the order of the model’s own', async () => {
  const calibrated = join(folder.path, 'calibrated')
  cpSync(din, calibrated, { recursive: true })
  // Far too sure: 0.9 and 0.1 where half of everything is clicked but for one of ten.
  const sure = Array.from({ length: 100 }, (_, at) => ({
    user: at % 10,
    high: at % 2 === 0,
    label: at % 20 < 11 ? 1 : 0,
  }))
  await writeCalibration(calibrated, readRun(calibrated), {
    kind: 'clicks',
    model: 'din',
    user: Int32Array.from(sure, ({ user }) => user),
    probability: Float64Array.from(sure, ({ high }) => (high ? 0.9 : 0.1)),
    label: Uint8Array.from(sure, ({ label }) => label),
  })
  const { slope, shift } = readCalibration(calibrated, readRun(calibrated)) as Calibrator
  const asked = { user: 'u4', items: ['i1', 'i2', 'i3', 'i4'] }
  const answers = await Promise.all(
    [din, calibrated].map(async (rank) => {
      await using service = await openService({ dataset, store: memoryStore(), rank })
      return (await service.rank(asked)).items
    }),
  )
  const [own = [], told = []] = answers
  expect(told.map(({ id }) => id)).toEqual(own.map(({ id }) => id))
  const odds = (p = 0): number => Math.log(p / (1 - p))
  for (const [at, { probability }] of told.entries())
    expect(odds(probability)).toBeCloseTo(slope * odds(own[at]?.probability) + shift, 4)
})

it('probabilities of the same candidates after the same history are found once', async () => {
  await using serving = await openServing({ folders: { rank: din }, store: memoryStore(), dataset })
  const { run, probabilities } = serving.stages.rank as Ordering
  const asked = vi.spyOn(run.predictor, 'candidates')
  const history = { user: 1, item: Int32Array.of(1), behavior: new Uint8Array(1), time: new Float64Array(1) }
  const first = await probabilities(history, Int32Array.of(1, 2))
  expect(await probabilities(history, Int32Array.of(1, 2))).toEqual(first)
  expect(asked).toHaveBeenCalledTimes(1)
  expect([...(await probabilities(history, Int32Array.of(2, 1)))]).toEqual([first[1], first[0]])
  await probabilities({ ...history, user: 2 }, Int32Array.of(1, 2))
  expect(asked).toHaveBeenCalledTimes(3)
})
