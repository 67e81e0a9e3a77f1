/** @file A run of a small shop to be served, for benches that are about the service and not about the model. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Served } from '../test/fixtures/serve-process.ts'
import { prepareTinyShop, writeTinyShop } from '../test/fixtures/tiny-shop.ts'
import { compileCommand } from './served-run.ts'

/** Makes the shop and its run in a temporary folder, which is gone afterwards. */
export async function inSmallShop<Result>(
  work: (folder: string, served: Omit<Served, 'store'>) => Promise<Result>,
): Promise<Result> {
  const command = compileCommand()
  const folder = mkdtempSync(join(tmpdir(), 'siftrec-small-'))
  try {
    writeTinyShop(folder)
    const run = join(folder, 'run')
    const siftrec = (...args: readonly string[]) => {
      const [program = '', ...before] = command
      execFileSync(program, [...before, ...args], { cwd: folder, stdio: 'ignore' })
    }
    siftrec(...prepareTinyShop)
    siftrec('train', 'sasrec', join(folder, 'data'), '--out', run, '--epochs', '1')
    return await work(folder, { command, run })
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  }
}
