/** @file What tables call runs: the model's slug, and where several have it what their options differ in. */
import { basename } from 'node:path'
import { shorten } from '../errors.ts'
import type { Run } from '../runs/run-settings.ts'

/** A run and its folder. */
export interface NamedRun {
  readonly folder: string
  readonly run: Pick<Run, 'model' | 'config' | 'training'>
}

/** The most options that a name tells; runs that differ in more are named by their folders. */
const mostOptions = 2
/** The most characters of an option's value. */
const longestValue = 20

/** A name for each run. */
export function runNames(runs: readonly NamedRun[]): string[] {
  const byOptions = runs.map(({ run }) => {
    const alike = runs.filter((other) => other.run.model === run.model).map((other) => optionsOf(other.run))
    const told = differing(alike).map((name) => `${name} ${valueText(optionsOf(run)[name])}`)
    return { name: [run.model, told.join(', ')].join(' ').trim(), options: told.length }
  })
  return byOptions.map(({ name, options }, at) => {
    const { folder, run } = runs[at] as NamedRun
    const unique = byOptions.filter((other) => other.name === name).length === 1
    return unique && options <= mostOptions ? name : `${run.model} ${basename(folder)}`
  })
}

type Options = Readonly<Record<string, unknown>>

const optionsOf = ({ config, training }: NamedRun['run']): Options => ({ ...config, ...training })
const valueText = (value: unknown): string =>
  shorten(typeof value === 'string' ? value : (JSON.stringify(value) ?? 'none'), longestValue)

/** The options that do not have one value in all. */
const differing = (all: readonly Options[]): string[] =>
  [...new Set(all.flatMap((options) => Object.keys(options)))].filter(
    (name) => new Set(all.map((options) => JSON.stringify(options[name]))).size > 1,
  )
