/**
 * @file Cells, the datasets that they are trained on, and pages, in S3-compatible storage: for hosts that share no
 * folder.
 */
import { existsSync, mkdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { putDataset, takeDataset } from '../../dataset/stored-dataset.ts'
import { runFilesIn } from '../../runs/run-file.ts'
import { waitForLock } from '../../storage/lock.ts'
import { openObjects } from '../../storage/s3.ts'
import { putFolder, storedNames, takeFolder } from '../../storage/stored-folder.ts'
import { type Cell, cellFiles, cellLock, isDone, type Stage } from './grid-cell.ts'

/** What storage has of experiments. */
export interface StoredCells extends Disposable {
  readonly address: string
  /**
   * Copies a cell from there, where it is done further than here. For whoever holds the cell's lock.
   * @returns whether it was copied
   */
  take(cell: Cell): Promise<boolean>
  /** Puts a cell there, in place of what was there. */
  put(cell: Cell): Promise<void>
  /** Has both places have the cell as far as one has it. */
  share(cell: Cell): Promise<void>
  /** Copies the dataset of a cell from there, unless it is here. @throws UserError `missing` where it is not there */
  takeData(cell: Cell): Promise<void>
  /** Puts the dataset of a cell there, unless it is there. */
  putData(cell: Cell): Promise<void>
  /** Puts files of results there. @returns their addresses */
  putResults(files: readonly string[]): Promise<string[]>
}

const stages = ['trained', 'tested'] as const satisfies readonly Stage[]

/**
 * Opens the storage at an address.
 * @throws UserError as `openObjects`
 */
export async function openStoredCells(address: string): Promise<StoredCells> {
  const objects = await openObjects()
  const cellPair = ({ folder }: Cell) => ({ folder, address: `${address}/cells/${basename(folder)}` })
  const dataPair = ({ data, dataKey }: Cell) => ({ folder: data, address: `${address}/data/${dataKey}` })
  const namesOf = (cell: Cell): Promise<ReadonlySet<string>> => storedNames(objects, cellPair(cell).address)
  const isMoreThere = (cell: Cell, names: ReadonlySet<string>): boolean =>
    stages.some((stage) => names.has(cellFiles[stage]) && !isDone(cell, stage))
  const put = (cell: Cell): Promise<void> => putFolder(objects, cellPair(cell), filesOf(cell))
  const take = async (cell: Cell): Promise<boolean> =>
    isMoreThere(cell, await namesOf(cell)) && (await takeFolder(objects, cellPair(cell)))
  return {
    address,
    take,
    put,
    async share(cell) {
      const names = await namesOf(cell)
      if (isMoreThere(cell, names)) {
        mkdirSync(cell.folder, { recursive: true })
        await using _ = await waitForLock(cellLock(cell))
        await take(cell)
      } else if (stages.some((stage) => isDone(cell, stage) && !names.has(cellFiles[stage]))) await put(cell)
    },
    takeData: (cell) => takeDataset(objects, dataPair(cell)),
    putData: (cell) => putDataset(objects, dataPair(cell)),
    async putResults(files) {
      const addresses: string[] = []
      for (const file of files) {
        const to = `${address}/${basename(file)}`
        await objects.put(to, file)
        addresses.push(to)
      }
      return addresses
    },
    [Symbol.dispose]: () => objects[Symbol.dispose](),
  }
}

/** The names of a cell's files, its results last; the checkpoint is left out, since a whole cell does not need it. */
function filesOf({ folder }: Cell): string[] {
  const results = stages.map((stage) => cellFiles[stage]).filter((name) => existsSync(join(folder, name)))
  return [...runFilesIn(folder, ['run', 'model', 'epochs', 'known', 'offline', 'calibration']), ...results]
}
