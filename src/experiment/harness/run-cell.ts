/**
 * @file Runs a cell: trains it, or goes on training it, ranks its validation targets, and, if it is wanted, its test
 * targets.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadDataset } from '../../dataset/load.ts'
import { negativeCount } from '../../dataset/negatives.ts'
import type { Dataset, Events } from '../../dataset/schema.ts'
import { UserError } from '../../errors.ts'
import type { Predictions } from '../../evaluate/clicks.ts'
import type { TargetRanks } from '../../evaluate/rank.ts'
import type { Watching } from '../../jobs/job.ts'
import { lackedBy } from '../../runs/lacking.ts'
import { openRun } from '../../runs/open-run.ts'
import { holdsRun, readRun } from '../../runs/run-file.ts'
import type { AskedTargets } from '../../runs/task.ts'
import { taskOf } from '../../runs/tasks.ts'
import { trainRun } from '../../runs/train-run.ts'
import { writeAtomically } from '../../storage/atomic.ts'
import { waitForLock } from '../../storage/lock.ts'
import {
  evaluationSeed,
  type Frame,
  type StoredPredictions,
  type StoredRanks,
  type Tested,
  type Trained,
} from '../terms.ts'
import { type Cell, cellFiles, cellLock, isDone, type Stage, trainedOf } from './grid-cell.ts'
import { measureOf } from './run-measures.ts'
import { openStoredCells } from './stored-cells.ts'

/** A cell that is to be taken to a stage. */
export interface CellWork {
  readonly cell: Cell
  readonly stage: Stage
  /** The address of the storage that has cells and datasets, where hosts share no folder. */
  readonly storage?: string
}

/**
 * Takes a cell to a stage, from wherever it is: an aborted signal saves it and ends it as `interrupted`.
 * @throws UserError as `trainRun` and `rankTargets`, and as the storage refuses
 */
export async function runCell(
  { cell, stage, storage }: CellWork,
  watching: Watching = {},
): Promise<'finished' | 'interrupted'> {
  mkdirSync(cell.folder, { recursive: true })
  // Two experiments may want the same cell at the same time.
  await using _ = await waitForLock(cellLock(cell), watching.signal)
  if (storage === undefined || watching.signal?.aborted) return advance(cell, stage, watching)
  using stored = await openStoredCells(storage)
  const isTaken = await stored.take(cell)
  if (isTaken && isDone(cell, stage)) return 'finished'
  if (!isDone(cell, stage)) await stored.takeData(cell)
  const how = await advance(cell, stage, watching)
  if (how === 'finished') await stored.put(cell)
  return how
}

/** The same of a cell that nobody else is at. */
async function advance(cell: Cell, stage: Stage, watching: Watching): Promise<'finished' | 'interrupted'> {
  if (isDone(cell, stage)) return 'finished'
  if (watching.signal?.aborted) return 'interrupted'
  const dataset = await loadDataset(cell.data)
  const trained = trainedOf(cell) ?? (await train(cell, dataset, watching))
  if (!trained) return 'interrupted'
  if (stage === 'tested') await test(cell, dataset)
  return 'finished'
}

async function train(cell: Cell, dataset: Dataset, { signal, report }: Watching): Promise<Trained | undefined> {
  const { folder: out, model, config, training, split } = cell
  const began = performance.now()
  const spent = (): number => (performance.now() - began) / 1e3 + secondsBefore(out)
  const resume = holdsRun(out)
  const settings = {
    model,
    dataset,
    out,
    config,
    split,
    asGiven: true,
    ...(training && { training }),
    ...(resume ? { resume } : { overwrite: true }),
  }
  const { status, best, epochs } = await trainRun({ ...settings, ...(signal && { signal }), ...(report && { report }) })
  if (status === 'interrupted') {
    await writeAtomically(join(out, spentFile), JSON.stringify(spent()))
    return undefined
  }
  const seconds = spent()
  const validation = await outcomeOf(cell, dataset, 'validation')
  const lacks = [...lackedBy(readRun(out), dataset)]
  const trained: Trained = {
    key: cell.key,
    epochs,
    // A last stage of so many epochs has no best one: what it ends with is kept.
    bestEpoch: best?.epoch ?? epochs,
    seconds,
    ...(lacks.length > 0 && { lacks }),
    validation,
  }
  await writeAtomically(join(out, cellFiles.trained), JSON.stringify(trained))
  return trained
}

/** Holds the seconds that training took before it was stopped. */
const spentFile = 'spent.json'

function secondsBefore(folder: string): number {
  const path = join(folder, spentFile)
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as number) : 0
}

async function test(cell: Cell, dataset: Dataset): Promise<void> {
  const measure = await measureOfCell(cell, dataset)
  const test = await outcomeOf(cell, dataset, 'test')
  if (!test) throw new UserError({ where: cell.folder, problem: 'empty', value: 'the split has no test targets' })
  const task = taskOf(cell.model)
  const asked = task.asked(task.split(dataset, cell.split))
  const tested = {
    key: cell.key,
    frame: frameOf(cell, dataset, asked),
    measure,
    test,
    ...(asked.clickShare !== undefined && { clickShare: asked.clickShare }),
  } satisfies Tested
  await writeAtomically(join(cell.folder, cellFiles.tested), JSON.stringify(tested))
}

async function measureOfCell({ measure, folder }: Cell, dataset: Dataset): Promise<number | null> {
  if (measure === undefined) return null
  await using run = await openRun(folder, { dataset })
  return (await measureOf(measure, run)) ?? null
}

/** What a trained cell makes of a part's targets; null where there are none. */
async function outcomeOf(cell: Cell, dataset: Dataset, part: 'validation' | 'test'): Promise<Trained['validation']> {
  await using run = await openRun(cell.folder, { dataset })
  const outcome = await run.measure(part, { seed: evaluationSeed, sampled: cell.sampled && part === 'test' })
  if (!outcome) return null
  return outcome.kind === 'clicks' ? storedPredictions(outcome) : storedRanks(outcome)
}

function storedRanks({ model, rows, user, earlier, full, sampled99 }: TargetRanks): StoredRanks {
  const lists = { rows: Array.from(rows), user: Array.from(user), earlier: Array.from(earlier), full: Array.from(full) }
  return { model, ...lists, ...(sampled99 && { sampled99: Array.from(sampled99) }) }
}

function storedPredictions({ model, user, label, probability, known }: Predictions): StoredPredictions {
  const lists = { user: Array.from(user), label: Array.from(label), probability: Array.from(probability) }
  return { model, ...lists, ...(known && { known: Array.from(known) }) }
}

function frameOf(
  { split, sampled }: Cell,
  dataset: Dataset,
  { candidates, negatives, tested, rows, columns }: AskedTargets,
): Frame {
  return {
    split,
    candidates,
    negatives: sampled && negatives ? `${negativeCount}, seed ${evaluationSeed}` : null,
    targets: `${tested}, hash ${hashOf(dataset, rows, columns)}`,
  }
}

/** Twelve letters that stand for who is asked about what, when, and for samples of clicks the answer. */
function hashOf(
  { userIds, catalog }: Dataset,
  rows: readonly number[],
  { user, item, time, label }: Pick<Events, 'user' | 'item' | 'time'> & { readonly label?: Uint8Array },
): string {
  const hash = createHash('sha256')
  for (const row of rows) {
    const answer = label ? `\t${label[row]}` : ''
    hash.update(`${userIds[user[row] as number]}\t${catalog.ids[item[row] as number]}\t${time[row]}${answer}\n`)
  }
  return hash.digest('hex').slice(0, 12)
}
