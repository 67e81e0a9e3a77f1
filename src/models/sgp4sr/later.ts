/**
 * @file The graphs and interest centers of an SGP4SR run on a later dataset. Those of the items that it was trained on
 * stay as they were made (R-S1 to R-S5), and no later event changes them. A new item reads, by each modality that it
 * has, the known items nearest to it by cosine, as many as a graph has neighbors, and its own embedding begins as
 * theirs, by the modalities' weights. Nobody has met it yet, so by its id it reads itself, as it does by a modality
 * that it lacks.
 */
import type { Dataset, FeatureTable } from '../../dataset/schema.ts'
import { movedLayout } from '../../tensor/moved-layout.ts'
import type { LaterOffline, LaterSources, Offline } from '../contract/model.ts'
import { type Kin, type Places, placesAfter } from '../contract/places.ts'
import { presentModalities } from '../parts/modalities.ts'
import { itemsWithVector, nearestAmong } from '../parts/nearest-by-cosine.ts'
import { hasGraphs, type Sgp4srConfig } from './config.ts'
import { type ModalStream, modalStreams, nouns } from './item-views.ts'

/** What a stream says of new items. */
interface Told {
  /** rho_m */
  readonly weight: number
  /** Each of the nearest known items counts the same. */
  readonly kin: Kin
}

/** See the file's header. @param tableOf the vectors of a stream */
export async function laterSgp4sr(
  config: Sgp4srConfig,
  made: Offline,
  { dataset, items, compute }: LaterSources,
  tableOf: (stream: ModalStream) => FeatureTable,
): Promise<LaterOffline> {
  const moved = { rows: items.now, columns: placesAfter(items), keepsSums: true }
  const newItems = Array.from(items.now.keys()).filter((item) => item > 0 && items.now[item] === 0)
  const later: Record<string, Offline[string]> = {}
  for (const [name, tensor] of Object.entries(made))
    if (name.startsWith('centers.')) later[name] = movedCenters(tensor, items)
  if (!hasGraphs(config)) return { made: later }
  /** A new row reads itself, where nothing else is said of it. */
  const graph = (name: string, kin: Kin): void => {
    const added = new Map(newItems.map((item) => [item, kin.get(item) ?? ([[item, 1]] as const)]))
    Object.assign(later, movedLayout(`graph.${name}.forward`, made, { ...moved, added }))
  }
  graph('id', new Map())
  const streams: Told[] = []
  for (const { name, weight } of modalStreams(config, dataset)) {
    const table = tableOf(name)
    const directed = Array.from(itemsWithVector(table)).filter((item) => hasDirection(table, item))
    const isKnown = (item: number): boolean => (items.now[item] as number) > 0
    const some = Int32Array.from(directed.filter((item) => !isKnown(item)))
    const among = Int32Array.from(directed.filter(isKnown))
    const nearest = await nearestAmong(table, { some, among, count: config.neighbors }, compute)
    const kin: Kin = new Map(
      [...nearest].map(([item, others]) => [item, others.map((one) => [one, 1 / others.length])]),
    )
    graph(name, kin)
    streams.push({ weight, kin })
  }
  const kin = kinByAll(newItems, streams)
  return { made: later, kin, newItems: startText(dataset, newItems.length, newItems.length - kin.size) }
}

const hasDirection = ({ vectors, width }: FeatureTable, item: number): boolean =>
  vectors.subarray(item * width, (item + 1) * width).some((value) => value !== 0)

/** C^m [k, items + 1]: members by their later numbers, in a center's same sum; a new item is in no center. */
function movedCenters({ shape: [count = 0], data }: Offline[string], { before, now }: Places): Offline[string] {
  const moved = new Float32Array(count * now.length)
  for (let center = 0; center < count; center++) {
    const was = data.subarray(center * (before + 1), (center + 1) * (before + 1)) as Float32Array
    const own = moved.subarray(center * now.length, (center + 1) * now.length)
    for (const [item, from] of now.entries()) if (from > 0) own[item] = was[from] as number
    const members = (of: Float32Array): number => of.reduce((sum, value) => sum + (value > 0 ? 1 : 0), 0)
    const [had, has] = [members(was), members(own)]
    if (has < had) for (const [item, value] of own.entries()) own[item] = (value * had) / has
  }
  return { shape: [count, now.length], data: moved }
}

/** The kin of items by all modalities that they have: each counts by its weight. */
function kinByAll(newItems: readonly number[], streams: readonly Told[]): Kin {
  const kin = new Map<number, (readonly [number, number])[]>()
  for (const item of newItems) {
    const having = streams.filter((one) => one.kin.has(item))
    const total = having.reduce((sum, { weight }) => sum + weight, 0)
    const entries = having.flatMap((one) => {
      const share = total > 0 ? one.weight / total : 1 / having.length
      return (one.kin.get(item) ?? []).map(([other, weight]) => [other, share * weight] as const)
    })
    if (entries.length > 0) kin.set(item, entries)
  }
  return kin
}

/** How new items start. @param alone how many have no vector */
function startText(dataset: Dataset, newItems: number, alone: number): string {
  if (alone === newItems) return 'new items start as the average item'
  const read = presentModalities(dataset).map((modality) => nouns[modality])
  const first = `new items start from the known items that their ${read.join(' and ')} are most like`
  if (alone === 0) return first
  const [has, starts] = alone === 1 ? ['has', 'starts'] : ['have', 'start']
  const none = read.length > 1 ? 'neither' : 'none'
  return `${first}; ${alone.toLocaleString('en-US')} of them ${has} ${none} and ${starts} as the average item`
}
