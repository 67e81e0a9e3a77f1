import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import type { Predictions } from '../evaluate/clicks.ts'
import { readCalibration, writeCalibration } from './calibration.ts'
import type { Run } from './run-settings.ts'

const run: Run = {
  format: 'siftrec-run',
  version: 1,
  model: 'din',
  config: {},
  training: null,
  dataset: { folder: 'data', name: 'data', hash: 'h' },
  split: { protocol: 'leave-one-out' },
} as never

/** Twenty users who are each shown ten items of either kind, and click `high` of the first and `low` of the second. */
function said([sure, unsure]: readonly [number, number], high: number, low: number): Predictions {
  const shown = Array.from({ length: 20 }, (_, user) => user + 1).flatMap((user) =>
    Array.from({ length: 20 }, (_, at) => ({ user, isHigh: at < 10, place: at % 10 })),
  )
  return {
    kind: 'clicks',
    model: 'din',
    user: Int32Array.from(shown, ({ user }) => user),
    probability: Float64Array.from(shown, ({ isHigh }) => (isHigh ? sure : unsure)),
    label: Uint8Array.from(shown, ({ isHigh, place }) => Number(place < (isHigh ? high : low))),
  }
}
const written = (folder: string): boolean => existsSync(join(folder, 'calibration.json'))

it('is written where the model is too sure, and read again', async () => {
  using place = temporaryFolder()
  // 0.9 and 0.1 where 7 and 3 of ten are clicked: the slope is ln(7/3) / ln 9, up to what smooths it.
  await writeCalibration(place.path, run, said([0.9, 0.1], 7, 3))
  const { slope = 0, shift = 1 } = readCalibration(place.path, run) ?? {}
  expect(slope).toBeCloseTo(Math.log(7 / 3) / Math.log(9), 1)
  expect(shift).toBeCloseTo(0, 6)
})

it('is not there where users that it is not fitted on gain nothing', async () => {
  using place = temporaryFolder()
  await writeCalibration(place.path, run, said([0.7, 0.3], 7, 3))
  await writeCalibration(place.path, run, said([0.9, 0.1], 3, 7))
  // Two users of five click everything, the others one item: each is told apart by all the others in the wrong way.
  const { user, ...apart } = said([0.46, 0.4], 1, 0)
  const label = apart.label.map((own, at) => ((user[at] ?? 0) % 5 < 2 ? 1 : own))
  await writeCalibration(place.path, run, { ...apart, user, label })
  expect([written(place.path), readCalibration(place.path, run)]).toEqual([false, undefined])
})

it('is refused where it is another run’s, or was changed', async () => {
  using place = temporaryFolder()
  await writeCalibration(place.path, run, said([0.9, 0.1], 7, 3))
  const other = { ...run, model: 'fm' }
  expect(() => readCalibration(place.path, other)).toThrow('calibration.json: corrupted')
  writeFileSync(join(place.path, 'calibration.json'), '{')
  expect(() => readCalibration(place.path, run)).toThrow('calibration.json: corrupted: it was changed')
})
