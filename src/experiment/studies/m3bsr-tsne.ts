/**
 * @file M³BSR's vectors of items before and after its modality denoising, and with an MLP in its place (the paper's
 * Fig. 5): a map of each, and how often neighbors are of one category. The map is UMAP's, as the page's, not t-SNE's.
 */
import type { Dataset, ItemIndex } from '../../dataset/schema.ts'
import { topItems } from '../../dataset/top-items.ts'
import { UserError } from '../../errors.ts'
import { bootstrapMeans, type Interval } from '../../evaluate/intervals.ts'
import { markdownTable, printInterval } from '../../evaluate/printing.ts'
import { type MapVectors, neighborPurity, purityByChance } from '../../map/nearest.ts'
import { readTruth } from '../../simulate/shop.ts'
import type { Experiment, Findings, TrainedCell } from '../experiment.ts'
import { overSeeds } from '../figures/rank-results.ts'
import { rounded } from '../figures/results.ts'
import type { Scatter } from '../figures/scatter.ts'
import { rawShop } from '../harness/run-measures.ts'
import { evaluationSeed } from '../terms.ts'
import { compared, m3bsrOn, sets, spent } from './m3bsr-comparisons.ts'

const withMlp = 'an MLP in place of CDMD-M'
/** The items of a map: those with the most events. */
const mostItems = 600
/** Categories with a color of their own; the rest are one. */
const mostCategories = 15

/** Maps and purities of both. */
export const m3bsrTsne: Experiment = {
  name: 'm3bsr-tsne',
  title: 'Items before and after denoising',
  about:
    'The vectors of items that M³BSR reads before and after it denoises pictures and texts, and with an MLP in place of the denoising, on the simulated shop and ml-latest-small.',
  guess: { hours: 2, from: `${spent}; M³BSR’s are cells of m3bsr-table2` },
  comparisons: (wanted) =>
    (['shop', 'movies'] as const).map((set) => {
      const variants = [m3bsrOn(set), m3bsrOn(set, { name: withMlp, config: { modalityDenoiser: 'mlp' } })]
      return compared(wanted, set, { title: sets[set].title, reference: 'M³BSR', variants })
    }),
  look: mapsOf,
}

/** What is shown of a data set: vectors of the same items by each seed. */
interface Shown {
  readonly title: string
  readonly categories: readonly string[]
  /** What the categories are. */
  readonly field: string
  readonly bySeed: readonly Readonly<Record<Side, MapVectors>>[]
}
const sides = { before: 'before', after: 'after CDMD-M', mlp: 'after an MLP' } as const
type Side = keyof typeof sides

async function mapsOf(cells: readonly TrainedCell[]): Promise<Findings> {
  const shown: Shown[] = []
  for (const title of new Set(cells.map(({ comparison }) => comparison))) {
    const here = cells.filter(({ comparison }) => comparison === title)
    const one = await vectorsOf(title, here)
    if (one) shown.push(one)
  }
  if (shown.length === 0)
    throw new UserError({ where: m3bsrTsne.name, problem: 'empty', value: 'M³BSR and its MLP are not both trained' })
  const rows: Scatter[][] = []
  for (const one of shown) rows.push(await scattersOf(one))
  const found = shown.flatMap(purities)
  const chance = shown.map(
    ({ title, categories, field }) => `${title} by ${field} ${purityByChance(categories).toFixed(3)}`,
  )
  const page = [
    `Neighbor purity: the share of an item's 10 nearest by the cosine that are of its category, over the ${mostItems} items with the most events, averaged over the seeds; the interval resamples items. Neighbors that are drawn at random would have: ${chance.join(', ')}. The maps are of the first seed.`,
    markdownTable(
      ['data set', 'category', 'vectors', 'neighbor purity', 'minus before'],
      found.map(({ title, field, side, purity, less }) => [
        title,
        field,
        sides[side],
        printInterval(purity, 4),
        less ? printInterval(less, 4) : '-',
      ]),
    ),
  ].join('\n\n')
  const told = ({ mean, low = mean, high = mean }: Interval) => ({
    mean: rounded(mean),
    low: rounded(low),
    high: rounded(high),
  })
  const lines = found.map(({ title, field, side, purity, less }) => ({
    comparison: title,
    category: field,
    vectors: sides[side],
    purity: told(purity),
    ...(less && { minusBefore: told(less) }),
  }))
  return { page, lines, plot: { title: m3bsrTsne.title, rows } }
}

/** Reads the vectors of each seed that both models have; undefined where there is none. */
async function vectorsOf(title: string, cells: readonly TrainedCell[]): Promise<Shown | undefined> {
  let known: Pick<Shown, 'categories' | 'field'> | undefined
  const bySeed: Shown['bySeed'][number][] = []
  for (const seed of new Set(cells.map(({ seed }) => seed))) {
    const [whole, replaced] = ['M³BSR', withMlp].map((name) =>
      cells.find((cell) => cell.seed === seed && cell.variant === name),
    )
    if (!whole || !replaced) continue
    const { before, after, dataset, items } = await readSides(whole)
    known ??= categoriesOf(dataset, items)
    bySeed.push({ before, after, mlp: (await readSides(replaced)).after })
  }
  return known && { title, ...known, bySeed }
}

async function readSides({ open }: TrainedCell) {
  await using run = await open()
  const items = mostTouched(run.dataset)
  const denoised = await run.scorer.denoisedItems?.()
  if (!denoised)
    throw new UserError({ where: run.folder, problem: 'unsupported', value: 'a model that denoises nothing' })
  const { width } = denoised
  const rowsOf = (table: Float32Array): MapVectors => {
    const vectors = new Float32Array(items.length * width)
    for (const [row, item] of items.entries())
      vectors.set(table.subarray(item * width, (item + 1) * width), row * width)
    return { width, vectors }
  }
  return { before: rowsOf(denoised.before), after: rowsOf(denoised.after), dataset: run.dataset, items }
}

function mostTouched({ events, catalog }: Dataset): ItemIndex[] {
  const counts = new Float32Array(catalog.ids.length)
  for (const item of events.item) counts[item] = (counts[item] as number) + 1
  return topItems(counts, mostItems).map(({ item }) => item)
}

/** The shop's planted topics, or the categories of a catalog; rare ones are one. */
function categoriesOf({ folder, catalog, manifest }: Dataset, items: readonly ItemIndex[]) {
  const column = catalog.fields['category']
  const topics =
    manifest.name === 'shop'
      ? new Map(readTruth(rawShop(folder)).items.map(({ id, topic }) => [id, `topic ${topic + 1}`]))
      : undefined
  const kinds = items.map((item) =>
    topics ? topics.get(catalog.ids[item] as string) : column?.vocabulary[column.values[item] as number],
  )
  const counts = new Map<string, number>()
  for (const kind of kinds) if (kind) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  const kept = new Set(
    [...counts].toSorted(([, a], [, b]) => b - a).flatMap(([kind], at) => (at < mostCategories ? [kind] : [])),
  )
  return {
    field: topics ? 'planted topic' : 'category',
    categories: kinds.map((kind) => (kind && kept.has(kind) ? kind : 'other')),
  }
}

async function scattersOf({ title, categories, field, bySeed }: Shown): Promise<Scatter[]> {
  // Loaded where it is needed: other experiments lay nothing out.
  const { mapLayout } = await import('../../map/map-layout.ts')
  const [first] = bySeed
  return Object.entries(sides).map(([side, name]) => {
    const { points } = mapLayout(first?.[side as Side] as MapVectors, evaluationSeed)
    const place = (at: number): number => Math.round((points[at] as number) * 100) / 100
    return {
      title: `${title}, ${name}, by ${field}`,
      points: categories.map((category, at) => ({ x: place(2 * at), y: place(2 * at + 1), category })),
    }
  })
}

function purities({ title, field, categories, bySeed }: Shown) {
  const names = Object.keys(sides) as Side[]
  const columns = names.map((side) => overSeeds(bySeed.map((seed) => neighborPurity(seed[side], categories))))
  const less = columns.slice(1).map((column) => column.map((value, at) => value - (columns[0]?.[at] as number)))
  const items = categories.map((_, at) => at)
  const intervals = bootstrapMeans([...columns, ...less], items, { seed: evaluationSeed })
  return names.map((side, at) => ({
    title,
    field,
    side,
    purity: intervals[at] as Interval,
    ...(at > 0 && { less: intervals[names.length + at - 1] as Interval }),
  }))
}
