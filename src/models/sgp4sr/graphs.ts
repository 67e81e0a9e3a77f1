/**
 * @file What SGP4SR computes before training: a graph of items for each modality (eq. 1-3), co-occurrence, and interest
 * centers (eq. 8).
 */
import type { TrainingData } from '../../batches/kind.ts'
import type { Dataset, FeatureModality, FeatureTable } from '../../dataset/schema.ts'
import { Bug, UserError } from '../../errors.ts'
import { randomStream } from '../../random/stream.ts'
import { type SparseMatrix, sparseLayout } from '../../tensor/sparse-product.ts'
import type { Offline, OfflineSources } from '../contract/model.ts'
import { clusterItems } from '../parts/clusters.ts'
import { coOccurrence, coOccurrenceEntries, rowNormalized } from '../parts/co-occurrence.ts'
import { blockScores, itemsWithVector, type Neighbors, nearestByCosine } from '../parts/nearest-by-cosine.ts'

/** The options that the graphs and centers depend on. */
export interface OfflineOptions {
  /** H, neighbors of each item in a modality's graph. */
  readonly neighbors: number
  /** mu_m: H_m = round(mu_m H) candidates by cosine. */
  readonly muModal: number
  /** mu_o: H_o = round(mu_o H) items by co-occurrence. */
  readonly muCoOccurrence: number
  /** k, interest centers of each modality; 0 for none. */
  readonly centers: number
  readonly seed: number
  /** w/o COO: the H items of the highest cosine. */
  readonly withoutCoOccurrence: boolean
}

/**
 * Makes the sparse layout `graph.id`, co-occurrence with rows that sum to 1. For each modality of the dataset it makes
 * the sparse layout `graph.MODALITY` (see {@link modalGraph}) and `centers.MODALITY` [k, items + 1], which holds 1 /
 * the cluster's size for its items (R-S5). Graphs are [items + 1, items + 1].
 * @throws UserError when the dataset does not fit the options, before anything is computed
 */
export async function sgp4srOffline(
  options: OfflineOptions,
  { dataset, split, compute }: OfflineSources,
): Promise<Offline> {
  if (!split) throw new Bug('the graphs of SGP4SR are made from a split of events')
  const modalities = Object.entries(dataset.features) as [FeatureModality, FeatureTable][]
  checkOptions(options, dataset)
  const isTaken = (modality: FeatureModality): boolean => isTakenAway(dataset, modality)
  for (const [modality, table] of modalities)
    if (!isTaken(modality)) checkVectors(modality, table, dataset.catalog.ids, options)
  const { neighbors, centers, seed, withoutCoOccurrence } = options
  const together = coOccurrence(dataset, split)
  const made: Record<string, Offline[string]> = sparseLayout('graph.id', rowNormalized(together))
  const candidates = withoutCoOccurrence ? neighbors : Math.round(options.muModal * neighbors)
  const coOccurring = withoutCoOccurrence ? 0 : Math.round(options.muCoOccurrence * neighbors)
  for (const [modality, table] of modalities) {
    if (isTaken(modality)) {
      const rows = dataset.catalog.ids.length
      Object.assign(made, sparseLayout(`graph.${modality}`, silentGraph(rows)))
      if (centers > 0) made[`centers.${modality}`] = { shape: [centers, rows], data: new Float32Array(centers * rows) }
      continue
    }
    const modal = await nearestByCosine(table, candidates, compute)
    Object.assign(made, sparseLayout(`graph.${modality}`, modalGraph(modal, together, { neighbors, coOccurring })))
    if (centers === 0) continue
    const clusters = await clusterItems(
      table,
      { count: centers, random: randomStream(seed, 'clusters', modality) },
      compute,
    )
    made[`centers.${modality}`] = { shape: [centers, clusters.length], data: membership(clusters, centers) }
  }
  return made
}

/**
 * Whether vectors that were prepared are all missing: somebody took them away from a trained model, to see what it
 * makes of that.
 */
function isTakenAway({ features, manifest }: Dataset, modality: FeatureModality): boolean {
  return !features[modality]?.present.includes(1) && (manifest.features[modality]?.present ?? 0) > 0
}

/** A graph that says nothing of any item, [rows, rows]: each keeps itself, with weight 0. */
function silentGraph(rows: number): SparseMatrix {
  const start = Int32Array.from({ length: rows + 1 }, (_, row) => Math.max(0, row - 1))
  const column = Int32Array.from({ length: rows - 1 }, (_, at) => at + 1)
  return { rows, columns: rows, start, column, value: new Float32Array(rows - 1) }
}

/** Bytes that {@link sgp4srOffline} and its file take: co-occurrence, which is by far the largest graph, or cosines. */
export function offlineBytes({ dataset, split }: TrainingData): number {
  if (!split) return 0
  const entries = coOccurrenceEntries(dataset, split)
  const matrix = 8 * entries
  // Forward and backward, ids of 8 bytes and weights of 4; groups whose widths double are padded by a third.
  const layout = (4 / 3) * 2 * 12 * entries
  const items = dataset.catalog.ids.length
  const width = Object.values(dataset.features).reduce((widest, table) => Math.max(widest, table.width), 0)
  const cosines = 4 * items * width + 4 * Math.min(blockScores, items ** 2)
  return matrix + layout + Math.max(layout, cosines)
}

/**
 * The graph of a modality, [items + 1, items + 1] (eq. 2-3, R-S2). An item's H neighbors are chosen from its H_m
 * nearest items. Those that it is most often met with, H_o of them, come first, then the nearest. The item itself is
 * its own nearest and counts as met, so it is always among them. Each row is divided by its number of neighbors (R-S3).
 * An item without a vector keeps itself alone; the pad's row is empty.
 */
export function modalGraph(
  modal: Neighbors,
  together: SparseMatrix,
  { neighbors, coOccurring }: { readonly neighbors: number; readonly coOccurring: number },
): SparseMatrix {
  const { rows } = together
  const chosen = Array.from({ length: rows }, (_, item): readonly number[] => {
    const nearest = [...modal.items.subarray(item * modal.count, (item + 1) * modal.count)]
    if (item === 0) return []
    if (nearest[0] !== item) return [item]
    const met = new Set([item, ...mostMet(together, item, coOccurring)])
    const guided = [...nearest.filter((other) => met.has(other)), ...nearest.filter((other) => !met.has(other))]
    return guided.slice(0, neighbors).sort((a, b) => a - b)
  })
  const start = new Int32Array(rows + 1)
  for (const [item, { length }] of chosen.entries()) start[item + 1] = (start[item] as number) + length
  const value = Float32Array.from(chosen.flatMap((others) => others.map(() => 1 / others.length)))
  return { rows, columns: rows, start, column: Int32Array.from(chosen.flat()), value }
}

/** The items most users touched along with this one, ties by item index. */
function mostMet({ start, column, value }: SparseMatrix, item: number, count: number): number[] {
  const from = start[item] as number
  const places = Array.from({ length: (start[item + 1] as number) - from }, (_, at) => from + at)
  places.sort((a, b) => (value[b] as number) - (value[a] as number) || a - b)
  return places.slice(0, count).map((at) => column[at] as number)
}

function membership(clusters: Int32Array, count: number): Float32Array {
  const sizes = new Int32Array(count)
  for (const cluster of clusters) if (cluster >= 0) sizes[cluster] = (sizes[cluster] as number) + 1
  const rows = new Float32Array(count * clusters.length)
  for (const [item, cluster] of clusters.entries())
    if (cluster >= 0) rows[cluster * clusters.length + item] = 1 / (sizes[cluster] as number)
  return rows
}

function checkOptions({ neighbors, muModal, muCoOccurrence }: OfflineOptions, { catalog }: Dataset): void {
  const items = catalog.ids.length - 1
  if (neighbors > items) {
    throw new UserError({
      where: 'sgp4sr.neighbors',
      problem: 'invalid',
      value: `${neighbors}`,
      expected: `at most the catalog's ${items} items`,
    })
  }
  if (muCoOccurrence >= muModal) {
    throw new UserError({
      where: 'sgp4sr.muCoOccurrence',
      problem: 'invalid',
      value: `${muCoOccurrence}`,
      expected: `less than muModal, ${muModal}`,
    })
  }
}

function checkVectors(
  modality: FeatureModality,
  table: FeatureTable,
  ids: readonly string[],
  { centers }: OfflineOptions,
): void {
  const items = itemsWithVector(table)
  if (items.length === 0) {
    const hint = `prepare the dataset without ${modality} features, or with ones that join its items`
    throw new UserError({ where: `sgp4sr ${modality} features`, problem: 'empty', value: 'no item has a vector', hint })
  }
  if (centers > items.length) {
    const expected = `at most the ${items.length} items with ${modality} features`
    throw new UserError({ where: 'sgp4sr.centers', problem: 'invalid', value: `${centers}`, expected })
  }
  const { vectors, width } = table
  const zero = items.find((item) => vectors.subarray(item * width, (item + 1) * width).every((value) => value === 0))
  if (zero === undefined) return
  const where = `${modality} features of item "${ids[zero] as string}"`
  throw new UserError({
    where,
    problem: 'invalid',
    value: 'all zeros',
    expected: 'a vector with a direction',
    hint: 'leave it out if it is missing',
  })
}
