/**
 * @file Figures of a run that no metric of ranks or clicks is, by name, so that a worker process can be told which to
 * take.
 */
import { clickNoise } from '../../audit/click-noise.ts'
import type { OpenRun } from '../../runs/open-run.ts'
import { readTruth } from '../../simulate/shop.ts'

/** The known measures. */
export type MeasureName = 'click auc'

/** Where a prepared simulated shop's own files are kept: beside it. */
export const rawShop = (prepared: string): string => `${prepared}.raw`

const measures: Readonly<Record<MeasureName, (run: OpenRun) => Promise<number | undefined>>> = {
  'click auc': async (run) => (await clickNoise(run, readTruth(rawShop(run.dataset.folder))))?.auc,
}

/** Takes a measure of a run; undefined for a model that does not have it. */
export function measureOf(name: MeasureName, run: OpenRun): Promise<number | undefined> {
  return measures[name](run)
}
