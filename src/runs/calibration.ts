/** @file `calibration.json`: what calibrates a run's probabilities of clicks, fitted on its validation. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { sealed, unsealed } from '../dataset/hashes.ts'
import { UserError } from '../errors.ts'
import type { Predictions } from '../evaluate/clicks.ts'
import { runFiles } from '../learn/loop.ts'
import { type Calibrator, plattScaling } from '../rank/calibrator.ts'
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

/** Fits the calibration of a trained run on what it says of its validation, and writes it beside the run. */
export async function writeCalibration(folder: string, run: Run, { probability, label }: Predictions): Promise<void> {
  const calibrator = plattScaling(probability, label)
  if (!calibrator) return
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

/**
 * The calibration of a run; undefined for one of an earlier version, and where validation had nothing to fit it on.
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
