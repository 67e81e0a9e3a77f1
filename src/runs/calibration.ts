/** @file `calibration.json`: what calibrates a run's probabilities of clicks, fitted on its validation. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { sealed, unsealed } from '../dataset/hashes.ts'
import { UserError } from '../errors.ts'
import type { Predictions } from '../evaluate/clicks.ts'
import { runFiles } from '../learn/loop.ts'
import { logLoss } from '../metrics/log-loss.ts'
import { type Calibrator, calibrated, plattScaling } from '../rank/calibrator.ts'
import { writeAtomically } from '../storage/atomic.ts'
import { fingerprintOf, type Run } from './run-settings.ts'

const calibrationSchema = z.strictObject({
  format: z.literal('siftrec-calibration'),
  version: z.literal(1),
  /** The run's fingerprint, as in its checkpoints. */
  run: z.string(),
  /** p' = sigmoid(slope * logit(p) + shift) */
  method: z.literal('platt'),
  slope: z.number().positive(),
  shift: z.number(),
  /** How many impressions it was fitted on. */
  impressions: z.int(),
})

/**
 * Groups of the validation's users: each is asked what a calibration by the others is worth. Of five groups of a log of
 * ninety users each takes so much with it that the shift of the others says little.
 */
const groups = 20

/**
 * Fits the calibration of a trained run on what it says of its validation, and writes it beside the run. None is
 * written where it would not lower the log loss of users that it is not fitted on.
 */
export async function writeCalibration(folder: string, run: Run, predictions: Predictions): Promise<void> {
  const { probability, label } = predictions
  const calibrator = plattScaling(probability, label)
  if (!calibrator || !(lossOfOthers(predictions) < logLoss(probability, label))) return
  const content: z.infer<typeof calibrationSchema> = {
    format: 'siftrec-calibration',
    version: 1,
    run: fingerprintOf(run),
    method: 'platt',
    ...calibrator,
    impressions: label.length,
  }
  await writeAtomically(join(folder, runFiles.calibration), sealed(content))
}

/** The log loss of the users of each group, calibrated by the other groups. */
function lossOfOthers({ probability, label, user }: Predictions): number {
  const said = new Float32Array(probability.length)
  for (let group = 0; group < groups; group++) {
    const [own, others] = [true, false].map((wanted) =>
      [...user.keys()].filter((at) => ((user[at] as number) % groups === group) === wanted),
    ) as [number[], number[]]
    const of = (places: readonly number[], values: ArrayLike<number>) =>
      Float64Array.from(places, (at) => values[at] as number)
    const calibrator = plattScaling(of(others, probability), of(others, label)) ?? { slope: 1, shift: 0 }
    const found = calibrated(calibrator, of(own, probability))
    for (const [row, at] of own.entries()) said[at] = found[row] as number
  }
  return logLoss(said, label)
}

/**
 * The calibration of a run; undefined for one of an earlier version, and where validation gained nothing by one.
 * @throws UserError `corrupted` for a file that was changed, or is of another run
 */
export function readCalibration(folder: string, run: Run): Calibrator | undefined {
  const path = join(folder, runFiles.calibration)
  if (!existsSync(path)) return undefined
  try {
    const { run: fingerprint, slope, shift } = calibrationSchema.parse(unsealed(readFileSync(path, 'utf8')))
    if (fingerprint === fingerprintOf(run)) return { slope, shift }
  } catch {
    // Told below.
  }
  throw new UserError({
    where: path,
    problem: 'corrupted',
    value: 'it was changed, or is of another run',
    hint: `siftrec train --resume ${folder} fits it again; without the file the probabilities are not calibrated`,
  })
}
