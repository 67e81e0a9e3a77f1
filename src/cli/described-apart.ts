/** @file The description of a dataset that is served, made once by a process of its own. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Description } from '../describe/description.ts'

/** What started this process, without its arguments: node's own options, and our script. */
const ourselves = (): string[] => [...process.execArgv, process.argv[1] ?? '']

/** More than any description has: its curves have fifty points each. */
const mostBytes = 2 ** 24

/**
 * Describes the dataset in a folder when it is first asked for, and keeps what came. Describing takes seconds for a
 * million events, and whoever serves must go on answering meanwhile. What failed is tried again when it is asked again.
 * @param script what runs our commands, for node
 */
export function describedApart(folder: string, script: readonly string[] = ourselves()): () => Promise<Description> {
  let made: Promise<Description> | undefined
  return () => {
    made ??= describe(folder, script).catch((error: unknown) => {
      made = undefined
      throw error
    })
    return made
  }
}

async function describe(folder: string, script: readonly string[]): Promise<Description> {
  const args = [...script, 'describe', folder, '--json']
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: mostBytes })
  return JSON.parse(stdout) as Description
}
