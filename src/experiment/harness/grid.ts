/** @file The grid of a comparison: tuning by validation, then every variant with every seed, each cell once. */
import { UserError } from '../../errors.ts'
import { type ClickSliceName, clickSlices, type Slice, sliceOf } from '../../evaluate/slices.ts'
import { betterOf, isBetter } from '../../metrics/table.ts'
import { taskOptions } from '../../runs/task-options.ts'
import type { Comparison, Variant } from '../experiment.ts'
import { constantOf } from '../figures/click-results.ts'
import type { ComparisonResult, Tried, VariantRuns } from '../figures/comparison-result.ts'
import { resultsOf, validationOf } from '../figures/results.ts'
import { isClicks, type OptionSet, type SliceName, type StoredRanks, type Tested } from '../terms.ts'
import type { CellJob } from './cell-jobs.ts'
import { checkComparison, mergedOptions } from './check-comparison.ts'
import type { PreparedDataset } from './dataset-recipe.ts'
import { type Cell, cellOf, isDone, testedOf, trainedOf } from './grid-cell.ts'

/** A comparison whose seeds are settled. */
export type SeededComparison = Comparison & { readonly seeds: readonly number[] }

/** What a grid works with. */
export interface GridSettings {
  readonly comparison: SeededComparison
  /** What comes before a cell's name in progress, where an experiment has several comparisons. */
  readonly prefix: string
  /** Folder of all cells; experiments share those that are the same. */
  readonly cells: string
  /** The dataset of a variant and seed. */
  readonly dataset: (variant: Variant, seed: number) => PreparedDataset
  /** Whether a variant is to be trained; those that are not are in the table if they are done. */
  readonly wanted: (variant: Variant) => boolean
}

/** A comparison's grid. */
export interface Grid {
  readonly title: string
  /** What tuning needs, with the first seed; their test targets stay unseen. */
  tuningJobs(): CellJob[]
  /** All wanted variants and seeds, once tuning has ended. */
  jobs(): CellJob[]
  /** How many trainings it takes at most, those included that are done. */
  planned(): number
  /**
   * The cells of all variants, not only of those that are wanted, as far as it is known which: what tuning chose is
   * looked up where it is reached, so that those who ask may look for what was tried elsewhere meanwhile.
   */
  cells(): Iterable<Cell>
  /** The figures of the variants that are done. */
  result(): ComparisonResult
  /** Whether every wanted variant is done. */
  isDone(): boolean
  /** What is done, with the cell of each seed. */
  done(): { readonly variant: Variant; readonly seed: number; readonly cell: Cell }[]
  /** The best and the worst variant by validation with more seeds, where this is asked for and all are done. */
  extremes(): SeededComparison | undefined
}

/** @throws UserError as {@link checkComparison} */
export function gridOf(settings: GridSettings): Grid {
  const { comparison, prefix, wanted } = settings
  const { variants, seeds } = comparison
  checkComparison(comparison)
  const needed = variants.filter(
    (variant) => wanted(variant) || variants.some((other) => other.like === variant.name && wanted(other)),
  )
  return {
    title: comparison.title,
    tuningJobs: () =>
      needed.flatMap((variant) =>
        (variant.tune ?? []).map((set, at) => {
          const label = `${prefix}${variant.name}, option set ${at + 1} of ${variant.tune?.length}`
          return {
            label,
            cell: cellFor(settings, variant, mergedOptions(variant, set), firstOf(seeds)),
            stage: 'trained' as const,
          }
        }),
      ),
    jobs: () =>
      seeds.flatMap((seed) =>
        variants.filter(wanted).map((variant) => {
          const options = chosenOptions(settings, variant)
          if (!options)
            throw new UserError({
              where: variant.name,
              problem: 'missing',
              value: 'what tuning tried',
              hint: 'run the tuning first',
            })
          return {
            label: `${prefix}${variant.name}, seed ${seed}`,
            cell: cellFor(settings, variant, options, seed),
            stage: 'tested' as const,
          }
        }),
      ),
    planned() {
      const tried = needed.reduce((sum, { tune = [] }) => sum + tune.length, 0)
      const more = comparison.extremes?.filter((seed) => !seeds.includes(seed)).length ?? 0
      // The cell that tuning keeps is that of the first seed.
      const trained = variants.filter(wanted).map(({ tune }) => seeds.length - (tune ? 1 : 0))
      return trained.reduce((sum, count) => sum + count, tried + 2 * more)
    },
    *cells() {
      for (const variant of variants)
        for (const set of variant.tune ?? [])
          yield cellFor(settings, variant, mergedOptions(variant, set), firstOf(seeds))
      for (const variant of variants) {
        const options = chosenOptions(settings, variant)
        if (options) for (const seed of seeds) yield cellFor(settings, variant, options, seed)
      }
    },
    result: () => resultOf(settings),
    isDone: () => variants.filter(wanted).every((variant) => doneOf(settings, variant) !== undefined),
    done: () =>
      variants.flatMap((variant) => {
        const { cells = [] } = doneOf(settings, variant) ?? {}
        return cells.map((cell, at) => ({ variant, seed: seeds[at] as number, cell }))
      }),
    extremes: () => extremesOf(settings),
  }
}

/** A variant's options and its cells, one a seed; undefined while one of them is still to be done. */
function doneOf(
  settings: GridSettings,
  variant: Variant,
): { readonly options: Required<OptionSet>; readonly cells: readonly Cell[] } | undefined {
  const options = chosenOptions(settings, variant)
  if (!options) return undefined
  const cells = settings.comparison.seeds.map((seed) => cellFor(settings, variant, options, seed))
  return cells.every((cell) => isDone(cell, 'tested')) ? { options, cells } : undefined
}

function extremesOf(settings: GridSettings): SeededComparison | undefined {
  const { comparison } = settings
  const { extremes: seeds, ...rest } = comparison
  if (!seeds) return undefined
  const judged: { readonly variant: Variant; readonly value: number }[] = []
  for (const variant of comparison.variants) {
    const done = doneOf(settings, variant)
    if (!done) return undefined
    const { name, model, dataset, split } = variant
    const like = { name, model, ...(dataset && { dataset }), ...(split && { split }) }
    const value = validationOf(done.cells.flatMap((cell) => trainedOf(cell) ?? []))
    judged.push({ variant: { ...like, ...done.options }, value })
  }
  const [first, ...others] = judged
  if (!first || others.length === 0) return undefined
  const better = betterOf(taskOptions(first.variant.model).metric)
  const best = others.reduce((best, one) => (isBetter(better, one.value, best.value) ? one : best), first)
  const worst = others.reduce((worst, one) => (isBetter(better, worst.value, one.value) ? one : worst), first)
  const title = `${comparison.title}: best and worst`
  return { ...rest, title, seeds, reference: worst.variant.name, variants: [best.variant, worst.variant] }
}

const firstOf = (seeds: readonly number[]): number => seeds[0] as number

function cellFor(
  { comparison, cells, dataset }: GridSettings,
  variant: Variant,
  options: OptionSet,
  seed: number,
): Cell {
  const { sampled = true, measure } = comparison
  const split = variant.split ?? comparison.split ?? {}
  const settings = {
    model: variant.model,
    seed,
    dataset: dataset(variant, seed),
    split,
    sampled,
    ...(measure !== undefined && { measure }),
  }
  return cellOf(cells, { ...settings, ...options })
}

/** What was tried for a variant, best first kept; undefined while something is still to be trained. */
function triedFor(settings: GridSettings, variant: Variant): Tried[] | undefined {
  const seed = firstOf(settings.comparison.seeds)
  const tried = (variant.tune ?? []).map((set) => {
    const options = mergedOptions(variant, set)
    const trained = trainedOf(cellFor(settings, variant, options, seed))
    return {
      variant: variant.name,
      options: { ...options.config, ...options.training },
      seed,
      validation: trained && validationOf([trained]),
    }
  })
  const figures = tried.flatMap(({ validation }) => validation ?? [])
  if (figures.length < tried.length) return undefined
  const better = betterOf(taskOptions(variant.model).metric)
  const best = figures.reduce((best, figure, at) => (isBetter(better, figure, figures[best] as number) ? at : best), 0)
  return tried.map((one, at) => ({ ...one, validation: figures[at] as number, kept: at === best }))
}

/** A variant's options with what validation kept; undefined while tuning has not ended. */
function chosenOptions(settings: GridSettings, variant: Variant): Required<OptionSet> | undefined {
  const like = settings.comparison.variants.find(({ name }) => name === variant.like)
  const under = like ? chosenOptions(settings, like) : {}
  if (!under) return undefined
  const tried = triedFor(settings, variant)
  if (!tried) return undefined
  const best = variant.tune?.[tried.findIndex(({ kept }) => kept)] ?? {}
  return mergedOptions(under, variant, best)
}

function resultOf(settings: GridSettings): ComparisonResult {
  const { comparison } = settings
  const { title, seeds, metrics, reference, variants, measure, improvedOver } = comparison
  const slice = comparison.slice && sliceFor(settings, comparison.slice)
  const runs = variants.flatMap((variant): VariantRuns[] => {
    const done = doneOf(settings, variant)
    if (!done) return []
    const { options, cells } = done
    const tested = cells.flatMap((cell) => testedOf(cell) ?? [])
    const against = variant.against ?? reference
    return [
      {
        variant: variant.name,
        model: variant.model,
        options,
        dataset: (variant.dataset ?? comparison.dataset).label,
        seeds,
        trained: cells.flatMap((cell) => trainedOf(cell) ?? []),
        tested: slice ? tested.map(slice.of) : tested,
        ...(against !== undefined && against !== variant.name && { against }),
        ...(improvedOver !== undefined && { improvedOver }),
      },
    ]
  })
  const results = resultsOf(title, metrics, runs)
  const constant = constantOf(runs)
  const [first] = runs[0]?.tested ?? []
  if (!first) throw new UserError({ where: `table "${title}"`, problem: 'empty', value: 'no variant is done' })
  const { user } = first.test
  const tried = variants.flatMap((variant) => triedFor(settings, variant) ?? [])
  const about = { title, frame: first.frame, targets: user.length, users: new Set(user).size, seeds, metrics }
  const absent = variants.flatMap(({ name }) => (runs.some(({ variant }) => variant === name) ? [] : [name]))
  const more = {
    ...(measure !== undefined && { measure }),
    ...(improvedOver !== undefined && { improvedOver }),
    ...(constant && { constant }),
    ...(slice && { slice: slice.about }),
  }
  return { ...about, ...more, variants: results, tried, absent }
}

/** What a slice of the test targets is in words, and what it leaves of a cell's. */
interface Sliced {
  readonly about: string
  readonly of: (tested: Tested) => Tested
}

function sliceFor(settings: GridSettings, name: SliceName): Sliced {
  if (name in clickSlices) {
    const { about, known: wanted } = clickSlices[name as ClickSliceName]
    return { about, of: (tested) => slicedClicks(tested, name, wanted) }
  }
  const { variants, seeds } = settings.comparison
  const slice = sliceOf(name, settings.dataset(variants[0] as Variant, firstOf(seeds)))
  return { about: slice.about, of: (tested) => slicedRanks(tested, slice) }
}

const noneIn = (name: string): UserError =>
  new UserError({ where: `slice ${name}`, problem: 'empty', value: 'no test target' })

/** The places of a list's elements that are wanted, and what they leave of a list. @throws UserError `empty` */
function keptWhere<T>(name: string, list: readonly T[], isWanted: (value: T) => boolean) {
  const kept = list.flatMap((value, at) => (isWanted(value) ? [at] : []))
  if (kept.length === 0) throw noneIn(name)
  return (other: readonly number[]): number[] => kept.map((at) => other[at] as number)
}

/**
 * A cell's impressions of the users that a slice holds.
 * @throws UserError `empty` where it holds none, `missing` for a cell from before these slices
 */
function slicedClicks({ test, ...tested }: Tested, name: string, wanted: 0 | 1): Tested {
  if (!isClicks(test)) throw noneIn(name)
  const { model, known } = test
  if (!known)
    throw new UserError({
      where: `cell ${tested.key}`,
      problem: 'missing',
      value: 'which users training knew',
      hint: 'it is of an earlier version: remove its folder and run the experiment again',
    })
  const of = keptWhere(name, known, (own) => own === wanted)
  const lists = { user: of(test.user), label: of(test.label), probability: of(test.probability), known: of(known) }
  return { ...tested, test: { model, ...lists } }
}

/** A cell's ranks of the targets that a slice holds. @throws UserError `empty` where it holds none */
function slicedRanks({ test, ...tested }: Tested, { name, holds }: Slice): Tested {
  if (isClicks(test)) throw noneIn(name)
  const of = keptWhere(name, test.earlier, (earlier) => holds({ earlier, behavior: '' }))
  const { model, rows, user, earlier, full, sampled99 } = test
  const lists: StoredRanks = { model, rows: of(rows), user: of(user), earlier: of(earlier), full: of(full) }
  return { ...tested, test: { ...lists, ...(sampled99 && { sampled99: of(sampled99) }) } }
}
