/** @file `run.json`: writing, reading and checking it. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../errors.ts'
import { runFiles } from '../learn/loop.ts'
import { parsedJson } from '../storage/json.ts'
import { optionsOfRun, type Run, runSchema } from './run-settings.ts'
import { taskOptions } from './task-options.ts'

/** Whether a folder holds a run. */
export const holdsRun = (folder: string): boolean => existsSync(join(folder, runFiles.run))

/** Where a run's folder has one of its files, if it has it. */
export const runPath = (folder: string, file: keyof typeof runFiles): string => join(folder, runFiles[file])

/** The names of some of a run's files, those that its folder has. */
export const runFilesIn = (folder: string, files: readonly (keyof typeof runFiles)[]): string[] =>
  files.map((file) => runFiles[file]).filter((name) => existsSync(join(folder, name)))

/** The text of `run.json`. */
export const printRun = (run: Run): string => `${JSON.stringify(run, null, 2)}\n`

/**
 * Reads and checks `run.json`.
 * @throws UserError `missing` without the file, `corrupted` when siftrec did not write it, `invalid` for an option out
 * of its range
 */
export function readRun(folder: string): Run {
  const path = join(folder, runFiles.run)
  if (!existsSync(path)) {
    const expected = 'a folder that "siftrec train" wrote'
    throw new UserError({
      where: folder,
      problem: 'missing',
      value: existsSync(folder) ? runFiles.run : 'the folder',
      expected,
    })
  }
  const { data, error } = runSchema.safeParse(parsedJson(readFileSync(path, 'utf8')))
  if (error) {
    const [issue] = error.issues
    const value = issue && issue.path.length > 0 ? `"${issue.path.join('.')}"` : 'it is not a run'
    throw new UserError({
      where: path,
      problem: 'corrupted',
      value,
      expected: 'a file that "siftrec train" wrote',
      hint: 'train again',
    })
  }
  optionsOfRun(data)
  if ((taskOptions(data.model).training !== undefined) !== (data.training !== null)) {
    throw new UserError({
      where: path,
      problem: 'corrupted',
      value: '"training"',
      expected: `the training options of ${data.model}`,
    })
  }
  return data
}
