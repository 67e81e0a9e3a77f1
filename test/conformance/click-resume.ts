/** @file A run of a model of clicks that is stopped and goes on. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { runFiles } from '../../src/learn/loop.ts'
import { trainRun } from '../../src/runs/train-run.ts'
import { smallShop } from '../../src/testing/clicks/shop.ts'
import { temporaryFolder } from '../fixtures/prepared-files.ts'

/**
 * Expects a training of one epoch that goes on for two more to end in the bytes of three epochs at once.
 * @param stops for a model of several stages, which is given no more epochs: it is stopped after so many steps, each
 * time, and then goes on to its end
 */
export async function expectResumes(
  slug: string,
  config: Readonly<Record<string, unknown>>,
  stops?: readonly number[],
): Promise<void> {
  const { dataset } = smallShop()
  using folder = temporaryFolder()
  const train = async (name: string, epochs: number, resume = false, stop = Number.POSITIVE_INFINITY) => {
    const controller = new AbortController()
    let steps = 0
    const { status } = await trainRun({
      model: slug,
      dataset,
      out: join(folder.path, name),
      config,
      training: { epochs, threads: 1, batchSize: 32 },
      split: { source: 'drawn', protocol: 'time' },
      resume,
      signal: controller.signal,
      report({ kind }) {
        if (kind === 'batch' && ++steps === stop) controller.abort()
      },
    })
    expect(status).toBe(stop === Number.POSITIVE_INFINITY ? 'finished' : 'interrupted')
  }
  await train('whole', 3)
  if (stops) for (const [at, stop] of stops.entries()) await train('resumed', 3, at > 0, stop)
  else await train('resumed', 1)
  await train('resumed', 3, true)
  const bytes = (name: string, file: string): Buffer => readFileSync(join(folder.path, name, file))
  const different = [runFiles.model, runFiles.checkpoint].filter(
    (file) => !bytes('resumed', file).equals(bytes('whole', file)),
  )
  expect(different).toEqual([])
}
