import { expect, it } from 'vitest'
import type { Dataset } from '../dataset/schema.ts'
import { textEncoder } from '../features/text.ts'
import { shop } from '../testing/later-shop.ts'
import { withEncodingTimes } from './encoding-time.ts'
import type { KnockOut } from './knock-out.ts'

const cost = { diskBytes: 1, memoryBytes: 1, encodeSeconds: null }
const signals = (['text', 'image'] as const).map((name) => ({ kind: 'modality' as const, name, cost, inference: [] }))
const secondsBy = async (encoder: string) => {
  const dataset = shop()
  const features = { text: { encoder, width: 512, present: 1, broken: [] } }
  const named = { ...dataset, manifest: { ...dataset.manifest, features } } as Dataset
  const timed = await withEncodingTimes({ signals } as unknown as KnockOut, named)
  return timed.signals.map((signal) => signal.cost.encodeSeconds)
}

it('times the encoder that made the texts, and none that is not at hand', async () => {
  const [text, image] = await secondsBy((await textEncoder()).name)
  expect(text).toBeGreaterThan(0)
  expect(text).toBeLessThan(10)
  expect(image).toBeNull()
  expect(await secondsBy('precomputed (clip.npy)')).toEqual([null, null])
})
