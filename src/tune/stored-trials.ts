/** @file The trials of a search, and the search itself, in S3-compatible storage: for workers that share no folder. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { putDataset, takeDataset } from '../dataset/stored-dataset.ts'
import { runFilesIn, runPath } from '../runs/run-file.ts'
import { parsedJson } from '../storage/json.ts'
import { openObjects } from '../storage/s3.ts'
import { putFolder, takeFolder } from '../storage/stored-folder.ts'

/** What storage has of a search. */
export interface StoredSearch extends Disposable {
  readonly address: string
  /** Copies a trial's run from there, where it has more epochs than here. For whoever holds its lock. */
  take(run: string): Promise<void>
  /** Puts a trial's run there, where it has more epochs than there. */
  put(run: string): Promise<void>
  /** Copies the dataset from there to a folder, unless it is here. @throws UserError `missing` where it is not there */
  takeData(folder: string): Promise<void>
  /** Puts the dataset there, unless it is there. */
  putData(folder: string): Promise<void>
  /** The text of a file of the search; undefined where it is not there. */
  read(name: string): Promise<string | undefined>
  write(name: string, text: string): Promise<void>
}

/** Where a worker has a search of that storage. */
export const workplaceOf = (address: string): string =>
  join('runs', `tune-${createHash('sha256').update(address).digest('hex').slice(0, 8)}`)

/** Opens the search at an address. @throws UserError as `openObjects` */
export async function openStoredSearch(address: string): Promise<StoredSearch> {
  const objects = await openObjects()
  const pairOf = (run: string) => ({ folder: run, address: `${address}/${basename(run)}` })
  const dataPair = (folder: string) => ({ folder, address: `${address}/data` })
  const epochsThere = async (run: string): Promise<number> =>
    epochsIn(await objects.read(`${pairOf(run).address}/${basename(runPath(run, 'epochs'))}`))
  return {
    address,
    async take(run) {
      if ((await epochsThere(run)) > epochsHere(run)) await takeFolder(objects, pairOf(run))
    },
    async put(run) {
      // What counts the epochs comes last.
      const files = ['run', 'model', 'known', 'offline', 'calibration', 'checkpoint', 'epochs'] as const
      if (epochsHere(run) > (await epochsThere(run))) await putFolder(objects, pairOf(run), runFilesIn(run, files))
    },
    takeData: (folder) => takeDataset(objects, dataPair(folder)),
    putData: (folder) => putDataset(objects, dataPair(folder)),
    read: (name) => objects.read(`${address}/${name}`),
    write: (name, text) => objects.write(`${address}/${name}`, text),
    [Symbol.dispose]: () => objects[Symbol.dispose](),
  }
}

const epochsHere = (run: string): number => {
  const path = runPath(run, 'epochs')
  return epochsIn(existsSync(path) ? readFileSync(path, 'utf8') : undefined)
}

function epochsIn(text: string | undefined): number {
  const epochs = text === undefined ? undefined : parsedJson(text)
  return Array.isArray(epochs) ? epochs.length : 0
}
