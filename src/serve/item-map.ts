/** @file The map of items: what a model takes for alike, before and after it learned or took noise out. */
import { Worker } from 'node:worker_threads'
import type { Dataset, FeatureModality, ItemIndex } from '../dataset/schema.ts'
import { topItems } from '../dataset/top-items.ts'
import type { MapLayout } from '../map/map-layout.ts'
import type { MapVectors } from '../map/nearest.ts'
import type { Scorer } from '../models/contract/scorer.ts'
import { popularScores } from '../rank/empty-histories.ts'
import { itemTableOf, vectorWidth } from '../rank/similar.ts'
import type { OpenRun } from '../runs/open-run.ts'
import { runName } from './answering.ts'
import type { ItemMap, ItemMapSide } from './service.ts'
import type { Serving } from './serving.ts'

/** The most items of a map: those with the most targets in training. */
const mostItems = 2000
/** Fields by which items are colored, where a dataset has one; else its first one. */
const categories = ['category', 'categories', 'genre', 'genres']

/** Lays several sets of vectors of the same items out. */
export type Layouts = (maps: readonly MapVectors[]) => Promise<readonly MapLayout[]>

/** See `Service.map`. */
export async function itemMap(serving: Serving, run: OpenRun, layouts: Layouts): Promise<ItemMap> {
  const { dataset, split, scorer } = run
  const shown = topItems(popularScores(dataset, split), mostItems).map(({ item }) => item)
  const denoised = await scorer.denoisedItems?.()
  const { before, after } = denoised
    ? { before: rowsOf(denoised.before, denoised, shown), after: rowsOf(denoised.after, denoised, shown) }
    : { before: featureRows(dataset, serving.modalities, shown), after: await tableRows(scorer, shown) }
  const laid = await layouts(before ? [before, after] : [after])
  const { catalog } = serving.listings.last
  const field = categories.find((name) => catalog.fields[name]) ?? Object.keys(catalog.fields)[0]
  const column = field === undefined ? undefined : catalog.fields[field]
  return {
    run: runName(run),
    model: run.run.model,
    denoises: denoised !== undefined,
    of: catalog.ids.length - 1,
    ...(field !== undefined && { field }),
    items: shown.map((item) => ({
      id: catalog.ids[item] as string,
      title: catalog.titles[item] as string,
      category: column?.vocabulary[column.values[item] as number] ?? '',
      picture: serving.pictures.of(item) !== undefined,
    })),
    ...(before && { before: sideOf(laid[0] as MapLayout) }),
    after: sideOf(laid.at(-1) as MapLayout),
  }
}

/** @param kept how many of the columns are the vector; all by default */
function rowsOf(
  table: Float32Array,
  { width }: { readonly width: number },
  items: readonly ItemIndex[],
  kept = width,
): MapVectors {
  const vectors = new Float32Array(items.length * kept)
  for (const [row, item] of items.entries()) vectors.set(table.subarray(item * width, item * width + kept), row * kept)
  return { width: kept, vectors }
}

/** The vectors of the table that ranks. @throws UserError `unsupported` for a model without one */
async function tableRows(scorer: Scorer, items: readonly ItemIndex[]): Promise<MapVectors> {
  const table = await itemTableOf(scorer, 'map')
  return rowsOf(table.table, table, items, vectorWidth(table))
}

/** The prepared vectors of what a run reads, each modality as long as the other; undefined where it reads none. */
function featureRows(
  { features }: Dataset,
  modalities: readonly FeatureModality[],
  items: readonly ItemIndex[],
): MapVectors | undefined {
  const tables = modalities.flatMap((modality) => features[modality] ?? [])
  if (tables.length === 0) return undefined
  const width = tables.reduce((sum, table) => sum + table.width, 0)
  const vectors = new Float32Array(items.length * width)
  let from = 0
  for (const table of tables) {
    for (const [row, item] of items.entries()) {
      const vector = table.vectors.subarray(item * table.width, (item + 1) * table.width)
      const length = Math.hypot(...vector) || 1
      for (const [at, value] of vector.entries()) vectors[row * width + from + at] = value / length
    }
    from += table.width
  }
  return { width, vectors }
}

const sideOf = ({ points, near }: MapLayout): ItemMapSide => ({
  points: Array.from(points, (value) => Math.round(value * 1000) / 1000),
  near: [...near],
})

/** Of all maps: the same run has the same map each time. */
const seed = 1

/** Lays maps out in a thread of its own. */
export const inThread: Layouts = (maps) =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./map-worker.js', import.meta.url), { workerData: { maps, seed } })
    worker.unref()
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', (code) => reject(new Error(`the map was not laid out: exit ${code}`)))
  })
