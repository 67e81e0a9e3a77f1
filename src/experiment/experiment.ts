/**
 * @file What an experiment is: comparisons of named variants on one protocol each, from which the harness makes every
 * table.
 */
import type { Judged } from '../audit/planted.ts'
import type { Dataset } from '../dataset/schema.ts'
import type { OpenRun } from '../runs/open-run.ts'
import type { SplitInput } from '../runs/split-config.ts'
import type { ComparisonResult } from './figures/comparison-result.ts'
import type { Drawing } from './figures/plot.ts'
import type { DatasetRecipe } from './harness/dataset-recipe.ts'
import type { MeasureName } from './harness/run-measures.ts'
import type { Metric, OptionSet, SliceName } from './terms.ts'

/** A dataset as a comparison names it; the noise test has another one for each seed. */
export interface DatasetChoice {
  readonly label: string
  readonly recipe: (seed: number) => DatasetRecipe
}

/** A model with options, by the name it has in tables. */
export interface Variant extends OptionSet {
  readonly name: string
  /** A slug of the registry. */
  readonly model: string
  /** Whether options that are left open fit the data, as those of `siftrec train` do; else they have one default. */
  readonly defaults?: boolean
  /** Option sets laid over the variant's own: each is trained with the first seed, and validation keeps one. */
  readonly tune?: readonly OptionSet[]
  /** Another variant of the comparison: its options, as validation chose them, come before the variant's own. */
  readonly like?: string
  /** By default the comparison's. */
  readonly dataset?: DatasetChoice
  /** By default the comparison's. */
  readonly split?: SplitInput
  /** The variant it is compared with, target by target; by default the comparison's reference. */
  readonly against?: string
}

/** Variants that rank the same targets among the same candidates: one pair of tables. */
export interface Comparison {
  readonly title: string
  readonly dataset: DatasetChoice
  readonly split?: SplitInput
  readonly metrics: readonly Metric[]
  /** Whether to rank among sampled negatives too; true by default. */
  readonly sampled?: boolean
  readonly variants: readonly Variant[]
  /** The variant that the others are compared with. */
  readonly reference?: string
  /** Of clicks: the variant that relative improvements are over; by default the one that each is compared with. */
  readonly improvedOver?: string
  /** A figure that is no ranking metric, taken of each run of a model that has it. */
  readonly measure?: MeasureName
  /** By default the experiment's. */
  readonly seeds?: readonly number[]
  /** Seeds with which the best and the worst variant by validation are run too, in tables of their own. */
  readonly extremes?: readonly number[]
  /** Only these test targets count, of ranks; all by default. Cells are those of all targets. */
  readonly slice?: SliceName
}

/** A trained cell, for studies that look into models. */
export interface TrainedCell {
  /** The title of its comparison. */
  readonly comparison: string
  readonly variant: string
  readonly seed: number
  readonly open: () => Promise<OpenRun>
}

/** What a study found by looking into trained models. */
export interface Findings {
  /** Tables beside the harness's own, as Markdown. */
  readonly page: string
  /** What the JSON tells of it, a line each. */
  readonly lines: readonly unknown[]
  readonly plot: Drawing
}

/** How long an experiment takes, before anything of it was run here. */
export interface Guess {
  /** On one core. */
  readonly hours: number
  /** What the guess is made of. */
  readonly from: string
}

/** What the command line says of an experiment. */
export interface Wanted {
  /** The folder of the data sets. */
  readonly dataRoot: string
  /** The models named on the command line, for experiments that take them. */
  readonly models?: readonly string[]
}

/** An experiment: one command, one results table. */
export interface Experiment {
  readonly name: string
  /** A sentence. */
  readonly about: string
  readonly title: string
  /** 1, 2, 3 by default. */
  readonly seeds?: readonly number[]
  /** Whether the models are named on the command line; their slugs by default. */
  readonly models?: readonly string[]
  readonly comparisons: (wanted: Wanted) => readonly Comparison[]
  /** By default the first metric of every variant, with its interval. */
  readonly plot?: (results: readonly ComparisonResult[]) => Drawing
  /** What makes its page; by default `npx siftrec experiment NAME`. */
  readonly command?: string
  /** Whether its page is written as HTML too, with its plot in it. */
  readonly html?: boolean
  /** How long all of it takes; told before it starts. */
  readonly guess?: Guess
  /** Looks into the cells that are done, once all are; its plot takes the place of the others. */
  readonly look?: (cells: readonly TrainedCell[]) => Promise<Findings>
  /** Tables beside the harness's own, as Markdown. */
  readonly notes?: (results: readonly ComparisonResult[]) => string
}

/** An experiment that tells what data sets are: nothing is trained. */
export interface DataExperiment {
  readonly name: string
  /** A sentence. */
  readonly about: string
  readonly title: string
  readonly datasets: (wanted: Wanted) => readonly DatasetChoice[]
}

/** What a timing experiment times, and how. */
export interface Timed {
  readonly dataset: DatasetChoice
  readonly split: SplitInput
  readonly variants: readonly Variant[]
  /** Trained of each; the first is not counted. */
  readonly epochs: number
  readonly predictions: number
  /** Of models of clicks: for how many candidates a prediction is; models of the next item score the whole catalog. */
  readonly candidates?: number
  readonly threads: number
  readonly batchSize: number
}

/** An experiment that times models on the machine it runs on: its figures differ from run to run. */
export interface TimingExperiment {
  readonly name: string
  /** A sentence. */
  readonly about: string
  readonly title: string
  readonly timed: (wanted: Wanted) => Timed
}

/** Something that was planted in a data set, and the audit's judgement of it. */
export interface PlantedCase {
  readonly title: string
  /** For each seed another planting. */
  readonly dataset: DatasetChoice
  readonly judge: (dataset: Dataset, seed: number) => Judged | Promise<Judged>
  /** What the cases are that are to be found; `Planted` by default. */
  readonly sought?: string
  /** What the audit is to reach in AUC: a figure, or a share of the way from 0.5 to what the oracle reaches. */
  readonly bar?: { readonly auc: number } | { readonly shareOfOracle: number }
}

/** An experiment that holds the audit against what was planted: nothing is trained. */
export interface PlantedExperiment {
  readonly name: string
  /** A sentence. */
  readonly about: string
  readonly title: string
  readonly planted: (wanted: Wanted) => readonly PlantedCase[]
  /** Of plantings; 1, 2 and 3 by default, one where nothing is drawn. */
  readonly seeds?: readonly number[]
}

/** A grid of cells, or one of those that are none. */
export type AnyExperiment = Experiment | DataExperiment | TimingExperiment | PlantedExperiment
