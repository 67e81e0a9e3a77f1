/** @file The simulated shop without some of its clicks: those that the audit suspects, and others to compare with. */
import { cpSync, existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { suspectEvent } from '../../audit/audit.ts'
import { clickSuspects } from '../../audit/click-suspects.ts'
import { foreseenSuspects } from '../../audit/foreseen-suspects.ts'
import { loadDataset } from '../../dataset/load.ts'
import type { Dataset } from '../../dataset/schema.ts'
import { splitDataset } from '../../dataset/splits.ts'
import { localFeatures } from '../../features/local.ts'
import { prepareDataset } from '../../prepare/prepare.ts'
import { randomStream } from '../../random/stream.ts'
import { accidentalOf, readTruth } from '../../simulate/shop.ts'
import { writeAtomically } from '../../storage/atomic.ts'
import { printSuspects, type Suspects } from '../../storage/suspects-file.ts'
import type { DatasetChoice } from '../experiment.ts'
import { preparedDataset } from '../harness/dataset-recipe.ts'
import { rawShop } from '../harness/run-measures.ts'
import { shopFiles, simulatedShop } from './shop-dataset.ts'

/**
 * Which clicks are left out: those that the audit finds accidental with at least a chance, without a look at the
 * targets (a number); as many as with a chance of 0.5, drawn; those of the planted truth; or those that an audit of the
 * whole log suspects, targets and all.
 */
export type Sifting = number | 'drawn' | 'planted' | 'hindsight'

/** The least chance of a suspect, unless somebody says otherwise. */
export const usualLeast = 0.5

/** The shop without some clicks, prepared by `--drop` with a file of suspects; users, items and targets stay. */
export const siftedShop = (sifting: Sifting): DatasetChoice => ({
  label: `simulated shop, sifted: ${typeof sifting === 'number' ? `suspects from ${sifting}` : sifting}`,
  recipe(seed) {
    const whole = simulatedShop.recipe(seed)
    const name = `${whole.name}-${typeof sifting === 'number' ? `from${Math.round(100 * sifting)}` : sifting}`
    return {
      name,
      settings: { whole: whole.settings, sifting },
      inputs: [],
      async make(out) {
        const { folder } = await preparedDataset(whole, dirname(out), () => undefined)
        const dataset = await loadDataset(folder)
        const raw = rawShop(out)
        if (!existsSync(raw)) cpSync(rawShop(folder), raw, { recursive: true })
        const drop = join(raw, 'suspects.json')
        await writeAtomically(drop, printSuspects(suspectsFile(dataset, leftOut(dataset, sifting))))
        await prepareDataset({ ...shopFiles(raw), drop, out, features: localFeatures() })
        checkSame(dataset, await loadDataset(out))
      },
    }
  },
})

/** The rows that are left out. */
function leftOut(dataset: Dataset, sifting: Sifting): readonly number[] {
  const split = splitDataset(dataset)
  if (typeof sifting === 'number') return foreseenSuspects(dataset, split, sifting)
  if (sifting === 'hindsight') return clickSuspects(dataset, usualLeast).suspects.map(({ row }) => row)
  if (sifting === 'planted') {
    const accidental = accidentalOf(dataset, readTruth(rawShop(dataset.folder)))
    return Array.from(accidental.keys()).filter((row) => accidental[row] === 1)
  }
  const { events, manifest } = dataset
  const target = manifest.behaviors.indexOf(manifest.target)
  const clicks = Int32Array.from(events.item.keys()).filter((row) => events.behavior[row] !== target)
  const count = foreseenSuspects(dataset, split, usualLeast).length
  return [...randomStream(1, 'drawn in place of suspects').shuffle(clicks).subarray(0, count)]
}

const suspectsFile = (dataset: Dataset, rows: readonly number[]): Suspects => ({
  format: 'siftrec-suspects',
  version: 1,
  dataset: dataset.manifest.name,
  events: rows.map((row) => suspectEvent(dataset, row)),
  pictures: [],
  users: [],
})

/** @throws Error where an index does not name the same user or item: then ranks could not be compared */
function checkSame(one: Dataset, other: Dataset): void {
  const same = (a: readonly string[], b: readonly string[]): boolean =>
    a.length === b.length && a.every((id, at) => id === b[at])
  if (!same(one.userIds, other.userIds) || !same(one.catalog.ids, other.catalog.ids))
    throw new Error(`${other.folder} has other users or items than ${one.folder}`)
}
