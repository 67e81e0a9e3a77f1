/**
 * @file What the audit's suspects cost a model: trained on all of the shop's clicks and pictures, and without the
 * suspects. All rank the same targets among the same candidates.
 */
import type { Dataset } from '../../dataset/schema.ts'
import { bootstrapMeans, type Interval, pairedDifference } from '../../evaluate/intervals.ts'
import { markdownTable, percent, printInterval } from '../../evaluate/printing.ts'
import { rankTargets } from '../../evaluate/rank.ts'
import { printedFigure, rankFormula, validationMetric } from '../../metrics/table.ts'
import type { OpenRun } from '../../runs/open-run.ts'
import { accidentalOf, readTruth, wrongPicturesOf } from '../../simulate/shop.ts'
import { picturedItems, type Sifting, siftedShop, usualLeast } from '../data/sifted-shop.ts'
import type { Comparison, Experiment, Findings, TrainedCell, Variant, Wanted } from '../experiment.ts'
import { overSeeds } from '../figures/rank-results.ts'
import { rounded } from '../figures/results.ts'
import { rawShop } from '../harness/run-measures.ts'
import { evaluationSeed } from '../terms.ts'
import { compared, m3bsrOn, sasrecs } from './m3bsr-comparisons.ts'

const everything = 'everything'
const suspectsFrom = (least: number): string => `without suspects from ${least}`
/** What validation chooses from, with the first seed: how sure the audit has to be of a suspect. */
const leasts: readonly number[] = [0.9, usualLeast, 0.3]
/** What it chose; the other seeds are for that alone. */
const kept = suspectsFrom(0.3)
/** Every sifting by its name. */
const siftings: Readonly<Record<string, Sifting>> = {
  ...Object.fromEntries(leasts.map((least) => [suspectsFrom(least), { of: 'clicks', by: least } as const])),
  'without as many at random': { of: 'clicks', by: 'drawn' },
  'without suspects of hindsight': { of: 'clicks', by: 'hindsight' },
  'without the planted accidents': { of: 'clicks', by: 'planted' },
  'without suspected pictures': { of: 'pictures', by: usualLeast },
  'without as many pictures at random': { of: 'pictures', by: 'drawn' },
  'without the planted wrong pictures': { of: 'pictures', by: 'planted' },
  'without any picture': { of: 'pictures', by: 'all' },
}
const siftingsOf = (what: Sifting['of']): string[] =>
  Object.entries(siftings).flatMap(([name, { of }]) => (of === what ? [name] : []))
const choices = leasts.map(suspectsFrom)

/** A model on all of the log, and on what some siftings leave of it. */
function sifted(wanted: Wanted, title: string, model: Omit<Variant, 'name'>, without: readonly string[]): Comparison {
  const variants = without.map((name): Variant => ({ ...model, name, dataset: siftedShop(siftings[name] as Sifting) }))
  return compared(wanted, 'shop', {
    title,
    reference: everything,
    variants: [{ ...model, name: everything }, ...variants],
  })
}

/** SASRec and M³BSR with and without the suspects. */
export const auditCost: Experiment = {
  name: 'audit-cost',
  title: 'What the audit’s suspects cost a model',
  about:
    'Models on the simulated shop with and without what siftrec audit suspects. SASRec and M³BSR without clicks, by how sure the audit is of them, beside as many clicks drawn, the planted accidents, and an audit that knows the targets. SASRec with features and M³BSR without pictures, beside as many drawn, the planted wrong ones, and no pictures at all.',
  comparisons(wanted) {
    const [sasrec, withFeatures] = sasrecs('shop') as [Variant, Variant]
    const usual = suspectsFrom(usualLeast)
    const others = siftingsOf('clicks').filter((name) => name === usual || !choices.includes(name))
    const pictures = siftingsOf('pictures')
    return [
      sifted(wanted, 'SASRec', sasrec, [kept]),
      { ...sifted(wanted, 'SASRec, by how sure the audit is', sasrec, choices), seeds: [1] },
      { ...sifted(wanted, 'SASRec, beside other logs', sasrec, others), seeds: [1] },
      { ...sifted(wanted, 'M³BSR', m3bsrOn('shop'), [kept]), seeds: [1] },
      { ...sifted(wanted, `${withFeatures.name}, pictures`, withFeatures, pictures), seeds: [1] },
      { ...sifted(wanted, 'M³BSR, pictures', m3bsrOn('shop'), pictures.slice(0, 1)), seeds: [1] },
    ]
  },
  look: costsOf,
}

/** A part of the targets, by all cells of a variant. */
interface Measured {
  readonly user: readonly number[]
  /** NDCG@10 of each target, averaged over seeds. */
  readonly figures: readonly number[]
}
type Part = 'validation' | 'test'
const parts: readonly Part[] = ['validation', 'test']

/** A variant's figures, and what it left out. */
interface Cost {
  readonly comparison: string
  readonly variant: string
  readonly clicks: number
  readonly pictures: number
  /** How many of them were planted. */
  readonly planted: number
  readonly figures: Readonly<Record<Part, Interval>>
  /** Less those with everything. */
  readonly gains: Readonly<Record<Part, Interval>>
}

type LeftOut = Pick<Cost, 'clicks' | 'pictures' | 'planted'>

async function costsOf(cells: readonly TrainedCell[]): Promise<Findings> {
  const costs: Cost[] = []
  for (const comparison of new Set(cells.map((cell) => cell.comparison)))
    costs.push(...(await costsIn(cells.filter((cell) => cell.comparison === comparison))))
  return { page: pageOf(costs), lines: costs.map(lineOf), plot: plotOf(costs) }
}

/** One model's variants. The log with everything has the targets, and the items that are left out of a ranking. */
async function costsIn(cells: readonly TrainedCell[]): Promise<Cost[]> {
  const reference = cells.find(({ variant }) => variant === everything)
  if (!reference) return []
  await using whole = await reference.open()
  const measured = new Map<string, Readonly<Record<Part, Measured>>>()
  const left = new Map<string, LeftOut>()
  for (const variant of new Set(cells.map((cell) => cell.variant))) {
    const seeds: Readonly<Record<Part, Measured>>[] = []
    for (const cell of cells.filter((one) => one.variant === variant)) {
      await using run = await cell.open()
      seeds.push(await measuredBy(run, whole))
      left.set(variant, leftOutOf(whole, run))
    }
    measured.set(variant, { validation: meanOf(seeds, 'validation'), test: meanOf(seeds, 'test') })
  }
  const base = measured.get(everything)
  return [...measured].map(
    ([variant, own]): Cost => ({
      comparison: reference.comparison,
      variant,
      ...(left.get(variant) ?? { clicks: 0, pictures: 0, planted: 0 }),
      figures: byPart((part) => intervalOf(own[part])),
      gains: byPart((part) => gainOf(own[part], base?.[part] ?? own[part])),
    }),
  )
}

const byPart = <T>(of: (part: Part) => T): Record<Part, T> => ({ validation: of('validation'), test: of('test') })
const seeded = { seed: evaluationSeed }
const intervalOf = ({ user, figures }: Measured): Interval =>
  bootstrapMeans([Float64Array.from(figures)], user, seeded)[0] as Interval
const gainOf = (one: Measured, other: Measured): Interval =>
  pairedDifference(Float64Array.from(one.figures), Float64Array.from(other.figures), one.user, seeded)
const meanOf = (seeds: readonly Readonly<Record<Part, Measured>>[], part: Part): Measured => ({
  user: seeds[0]?.[part].user ?? [],
  figures: overSeeds(seeds.map((one) => one[part].figures)),
})

/** What a run makes of the targets of another: it is shown the histories of its own log. */
async function measuredBy(run: OpenRun, whole: OpenRun): Promise<Record<Part, Measured>> {
  const formula = rankFormula(validationMetric.ranks)
  const of = async (part: Part): Promise<Measured> => {
    const asked = { part, seed: evaluationSeed, maxLength: run.maxLength, sampled: false, shown: run.dataset.events }
    const { user, full } = await rankTargets(run.scorer, whole.dataset, whole.split, asked)
    return { user: Array.from(user), figures: Array.from(full, formula) }
  }
  return { validation: await of('validation'), test: await of('test') }
}

/** The clicks and pictures that one run's data have and the other's have not, and how many of them were planted. */
function leftOutOf({ dataset: whole }: OpenRun, { dataset: sifted }: OpenRun): LeftOut {
  const truth = readTruth(rawShop(whole.folder))
  const wrong = wrongPicturesOf(whole, truth)
  const accidents = (dataset: Dataset): number => accidentalOf(dataset, truth).reduce((sum, one) => sum + one, 0)
  const wrongIn = (dataset: Dataset): number => picturedItems(dataset).filter((item) => wrong[item] === 1).length
  return {
    clicks: whole.events.item.length - sifted.events.item.length,
    pictures: picturedItems(whole).length - picturedItems(sifted).length,
    planted: accidents(whole) - accidents(sifted) + wrongIn(whole) - wrongIn(sifted),
  }
}

const printed = (interval: Interval): string => printInterval(interval, 4)
const metric = printedFigure(validationMetric.ranks)

function pageOf(costs: readonly Cost[]): string {
  const models = [...new Set(costs.map(({ comparison }) => comparison))]
  const tables = models.map((model) => {
    const own = costs.filter(({ comparison }) => comparison === model)
    const lines = own.map(({ variant, clicks, pictures, planted, figures, gains }) => [
      variant,
      clicks + pictures === 0 ? '-' : `${clicks + pictures}, ${percent(planted, clicks + pictures)} planted`,
      printed(figures.validation),
      variant === everything ? '-' : printed(gains.validation),
      printed(figures.test),
      variant === everything ? '-' : printed(gains.test),
    ])
    const what = own.some(({ pictures }) => pictures > 0) ? 'pictures' : 'clicks'
    const heads = ['data', `${what} left out`, ...parts.flatMap((part) => [`${part} ${metric}`, `minus ${everything}`])]
    return [`## ${model}: the same candidates`, markdownTable(heads, lines), ...chosenText(own)].join('\n\n')
  })
  return [
    `Every model ranks the targets of the whole log, and an item that was touched there is no candidate, left out or not. A model that was trained without suspects is shown histories without them. A difference is taken target by target; its 95 % interval resamples users, and is of the mean over the seeds. The tables further down are those of each log by itself: there a click that was left out makes its item a candidate again.`,
    ...tables,
  ].join('\n\n')
}

/** What validation keeps, and what the test says of it; nothing where there is more in a table than it may choose. */
function chosenText([first, ...others]: readonly Cost[]): string[] {
  if (!first || others.some(({ variant }) => !choices.includes(variant))) return []
  const better = (best: Cost, one: Cost): Cost =>
    one.figures.validation.mean > best.figures.validation.mean ? one : best
  const best = others.reduce(better, first)
  if (best === first) return ['Validation keeps all of the log.']
  const { validation, test } = best.gains
  return [
    `Validation keeps the log ${best.variant}: ${printed(validation)} there, ${told(validation)}; ${printed(test)} on test, ${told(test)}.`,
  ]
}

const told = ({ low = 0, high = 0 }: Interval): string =>
  low > 0 ? 'a gain' : high < 0 ? 'a loss' : 'not told apart from nothing'

const lineOf = ({ figures, gains, ...cost }: Cost): unknown => {
  const numbers = ({ mean, low = 0, high = 0 }: Interval) => [rounded(mean), rounded(low), rounded(high)]
  return {
    ...cost,
    figures: byPart((part) => numbers(figures[part])),
    gains: byPart((part) => numbers(gains[part])),
  }
}

function plotOf(costs: readonly Cost[]): Findings['plot'] {
  const models = [...new Set(costs.map(({ comparison }) => comparison))]
  const panels = models.map((model) => ({
    title: model,
    x: 'log',
    y: `gain of ${metric}`,
    series: parts.map((part) => ({
      name: part,
      points: costs
        .filter(({ comparison, variant }) => comparison === model && variant !== everything)
        .map(({ variant, gains }) => ({ x: variant.replace(/^without (the )?/, ''), ...gains[part] })),
    })),
  }))
  return { title: auditCost.title, panels }
}
