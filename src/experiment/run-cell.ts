/** @file Runs a cell: trains it, or goes on training it, ranks its validation targets, and, if it is wanted, its test targets. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadDataset } from '../data/load.ts'
import type { Dataset, Split } from '../data/schema.ts'
import { rankTargets, type TargetRanks } from '../evaluate/rank.ts'
import { writeAtomically } from '../storage/atomic.ts'
import type { TrainingEvent } from '../train/loop.ts'
import { type OpenRun, openRun } from '../train/open-run.ts'
import { trainRun } from '../train/run.ts'
import { holdsRun } from '../train/run-file.ts'
import { type Cell, cellFiles, evaluationSeed, type Frame, type StoredRanks, type Tested, type Trained, testedOf, trainedOf } from './cell.ts'
import { measureOf } from './measures.ts'
import { lockPath } from './path-lock.ts'

/** How far a cell is to be taken: the losers of tuning are never tested. */
export type Stage = 'trained' | 'tested'

/** What listens to a cell and can stop it. */
export interface Watching {
  readonly signal?: AbortSignal | undefined
  readonly report?: (event: TrainingEvent) => void
}

/** Whether nothing is left to do. */
export function isDone(cell: Cell, stage: Stage): boolean {
  return trainedOf(cell) !== undefined && (stage === 'trained' || testedOf(cell) !== undefined)
}

/**
 * Takes a cell to a stage, from wherever it is: an aborted signal saves it and ends it as `interrupted`.
 * @throws UserError as `trainRun` and `rankTargets`
 */
export async function runCell(cell: Cell, stage: Stage, watching: Watching = {}): Promise<'finished' | 'interrupted'> {
  mkdirSync(cell.folder, { recursive: true })
  // Two experiments may want the same cell at the same time.
  await using _ = await lockPath(join(cell.folder, 'lock'), watching.signal)
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
  const settings = { model, dataset, out, config, split, ...(training && { training }), ...(resume ? { resume } : { overwrite: true }) }
  const { status, best, epochs } = await trainRun({ ...settings, ...(signal && { signal }), ...(report && { report }) })
  if (status === 'interrupted') {
    await writeAtomically(join(out, spentFile), JSON.stringify(spent()))
    return undefined
  }
  const seconds = spent()
  await using run = await openRun(out, { dataset })
  const validation = run.split.validation.length > 0 ? storedRanks(await ranked(cell, run, 'validation')) : null
  const trained: Trained = { key: cell.key, epochs, bestEpoch: best?.epoch ?? 0, seconds, validation }
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
  await using run = await openRun(cell.folder, { dataset })
  const measure = cell.measure === undefined ? undefined : await measureOf(cell.measure, run)
  const test = storedRanks(await ranked(cell, run, 'test'))
  const tested: Tested = { key: cell.key, frame: frameOf(cell, dataset, run.split), measure: measure ?? null, test }
  await writeAtomically(join(cell.folder, cellFiles.tested), JSON.stringify(tested))
}

function ranked({ sampled }: Cell, { scorer, dataset, split, maxLength }: OpenRun, part: 'validation' | 'test'): Promise<TargetRanks> {
  return rankTargets(scorer, dataset, split, { part, seed: evaluationSeed, maxLength, sampled: sampled && part === 'test' })
}

function storedRanks({ model, rows, user, earlier, full, sampled99 }: TargetRanks): StoredRanks {
  const lists = { rows: Array.from(rows), user: Array.from(user), earlier: Array.from(earlier), full: Array.from(full) }
  return { model, ...lists, ...(sampled99 && { sampled99: Array.from(sampled99) }) }
}

function frameOf({ split, sampled }: Cell, { events, userIds, catalog, manifest }: Dataset, { validation, test }: Split): Frame {
  const hash = createHash('sha256')
  for (const row of [...validation, ...test]) {
    hash.update(`${userIds[events.user[row] as number]}\t${catalog.ids[events.item[row] as number]}\t${events.time[row]}\n`)
  }
  const negatives = sampled ? `99, seed ${evaluationSeed}` : null
  return { split, candidates: manifest.candidates, negatives, targets: `${test.length}, hash ${hash.digest('hex').slice(0, 12)}` }
}
