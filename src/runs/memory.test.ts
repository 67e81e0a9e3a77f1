import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { TrainingEvent } from '../learn/training-run.ts'
import { ringDataset } from '../testing/ring.ts'
import { memoryText } from './memory-text.ts'
import { openRun } from './open-run.ts'
import { trainRun } from './train-run.ts'

const folder = mkdtempSync(join(tmpdir(), 'siftrec-memory-'))
afterAll(() => rmSync(folder, { recursive: true }))
const dataset = ringDataset()

async function trained(model: string): Promise<readonly TrainingEvent[]> {
  const events: TrainingEvent[] = []
  const training = model === 'item-knn' ? {} : { epochs: 1, threads: 1 }
  const report = (event: TrainingEvent): number => events.push(event)
  await trainRun({ model, dataset, out: join(folder, model), overwrite: true, training, report })
  return events
}

/** What is told when a run is opened. */
async function toldOf(model: string, users: 'one' | 'many'): Promise<number[]> {
  const told: number[] = []
  await using _ = await openRun(join(folder, model), { dataset, memory: { users, tell: (bytes) => told.push(bytes) } })
  return told
}

describe('the memory of a run', () => {
  it('is told of a model that is fitted, before it is', async () => {
    const [event] = await trained('item-knn')
    expect(event).toEqual({ kind: 'memory', work: 'fitting', bytes: expect.any(Number) as number })
  })

  it.each(['item-knn', 'sasrec', 'youtube-net'])('of %s is told once when it is opened to serve', async (model) => {
    await trained(model)
    const held = process.memoryUsage().rss
    for (const users of ['many', 'one'] as const) {
      const told = await toldOf(model, users)
      expect(told).toHaveLength(1)
      expect(told[0]).toBeGreaterThan(held / 2)
    }
  })

  it('is a line in megabytes', () => {
    expect(memoryText(1_234_567_890)).toBe('memory at the peak, estimated: 1,235 MB')
  })
})
