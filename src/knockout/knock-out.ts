/** @file Measures what a trained run loses when one of its signals is taken away, at inference alone. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TrainingData } from '../batches/kind.ts'
import { UserError } from '../errors.ts'
import type { Interval } from '../evaluate/intervals.ts'
import { type OpenRun, openRun } from '../runs/open-run.ts'
import { readRun } from '../runs/run-file.ts'
import type { Run } from '../runs/run-settings.ts'
import { taskOf } from '../runs/tasks.ts'
import { datasetOf } from '../runs/train-run.ts'
import { type Cost, costOf } from './costs.ts'
import { figureOf, isSame, metricOf, type Outcome, outcomeOf, type Part } from './outcome.ts'
import { inFolder, replacedData } from './replaced-data.ts'
import { refusable, resultOf, type WayResult } from './results.ts'
import { type Signal, signalsOf, type Way, ways } from './signals.ts'

/** What is asked. */
export interface KnockOutOptions extends Part {
  /** Names of the signals; all by default. */
  readonly only?: readonly string[] | undefined
  /** What takes their place; everything by default. */
  readonly ways?: readonly Way[] | undefined
  /** Is told how many targets of a measurement are done. */
  readonly counted?: (work: string, done: number, all: number) => void
  /** Is told what the process will hold at the peak, in bytes. */
  readonly tellMemory?: (bytes: number) => void
}

/** A signal, what it costs, and what is lost without it. */
export interface SignalResult {
  readonly kind: Signal['kind']
  readonly name: string
  readonly cost: Cost
  /** Of the trained model as it is. */
  readonly inference: readonly WayResult[]
  /** Of models that were trained without it. */
  readonly retrained?: readonly WayResult[]
}

/** What a run loses without its signals; JSON can hold it. */
export interface KnockOut {
  readonly run: string
  readonly model: string
  readonly dataset: string
  readonly part: 'validation' | 'test'
  readonly seed: number
  readonly targets: number
  readonly users: number
  /** What losses are of: `ndcg@10` or `auc`. */
  readonly metric: string
  readonly untouched: Interval
  /** Of the trainings that `--retrain` asks for. */
  readonly retrained?: { readonly seeds: readonly number[]; readonly untouched: Interval }
  readonly signals: readonly SignalResult[]
  /** Names of signals that the dataset has and the model does not read. */
  readonly unread: readonly string[]
}

/** A run, and what it was trained on and asked. */
export interface Untouched {
  readonly folder: string
  readonly run: Run
  readonly data: TrainingData
  readonly signals: readonly Signal[]
}

/**
 * The data of a run, and the signals in it.
 * @throws UserError `unsupported` for a model that is fitted by counting or data without a signal, `unknown` for a name
 */
export async function untouchedOf(folder: string, only?: readonly string[]): Promise<Untouched> {
  const run = readRun(folder)
  if (!run.training) {
    const value = `${run.model} counts events and reads nothing else`
    throw new UserError({ where: folder, problem: 'unsupported', value, expected: 'a run of a model that is trained' })
  }
  const dataset = await datasetOf(folder, run)
  const data = taskOf(run.model).split(dataset, run.split)
  return { folder, run, data, signals: signalsOf(folder, run, data, only) }
}

/** Replaces each signal by each way. @throws UserError as {@link outcomeOf} */
export async function knockOut(untouched: Untouched, options: KnockOutOptions): Promise<KnockOut> {
  const { folder, run, data, signals } = untouched
  const { part, seed, tellMemory, counted = () => undefined } = options
  const wanted = options.ways ?? ways
  const steps = 1 + signals.length * wanted.length
  let step = 0
  const work = (what: string): ((done: number, all: number) => void) => {
    const label = `[${++step}/${steps}] ${what}`
    return (done, all) => counted(label, done, all)
  }
  using place = temporaryPlace()
  await using open = await openRun(folder, {
    shown: data,
    ...(tellMemory && { memory: { users: 'many', tell: tellMemory } }),
  })
  const base = await outcomeOf(open, { untouched: data, shown: data }, options, work('untouched'))
  const results: SignalResult[] = []
  const unread: string[] = []
  for (const signal of signals) {
    const inference: WayResult[] = []
    let reads = false
    for (const way of wanted) {
      const replaced = replacedData(data, { signal, way, seed })
      const told = work(`${signal.name}, ${way}`)
      const outcome = await refusable(() =>
        shownOutcome({ open, untouched: data, shown: inFolder(replaced, place.path), signal }, options, told),
      )
      if (typeof outcome === 'string') inference.push({ way, refused: outcome })
      else inference.push({ way, ...resultOf([base], [outcome], seed) })
      reads ||= typeof outcome === 'string' || !isSame(base, outcome)
    }
    const { kind, name } = signal
    if (reads) results.push({ kind, name, cost: costOf(signal, data.dataset), inference })
    else unread.push(name)
  }
  const { dataset } = data
  return {
    run: folder,
    model: run.model,
    dataset: dataset.manifest.name,
    part,
    seed,
    targets: base.user.length,
    users: new Set(base.user).size,
    metric: metricOf(base),
    untouched: figureOf([base], seed),
    signals: results,
    unread,
  }
}

interface Shown {
  readonly open: OpenRun
  readonly untouched: TrainingData
  readonly shown: TrainingData
  readonly signal: Signal
}

/** What the trained model makes of replaced data: its parameters, and the histories and vectors that it is shown. */
async function shownOutcome(
  { open, untouched, shown, signal }: Shown,
  part: Part,
  counted: (done: number, all: number) => void,
): Promise<Outcome> {
  // A model that ranks needs but other histories: what it made of the events that trained it stays.
  if (signal.kind === 'behavior' && untouched.split) return outcomeOf(open, { untouched, shown }, part, counted)
  await using again = await openRun(open.folder, { shown })
  return outcomeOf(again, { untouched, shown }, part, counted)
}

function temporaryPlace(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'siftrec-knockout-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

/** @throws UserError `unsupported` where a model reads none of its signals, and there is nothing to tell */
export function refuseUnread({ run, model, signals, unread }: KnockOut): void {
  if (signals.length > 0) return
  const value = `${model} reads none of ${unread.join(', ')}`
  throw new UserError({ where: run, problem: 'unsupported', value, expected: 'a run of a model that reads one' })
}
