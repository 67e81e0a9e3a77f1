/** @file Trains a run's model again without each of its signals, into folders that can be gone on with. */
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { TrainingData } from '../batches/kind.ts'
import type { TrainingEvent } from '../learn/training-run.ts'
import { openRun } from '../runs/open-run.ts'
import { durationText } from '../runs/progress.ts'
import { holdsRun } from '../runs/run-file.ts'
import { fingerprintOf, type Run } from '../runs/run-settings.ts'
import { trainRun } from '../runs/train-run.ts'
import { writeAtomically } from '../storage/atomic.ts'
import { costOf } from './costs.ts'
import type { KnockOut, SignalResult, Untouched } from './knock-out.ts'
import { figureOf, type Outcome, outcomeOf, type Part } from './outcome.ts'
import { inFolder, replacedData } from './replaced-data.ts'
import { refusable, resultOf, type WayResult } from './results.ts'
import type { Signal, Way } from './signals.ts'

/** How models are trained again. */
export interface RetrainOptions extends Part {
  /** Of training, and of what takes a signal's place; figures are averaged over them. */
  readonly seeds: readonly number[]
  readonly ways: readonly Way[]
  /** Holds a folder for each training. */
  readonly folder: string
  readonly signal?: AbortSignal
  readonly report?: (event: TrainingEvent) => void
  readonly say?: (line: string) => void
  readonly counted?: (work: string, done: number, all: number) => void
}

/** One training. */
interface Cell {
  readonly label: string
  readonly seed: number
  /** Undefined for the untouched data. */
  readonly replaced?: { readonly signal: Signal; readonly way: Way }
}

/**
 * The same knock-out with what models lose that were trained without a signal, with the run's own options. What was
 * trained before is not trained again, and a training that was stopped goes on.
 * @returns undefined when the signal was aborted
 * @throws UserError as `trainRun`
 */
export async function retrained(
  untouched: Untouched,
  knockOut: KnockOut,
  options: RetrainOptions,
): Promise<KnockOut | undefined> {
  const { data, signals } = untouched
  const { seeds, ways, say = () => undefined, seed } = options
  // Of what a model never reads, only behaviors may have trained it.
  const trained = signals.filter(({ kind, name }) => kind === 'behavior' || !knockOut.unread.includes(name))
  const cells = [
    ...seeds.map((own): Cell => ({ label: `untouched, seed ${own}`, seed: own })),
    ...trained.flatMap((signal) =>
      ways.flatMap((way) =>
        seeds.map(
          (own): Cell => ({ label: `${signal.name}, ${way}, seed ${own}`, seed: own, replaced: { signal, way } }),
        ),
      ),
    ),
  ]
  const clock = cellClock(cells.length, say)
  const outcomes = new Map<Cell, Outcome | string>()
  for (const cell of cells) {
    const { outcome, trains } = await cellOutcome(untouched, cell, options)
    if (outcome === undefined) return undefined
    outcomes.set(cell, outcome)
    clock(cell.label, trains)
  }
  const of = (signal?: Signal, way?: Way): (Outcome | string)[] =>
    cells
      .filter(({ replaced }) => replaced?.signal === signal && replaced?.way === way)
      .map((cell) => outcomes.get(cell) as Outcome | string)
  const base = of() as Outcome[]
  const resultsOf = (signal: Signal): WayResult[] =>
    ways.map((way) => {
      const all = of(signal, way)
      const refused = all.find((outcome) => typeof outcome === 'string')
      return refused === undefined ? { way, ...resultOf(base, all as Outcome[], seed) } : { way, refused }
    })
  const results = trained.map((signal): SignalResult => {
    const shown = knockOut.signals.find(({ kind, name }) => kind === signal.kind && name === signal.name)
    const { kind, name } = signal
    return {
      ...(shown ?? { kind, name, cost: costOf(signal, data.dataset), inference: [] }),
      retrained: resultsOf(signal),
    }
  })
  return { ...knockOut, retrained: { seeds, untouched: figureOf(base, seed) }, signals: results }
}

/** Marks a training that ended. */
const doneFile = 'knockout.json'

async function cellOutcome(
  untouched: Untouched,
  { label, seed, replaced }: Cell,
  options: RetrainOptions,
): Promise<{ readonly outcome: Outcome | string | undefined; readonly trains: boolean }> {
  const { run, data } = untouched
  const { signal, report, counted = () => undefined } = options
  const measured = async (folder: string, shown: TrainingData): Promise<Outcome> => {
    await using open = await openRun(folder, { shown })
    return outcomeOf(open, { untouched: data, shown }, options, (done, all) => counted(label, done, all))
  }
  // The run itself is the untouched one of its seed.
  if (!replaced && run.training?.seed === seed)
    return { outcome: await measured(untouched.folder, data), trains: false }
  const learned = replaced ? replacedData(data, { ...replaced, seed, trains: true }) : data
  const out = join(options.folder, `${nameOf(replaced, seed)}-${fingerprintOfCell(run, learned, seed).slice(0, 8)}`)
  const placed = inFolder(learned, out)
  if (existsSync(join(out, doneFile))) return { outcome: await measured(out, placed), trains: false }
  mkdirSync(options.folder, { recursive: true })
  const outcome = await refusable(async () => {
    const { status } = await trainRun({
      model: run.model,
      dataset: placed.dataset,
      learnsFrom: placed,
      out,
      config: run.config,
      training: { ...run.training, seed },
      split: run.split,
      asGiven: true,
      resume: holdsRun(out),
      ...(signal && { signal }),
      ...(report && { report }),
    })
    if (status === 'interrupted') return undefined
    await writeAtomically(join(out, doneFile), `${JSON.stringify({ of: untouched.folder, label })}\n`)
    return measured(out, placed)
  })
  return { outcome, trains: true }
}

/** What a cell's folder begins with; a field may have any name. */
function nameOf(replaced: Cell['replaced'], seed: number): string {
  if (!replaced) return `untouched-seed${seed}`
  const { signal, way } = replaced
  return `${signal.kind}-${signal.name.replaceAll(/[^\w-]/g, '_').slice(0, 40)}-${way}-seed${seed}`
}

function fingerprintOfCell(run: Run, { dataset }: TrainingData, seed: number): string {
  const training = run.training && { ...run.training, seed }
  return fingerprintOf({ ...run, training, dataset: { ...run.dataset, hash: dataset.hash } })
}

/** Tells of each cell that ended, and guesses how long the rest will take by those that were trained now. */
function cellClock(all: number, say: (line: string) => void): (label: string, trains: boolean) => void {
  let [ended, trained, began, spent] = [0, 0, performance.now(), 0]
  return (label, trains) => {
    const seconds = (performance.now() - began) / 1e3
    began = performance.now()
    ended++
    if (trains) [trained, spent] = [trained + 1, spent + seconds]
    const left = trained === 0 ? 0 : (spent / trained) * (all - ended)
    const more = left > 0 ? `; about ${durationText(left)} left` : ''
    say(`[${ended}/${all}] ${label}: ${trains ? durationText(seconds) : 'trained before'}${more}`)
  }
}
