import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { plantedSignals } from '../../test/fixtures/planted-signals.ts'
import { temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import { readRun } from '../runs/run-file.ts'
import { taskOf } from '../runs/tasks.ts'
import { trainRun } from '../runs/train-run.ts'
import { faithfulness } from './faithfulness.ts'
import type { Untouched } from './knock-out.ts'
import { printFaithfulness } from './told.ts'

const place = temporaryFolder()
afterAll(() => place[Symbol.dispose]())
const dataset = plantedSignals(20)

async function trained(model: string, config: Readonly<Record<string, unknown>>): Promise<Untouched> {
  const folder = join(place.path, model)
  const training = { epochs: 1, threads: 1, batchSize: 32, learningRate: 0.01 }
  await trainRun({ model, dataset, out: folder, config, training })
  const run = readRun(folder)
  return { folder, run, data: taskOf(run.model).split(dataset, run.split), signals: [] }
}

it('says how often what is named counts more than another of its kind: nearly always where it was left out', async () => {
  const sizes = { hiddenSize: 8, heads: 1, layers: 1, maxLength: 6, modalitySteps: 1, behaviorSteps: 1 }
  const result = await faithfulness(await trained('m3bsr', sizes), { part: 'test', seed: 1, count: 30 })
  expect(result.kinds.map(({ kind, cases }) => [kind, cases])).toEqual([
    ['behavior', 30],
    ['modality', 30],
  ])
  for (const { share } of result.kinds) expect(share.mean).toBeGreaterThanOrEqual(0.9)
  // Something else in their places is another question: seed and drawings decide it here.
  for (const { replaced } of result.kinds) expect(replaced.mean).toBeLessThan(1)
  expect(printFaithfulness(result)).toMatch(
    /^30 recommendations of m3bsr .*\nthe behavior that is named counts more .*; with something else in their places in \d/,
  )
})

it('refuses a model that says no reasons', async () => {
  const run = await trained('sasrec', { hiddenSize: 8, heads: 1, layers: 1, maxLength: 8 })
  const measured = faithfulness(run, { part: 'test', seed: 1, count: 10 })
  await expect(measured).rejects.toThrow('unsupported: sasrec names no events, and no two behaviors or modalities')
})
