/**
 * @file Datasets of experiments: prepared once under `runs/experiments/data`, again when their files or settings
 * change.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { loadDataset } from '../../dataset/load.ts'
import type { Dataset } from '../../dataset/schema.ts'
import { UserError } from '../../errors.ts'
import { waitForLock } from '../../storage/lock.ts'

/** How a dataset is made. */
export interface DatasetRecipe {
  readonly name: string
  /** All that determines it besides the files: changing it makes another dataset. */
  readonly settings: unknown
  /** Files and folders that it is made of. */
  readonly inputs: readonly string[]
  /** A folder where it lies prepared: then nothing is made. */
  readonly prepared?: string
  make(out: string): Promise<unknown>
}

/** A dataset on disk, with what can be told without its tables. */
export type PreparedDataset = Pick<Dataset, 'folder' | 'hash' | 'manifest'>

/**
 * Prepares a dataset, or finds it prepared.
 * @throws UserError `missing` when a file that it is made of is not there, and as `prepareDataset`
 */
export async function preparedDataset(
  recipe: DatasetRecipe,
  folder: string,
  report: (line: string) => void,
): Promise<PreparedDataset> {
  if (recipe.prepared !== undefined) {
    const { hash, manifest } = await loadDataset(recipe.prepared)
    return { folder: recipe.prepared, hash, manifest }
  }
  const identity = { name: recipe.name, settings: recipe.settings, inputs: recipe.inputs.map(describeInput) }
  const key = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 12)
  const out = join(folder, `${recipe.name}-${key}`)
  mkdirSync(dirname(out), { recursive: true })
  if (!existsSync(join(out, 'manifest.json'))) {
    await using _ = await waitForLock(`${out}.lock`)
    if (!existsSync(join(out, 'manifest.json'))) {
      report(`preparing ${recipe.name}`)
      await recipe.make(out)
    }
  }
  const { hash, manifest } = await loadDataset(out)
  return { folder: out, hash, manifest }
}

/** The names, sizes and times of a file or folder: cheap to ask, and other when a file was replaced. */
function describeInput(path: string): unknown {
  if (!existsSync(path)) {
    const hint = 'say where the data sets are with --data-root'
    throw new UserError({ where: path, problem: 'missing', value: 'the data this experiment is about', hint })
  }
  const stamp = (name: string): unknown[] => {
    const { size, mtimeMs } = statSync(name)
    return [size, mtimeMs]
  }
  if (!statSync(path).isDirectory()) return [path, ...stamp(path)]
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' }).sort()
  return [path, names.map((name) => [name, ...stamp(join(path, name))])]
}
