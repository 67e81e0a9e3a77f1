/** @file An experiment of the user's own, from a YAML file: models, options, data sets and seeds. */
import { basename, dirname, isAbsolute, join } from 'node:path'
import * as z from 'zod'
import { UserError, unknownName } from '../../errors.ts'
import { clickMetrics, rankMetrics } from '../../metrics/table.ts'
import { modelOf } from '../../models/registry.ts'
import { mappingIssue } from '../../prepare/mapping-issues.ts'
import { readYaml } from '../../storage/yaml-file.ts'
import type { DatasetChoice, Experiment, Variant } from '../experiment.ts'
import type { Metric } from '../terms.ts'

const options = z.record(z.string(), z.unknown())
const optionSet = { config: options.optional(), training: options.optional() }

const modelSchema = z.union([
  z.string().min(1),
  z.strictObject({
    /** What tables call it; by default the model's slug. */
    name: z.string().min(1).optional(),
    model: z.string().min(1),
    ...optionSet,
    /** Option sets laid over its own: validation keeps one. */
    tune: z.array(z.strictObject(optionSet)).min(1).optional(),
  }),
])
const datasetSchema = z.union([
  z.string().min(1),
  z.strictObject({ name: z.string().min(1), folder: z.string().min(1) }),
])

const experimentSchema = z.strictObject({
  /** By default the file's name. */
  name: z
    .string()
    .regex(/^[\w-]{1,60}$/, 'a name of letters, digits, _ and -')
    .optional(),
  title: z.string().min(1).optional(),
  about: z.string().min(1).optional(),
  seeds: z.array(z.int().min(0)).min(1).optional(),
  /** Folders of prepared datasets, relative to the file. */
  datasets: z.array(datasetSchema).min(1),
  models: z.array(modelSchema).min(1),
  split: options.optional(),
  metrics: z.array(z.string()).min(1).optional(),
  /** Whether to rank among sampled negatives too. */
  sampled: z.boolean().default(false),
  /** The name of the model that the others are compared with; by default the last one. */
  reference: z.string().optional(),
})
type Written = z.infer<typeof experimentSchema>

/**
 * The experiment of a YAML file.
 * @throws UserError `missing` without the file, `unknown` or `invalid` naming the key, `mismatched` for models of
 * different tasks, `duplicate` for what is named twice
 */
export function ownExperiment(path: string): Experiment {
  const input = readYaml(path, 'the experiment file')
  const { data, error } = experimentSchema.safeParse(input)
  // A key that is misspelled is also one that is missing.
  const issue = error?.issues.find(({ code }) => code === 'unrecognized_keys') ?? error?.issues[0]
  if (!data) throw mappingIssue(issue, { input, where: path, known: keysOf })
  const variants = data.models.map(variantOf)
  checkOnce(path, data)
  const metrics = metricsOf(path, data, variants)
  const name = data.name ?? basename(path).replace(/\.ya?ml$/i, '')
  const reference = data.reference ?? (variants.at(-1) as Variant).name
  return {
    name,
    title: data.title ?? name,
    about: data.about ?? `${variants.map((variant) => variant.name).join(', ')}: the experiment of ${path}.`,
    command: `npx siftrec experiment ${path}`,
    html: true,
    ...(data.seeds && { seeds: data.seeds }),
    comparisons: () =>
      data.datasets.map((written) => {
        const dataset = choiceOf(path, written)
        const { sampled, split = {} } = data
        return { title: dataset.label, dataset, split, metrics, sampled, variants, reference }
      }),
  }
}

/** What is twice in a list would be two tables, columns or trainings that nobody can tell apart. */
function checkOnce(path: string, { datasets, seeds = [], metrics = [] }: Written): void {
  const labels = datasets.map((written) => choiceOf(path, written).label)
  const lists = { datasets: labels, seeds: seeds.map(String), metrics }
  for (const [key, values] of Object.entries(lists)) {
    const value = values.find((one, at) => values.indexOf(one) < at)
    if (value === undefined) continue
    const hint = 'call folders of one name apart: { name: NAME, folder: FOLDER }'
    throw new UserError({
      where: `${path} ${key}`,
      problem: 'duplicate',
      value,
      ...(key === 'datasets' && { hint }),
    })
  }
}

const keysOf = (path: readonly PropertyKey[]): string[] =>
  path.length === 0 ? Object.keys(experimentSchema.shape) : ['name', 'model', 'config', 'training', 'tune', 'folder']

function variantOf(written: Written['models'][number]): Variant {
  if (typeof written === 'string') return { name: written, model: written }
  const { name = written.model, model, config, training, tune } = written
  return {
    name,
    model,
    ...(config && { config }),
    ...(training && { training }),
    ...(tune && {
      tune: tune.map((set) => ({
        ...(set.config && { config: set.config }),
        ...(set.training && { training: set.training }),
      })),
    }),
  }
}

function choiceOf(path: string, written: Written['datasets'][number]): DatasetChoice {
  const { name, folder } = typeof written === 'string' ? { name: basename(written), folder: written } : written
  const prepared = isAbsolute(folder) ? folder : join(dirname(path), folder)
  const make = (): never => {
    throw new UserError({
      where: prepared,
      problem: 'missing',
      value: 'no such dataset',
      hint: 'make one with siftrec prepare',
    })
  }
  return { label: name, recipe: () => ({ name, settings: { prepared }, inputs: [], prepared, make }) }
}

/** The metrics, which all models must have: either those of ranks or those of clicks. */
function metricsOf(path: string, { metrics }: Written, variants: readonly Variant[]): Metric[] {
  const clicks = variants.map(({ model }) => modelOf(model).task === 'clicks')
  const other = variants[clicks.indexOf(!clicks[0])]
  if (other) {
    const value = `${variants[0]?.model} and ${other.model} answer different questions`
    const expected = 'models that all rank the next item, or all predict clicks'
    throw new UserError({ where: `${path} models`, problem: 'mismatched', value, expected })
  }
  const known = clicks[0] ? clickMetrics.map(([, { key }]) => key) : rankMetrics.map(({ key }) => `${key}@10`)
  for (const metric of metrics ?? []) {
    const fits = clicks[0] ? known.includes(metric) : known.includes(metric.replace(/@[1-9]\d{0,4}$/, '@10'))
    if (!fits) throw unknownName(`${path} metrics`, metric, known)
  }
  return (metrics ?? (clicks[0] ? known : ['ndcg@10', 'hr@10', 'mrr@10'])) as Metric[]
}
