/**
 * @file Our models beside their authors' code on amazon-scientific: trains ours, reads what `train.py` wrote of theirs,
 * and writes `docs/results/published.json`, `.md` and `.svg`:
 * `node --import tsx tools/published/compare.ts THEIRS [DATA_ROOT] [RUNS]`.
 *
 * THEIRS has `MODEL-SEED.json` for each model and seed, and `MODEL-times.json`, of `times.ts`. A model that has no such
 * file is left out of the tables; why is told by `published-code.ts`.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { UserError } from '../../src/errors.ts'
import { markdownTable, printInterval } from '../../src/evaluate/printing.ts'
import { amazonScientific } from '../../src/experiment/data/public-datasets.ts'
import type { Experiment, Findings } from '../../src/experiment/experiment.ts'
import { constantOf } from '../../src/experiment/figures/click-results.ts'
import type { ComparisonResult, VariantRuns } from '../../src/experiment/figures/comparison-result.ts'
import { plotOfVariants } from '../../src/experiment/figures/plot.ts'
import { resultsOf } from '../../src/experiment/figures/results.ts'
import { writeResults } from '../../src/experiment/figures/results-files.ts'
import { type PreparedDataset, preparedDataset } from '../../src/experiment/harness/dataset-recipe.ts'
import { cellOf, testedOf, trainedOf } from '../../src/experiment/harness/grid-cell.ts'
import { runCell } from '../../src/experiment/harness/run-cell.ts'
import {
  headlineOf,
  isClicks,
  type Metric,
  type Outcome,
  type Tested,
  type Trained,
} from '../../src/experiment/terms.ts'
import { printedFigure } from '../../src/metrics/table.ts'
import { modelOf } from '../../src/models/registry.ts'
import { ownOptions, type PublishedCode, publishedCode } from './published-code.ts'

const [theirs, dataRoot = '../shared/data', runs = join('runs', 'experiments')] = process.argv.slice(2)
if (theirs === undefined) throw new Error('usage: compare.ts THEIRS [DATA_ROOT] [RUNS]')
const say = (line: string): void => void process.stderr.write(`${line}\n`)

/** What `train.py` tells of a model and a seed. */
const toldSchema = z.object({
  batch: z.number(),
  rate: z.number(),
  parameters: z.number(),
  epochs: z.int(),
  epoch: z.int(),
  patience: z.int(),
  validation: z.array(z.number()),
  test: z.array(z.number()),
})
const timesSchema = z.object({ ours: z.array(z.number()).min(1), theirs: z.array(z.number()).min(1) })

const label = 'amazon-scientific'
const usualSeeds = [1, 2, 3]
const metricsOf = { ranks: ['ndcg@10', 'hr@10'], clicks: ['auc', 'log loss'] } as const satisfies Record<
  string,
  Metric[]
>

const dataset = await preparedDataset(amazonScientific(dataRoot).recipe(1), join(runs, 'data'), say)
const results: ComparisonResult[] = []
for (const code of publishedCode) {
  const seeds = usualSeeds.filter((seed) => existsSync(fileOf(code, seed)))
  if (seeds.length > 0) results.push(await compared(code, seeds, dataset))
}
const title = 'Published code beside ours'
const experiment: Experiment = {
  name: 'published',
  title,
  about: `Models of ours beside their authors' code, trained and tested on the same split of ${label}, target by target.`,
  command: 'node --import tsx tools/published/compare.ts THEIRS',
  comparisons: () => [],
}
const findings: Findings = { ...sources(), plot: plotOfVariants(title, results) }
const { files } = await writeResults(experiment, results, { out: join('docs', 'results'), runs, findings })
for (const file of files) say(file)

function fileOf({ model }: PublishedCode, seed: number | 'times'): string {
  return join(theirs as string, `${model}-${seed}.json`)
}

function isRun({ model }: PublishedCode): boolean {
  return results.some(({ title }) => title === modelOf(model).title)
}

/** A table of two rows: theirs, and ours less theirs. */
async function compared(
  code: PublishedCode,
  seeds: readonly number[],
  data: PreparedDataset,
): Promise<ComparisonResult> {
  const { model } = code
  const own = ownOptions(code)
  const trained: Trained[] = []
  const tested: Tested[] = []
  for (const seed of seeds) {
    const cell = cellOf(join(runs, 'cells'), { model, seed, dataset: data, split: {}, sampled: false, ...own })
    say(`${model}, seed ${seed}`)
    await runCell({ cell, stage: 'tested' })
    trained.push(trainedOf(cell) as Trained)
    tested.push(testedOf(cell) as Tested)
  }
  const told = seeds.map((seed) => toldSchema.parse(JSON.parse(readFileSync(fileOf(code, seed), 'utf8'))))
  const { batch, rate, patience } = told[0] as z.infer<typeof toldSchema>
  const name = modelOf(model).title
  const published: VariantRuns = {
    variant: `${name}, published code`,
    model,
    options: { training: { batchSize: batch, learningRate: rate, patience } },
    dataset: label,
    seeds,
    trained: told.map(({ epoch, epochs, validation }, at) => ({
      key: '',
      epochs,
      bestEpoch: epoch,
      seconds: 0,
      validation: saidOf(trained[at]?.validation, validation),
    })),
    tested: told.map(({ test }, at) => ({ ...(tested[at] as Tested), test: saidOf(tested[at]?.test, test) })),
  }
  const ours: VariantRuns = {
    variant: name,
    model,
    options: own,
    dataset: label,
    seeds,
    trained,
    tested,
    against: published.variant,
  }
  const metrics = metricsOf[modelOf(model).task === 'clicks' ? 'clicks' : 'ranks']
  const [{ frame, test }] = tested as [Tested]
  const variants = resultsOf(name, metrics, [published, ours])
  const constant = constantOf([ours])
  return {
    title: name,
    frame,
    targets: test.user.length,
    users: new Set(test.user).size,
    seeds,
    metrics,
    variants,
    ...(constant && { constant }),
    tried: [],
    absent: [],
  }
}

/** What they said of our targets. @throws UserError `mismatched` for another number of them */
function saidOf(ours: Outcome | null | undefined, said: number[]): Outcome {
  if (!ours || ours.user.length !== said.length)
    throw new UserError({
      where: 'targets',
      problem: 'mismatched',
      value: `${said.length}`,
      expected: `${ours?.user.length}`,
    })
  return isClicks(ours) ? { ...ours, probability: said } : { ...ours, full: said }
}

/** The figures side by side, where the code is and what was put around it, and why some was not run. */
function sources(): Pick<Findings, 'page' | 'lines'> {
  const lines = publishedCode.map((code) => {
    const { model, repository, commit, how, open } = code
    const path = fileOf(code, 'times')
    const times = existsSync(path) ? timesSchema.parse(JSON.parse(readFileSync(path, 'utf8'))) : undefined
    return {
      model,
      repository,
      commit,
      how,
      ...(open !== undefined && !isRun(code) && { open }),
      ...(times && { seconds: { theirs: fewDigits(times.theirs), ours: fewDigits(times.ours) } }),
    }
  })
  const beside = lines.flatMap(({ model, seconds }) => {
    const name = modelOf(model).title
    const result = results.find(({ title }) => title === name)
    const spent = [seconds?.theirs, seconds?.ours].map((value) => (value === undefined ? '-' : String(value)))
    if (!result) return [[name, '-', 'not run', '-', '-', ...spent]]
    return result.metrics.map((metric, at) => [
      at === 0 ? name : '',
      `test ${printedFigure(metric)}`,
      ...figuresOf(result, metric),
      ...(at === 0 ? spent : ['', '']),
    ])
  })
  const code = lines.map(({ model, repository, commit, how, open }) => [
    modelOf(model).title,
    `[${repository}](https://github.com/${repository})`,
    commit === undefined ? '-' : `\`${commit.slice(0, 10)}\``,
    open === undefined ? how : `${how}. **Open**: ${open}`,
  ])
  const page = [
    markdownTable(
      ['model', 'metric', 'published code', 'ours', 'ours minus theirs', 'theirs, s an epoch', 'ours, s an epoch'],
      beside,
    ),
    'Neither is tuned. Theirs has the options that its authors give, but for widths, batches and patience; ours has those of the experiments on this data set. Validation chooses the epoch of both. Where items are ranked, all are, and none is left out.',
    'An epoch is over all training targets or samples, on one thread, in seconds of processor time: the least of several, in turns, since the machine did other work. For the next item theirs has one row a target, as its trainer makes them (STOSA: a window a user), and ours a window a user with a target at each event. Clicks: theirs pads each history to 50 events, ours to the longest of like ones.',
    markdownTable(['model', 'code', 'commit', 'how it was run, or why not'], code),
    'Their code is in no part of this repository: `tools/published` imports it from a folder that the command names.',
  ].join('\n\n')
  return { page, lines }
}

/** A metric of both, and the difference. */
function figuresOf({ variants }: ComparisonResult, metric: Metric): string[] {
  const figures = variants.map(({ figures }) => figures[headlineOf(figures)]?.[metric])
  const difference = variants.find(({ difference }) => difference)?.difference?.figures[metric]
  return [...figures, difference].map((figure) => (figure ? printInterval(figure, 4) : '-'))
}

function fewDigits(seconds: readonly number[]): number {
  return Number(Math.min(...seconds).toPrecision(2))
}
