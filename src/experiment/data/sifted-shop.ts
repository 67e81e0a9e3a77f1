/**
 * @file The simulated shop without some of its clicks or pictures: those that the audit suspects, and others to compare
 * with.
 */
import { cpSync, existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { suspectEvent } from '../../audit/audit.ts'
import { clickSuspects } from '../../audit/click-suspects.ts'
import { foreseenPictures, foreseenSuspects } from '../../audit/foreseen-suspects.ts'
import { loadDataset } from '../../dataset/load.ts'
import type { Dataset } from '../../dataset/schema.ts'
import { splitDataset } from '../../dataset/splits.ts'
import { localFeatures } from '../../features/local.ts'
import { itemsWithVector } from '../../models/parts/nearest-by-cosine.ts'
import { prepareDataset } from '../../prepare/prepare.ts'
import { randomStream } from '../../random/stream.ts'
import { accidentalOf, readTruth, type Truth, wrongPicturesOf } from '../../simulate/shop.ts'
import { writeAtomically } from '../../storage/atomic.ts'
import { printSuspects, type Suspects } from '../../storage/suspects-file.ts'
import type { DatasetChoice } from '../experiment.ts'
import { preparedDataset } from '../harness/dataset-recipe.ts'
import { rawShop } from '../harness/run-measures.ts'
import { shopFiles, simulatedShop } from './shop-dataset.ts'

/**
 * What is left out, and by what: what the audit suspects with at least a chance, without a look at the targets (a
 * number); as much as with a chance of 0.5, drawn; the planted truth; clicks that an audit of the whole log suspects,
 * targets and all; or all pictures.
 */
export type Sifting =
  | { readonly of: 'clicks'; readonly by: number | 'drawn' | 'planted' | 'hindsight' }
  | { readonly of: 'pictures'; readonly by: number | 'drawn' | 'planted' | 'all' }

/** The least chance of a suspect, unless somebody says otherwise. */
export const usualLeast = 0.5

/** The shop without some clicks or pictures, by `--drop` with a file of suspects; users, items and targets stay. */
export const siftedShop = (sifting: Sifting): DatasetChoice => ({
  label: `simulated shop without ${sifting.of}: ${sifting.by}`,
  recipe(seed) {
    const whole = simulatedShop.recipe(seed)
    const by = typeof sifting.by === 'number' ? `from${Math.round(100 * sifting.by)}` : sifting.by
    const name = `${whole.name}-${sifting.of === 'clicks' ? by : `pictures-${by}`}`
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
        await writeAtomically(drop, printSuspects(suspectsFile(dataset, sifting)))
        await prepareDataset({ ...shopFiles(raw), drop, out, features: localFeatures() })
        checkSame(dataset, await loadDataset(out))
      },
    }
  },
})

function suspectsFile(dataset: Dataset, sifting: Sifting): Suspects {
  const rows = sifting.of === 'clicks' ? clicksLeftOut(dataset, sifting.by) : []
  const items = sifting.of === 'pictures' ? picturesLeftOut(dataset, sifting.by) : []
  return {
    format: 'siftrec-suspects',
    version: 1,
    dataset: dataset.manifest.name,
    events: rows.map((row) => suspectEvent(dataset, row)),
    pictures: items.map((item) => ({ item: dataset.catalog.ids[item] as string })),
    users: [],
  }
}

const truthOf = ({ folder }: Dataset): Truth => readTruth(rawShop(folder))
const drawnOf = (all: Int32Array, count: number): readonly number[] => [
  ...randomStream(1, 'drawn in place of suspects').shuffle(all).subarray(0, count),
]

/** The rows that are left out. */
function clicksLeftOut(dataset: Dataset, by: Extract<Sifting, { of: 'clicks' }>['by']): readonly number[] {
  const split = splitDataset(dataset)
  if (typeof by === 'number') return foreseenSuspects(dataset, split, by)
  if (by === 'hindsight') return clickSuspects(dataset, usualLeast).suspects.map(({ row }) => row)
  if (by === 'planted') {
    const accidental = accidentalOf(dataset, truthOf(dataset))
    return Array.from(accidental.keys()).filter((row) => accidental[row] === 1)
  }
  const { events, manifest } = dataset
  const target = manifest.behaviors.indexOf(manifest.target)
  const clicks = Int32Array.from(events.item.keys()).filter((row) => events.behavior[row] !== target)
  return drawnOf(clicks, foreseenSuspects(dataset, split, usualLeast).length)
}

/** The items whose pictures are left out. */
function picturesLeftOut(dataset: Dataset, by: Extract<Sifting, { of: 'pictures' }>['by']): readonly number[] {
  if (typeof by === 'number') return foreseenPictures(dataset, splitDataset(dataset), by)
  const pictured = picturedItems(dataset)
  if (by === 'all') return [...pictured]
  if (by === 'drawn') return drawnOf(pictured, picturesLeftOut(dataset, usualLeast).length)
  const wrong = wrongPicturesOf(dataset, truthOf(dataset))
  return Array.from(pictured).filter((item) => wrong[item] === 1)
}

/** The items with a vector of their picture, ascending. */
export const picturedItems = ({ features: { image } }: Dataset): Int32Array =>
  image ? itemsWithVector(image) : new Int32Array(0)

/** @throws Error where an index does not name the same user or item: then ranks could not be compared */
function checkSame(one: Dataset, other: Dataset): void {
  const same = (a: readonly string[], b: readonly string[]): boolean =>
    a.length === b.length && a.every((id, at) => id === b[at])
  if (!same(one.userIds, other.userIds) || !same(one.catalog.ids, other.catalog.ids))
    throw new Error(`${other.folder} has other users or items than ${one.folder}`)
}
