import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { TrainingData } from '../batches/kind.ts'
import { clickSamples, clickSplitConfig } from '../dataset/click-samples.ts'
import { splitDataset } from '../dataset/splits.ts'
import { lr } from '../models/clicks/lr.ts'
import type { BuiltModel, ModelDefinition, Offline } from '../models/contract/model.ts'
import { sasrec } from '../models/sequential/sasrec.ts'
import { nodeRuntime } from '../runtime/node.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { matmul } from '../tensor/linear.ts'
import { input } from '../tensor/node.ts'
import { tinyDataset } from '../testing/tiny-dataset.ts'
import { builtModel } from './built-model.ts'
import { offlineOf } from './offline-cache.ts'
import type { Run } from './run-settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'siftrec-offline-'))
afterAll(() => rmSync(folder, { recursive: true }))

const dataset = {
  ...tinyDataset({ events: [1, 2, 3].map((at) => [1, at, 'click', at] as const), behaviors: ['click'] }),
  folder,
}
const split = splitDataset(dataset)
const runtime = nodeRuntime({ threads: 1 })
const run = (config: Readonly<Record<string, unknown>> = {}): Run => ({
  format: 'siftrec-run',
  version: 1,
  model: 'sasrec',
  config,
  training: null,
  dataset: { folder, name: 'tiny', hash: dataset.hash },
  split: { protocol: 'leave-one-out' } as Run['split'],
})

/** A definition that counts how often it computes, and remembers what it was built with. */
function counting() {
  const seen: { made: number; offline: Offline | undefined } = { made: 0, offline: undefined }
  const definition: ModelDefinition = {
    ...(sasrec as never as ModelDefinition),
    offline: {
      key: (config) => (config as { layers: number }).layers,
      async make(_, { compute }) {
        seen.made++
        const x = input('x', [1, 2])
        await using program = await compute({ square: matmul(x, x, { transposeB: true }) })
        program.bind('x', Float32Array.of(3, 4))
        await program.run()
        return {
          square: { shape: [1, 1], data: program.outputs['square'] as Float32Array },
          ids: { shape: [2], data: BigInt64Array.of(5n, 6n) },
        }
      },
      later: (_, made) => ({ made }),
    },
    build(_, __, offline): BuiltModel {
      seen.offline = offline
      return {} as BuiltModel
    },
  }
  return { definition, seen }
}
/** Builds a model as a run does. */
async function built(definition: ModelDefinition, one: Run, data: TrainingData, ...given: Given): Promise<void> {
  builtModel(definition, one, data, await offlineOf(definition, one, data, ...given))
}
type Given = [Runtime, ((bytes: number) => void)?]

const files = (): string[] => (existsSync(join(folder, 'offline')) ? readdirSync(join(folder, 'offline')) : [])

describe('offlineOf', () => {
  it('computes once for the options it depends on, and reads the file after that', async () => {
    const { definition, seen } = counting()
    await built(definition, run(), { dataset, split }, runtime)
    expect([seen.made, files().length]).toEqual([1, 1])
    expect([...(seen.offline?.['square']?.data ?? [])]).toEqual([25])
    await built(definition, run({ dropout: 0.3 }), { dataset, split }, runtime)
    expect([seen.made, files().length]).toEqual([1, 1])
    expect(seen.offline?.['square']).toEqual({ shape: [1, 1], data: Float32Array.of(25) })
    expect(seen.offline?.['ids']).toEqual({ shape: [2], data: BigInt64Array.of(5n, 6n) })
    await built(definition, run({ layers: 3 }), { dataset, split }, runtime)
    expect([seen.made, files().length]).toEqual([2, 2])
    await built(definition, run(), { dataset: { ...dataset, hash: 'another' }, split }, runtime)
    expect(seen.made).toBe(3)
  })

  it('tells the memory of what is computed, before it is, and of nothing that is read', async () => {
    const { definition, seen } = counting()
    const offline = { ...(definition.offline as Required<ModelDefinition>['offline']), bytes: () => 5e9 }
    const told: number[] = []
    const build = () =>
      built({ ...definition, offline }, run({ layers: 7 }), { dataset, split }, runtime, (bytes) => {
        expect(seen.made).toBe(0)
        told.push(bytes)
      })
    await build()
    await build()
    expect(seen.made).toBe(1)
    expect(told).toHaveLength(1)
    expect(told[0]).toBeGreaterThan(5e9)
  })

  it('computes again where the file is damaged or of other inputs', async () => {
    const { definition, seen } = counting()
    for (const name of files()) writeFileSync(join(folder, 'offline', name), 'not safetensors')
    await built(definition, run(), { dataset, split }, runtime)
    expect(seen.made).toBe(1)
    await built(definition, run(), { dataset, split }, runtime)
    expect(seen.made).toBe(1)
  })

  it('computes for models of clicks too, from their samples', async () => {
    const { definition, seen } = counting()
    const users = Array.from({ length: 30 }, (_, user) =>
      [1, 2, 3, 4].map((at) => [user + 1, 1 + ((5 * user + at) % 12), 'click', at] as const),
    )
    const shop = { ...tinyDataset({ events: users.flat(), behaviors: ['click'] }), folder, hash: 'clicks' }
    const samples = clickSamples(shop, clickSplitConfig.parse({ source: 'drawn', label: 'click', protocol: 'random' }))
    const clicks = { ...(lr as ModelDefinition), ...definition, task: 'clicks', config: lr.config } as const
    const { slug } = lr
    await built(clicks, { ...run(), model: slug }, { dataset: shop, samples }, runtime)
    expect(seen.made).toBe(1)
    expect([...(seen.offline?.['square']?.data ?? [])]).toEqual([25])
  })

  it('computes once for two runs that start together', async () => {
    rmSync(join(folder, 'offline'), { recursive: true, force: true })
    const { definition, seen } = counting()
    await Promise.all([1, 2].map(() => built(definition, run(), { dataset, split }, runtime)))
    expect([seen.made, files().length]).toEqual([1, 1])
  })

  // Nothing is forbidden to root.
  it.skipIf(process.getuid?.() === 0)('trains on a dataset that may only be read', async () => {
    rmSync(join(folder, 'offline'), { recursive: true, force: true })
    chmodSync(folder, 0o555)
    try {
      const { definition, seen } = counting()
      await built(definition, run(), { dataset, split }, runtime)
      expect([seen.made, files().length]).toEqual([1, 0])
    } finally {
      chmodSync(folder, 0o755)
    }
  })
})
