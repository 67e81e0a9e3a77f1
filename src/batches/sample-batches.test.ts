import { describe, expect, it } from 'vitest'
import type { ClickSamples } from '../dataset/click-samples.ts'
import { bucketLengths } from './lengths.ts'
import { sampleBatches } from './sample-batches.ts'

/** Samples of one user each, sample s with a history of s events; those of even number train. */
function samplesOf(count: number): ClickSamples {
  const starts = Int32Array.from({ length: count + 2 }, (_, user) => (user === 0 ? 0 : ((user - 1) * (user - 2)) / 2))
  const numbers = Int32Array.from({ length: count }, (_, sample) => sample)
  return {
    columns: { item: new Int32Array(0), behavior: new Uint8Array(0), time: new Float64Array(0), start: starts },
    user: numbers.map((sample) => sample + 1),
    end: numbers.map((sample) => (starts[sample + 1] as number) + sample),
    train: numbers.filter((sample) => sample % 2 === 0),
  } as Partial<ClickSamples> as ClickSamples
}

const settings = { batchSize: 3, maxLength: 10, seed: 1, epoch: 1 }

describe('batches of clicks', () => {
  it('hold each training sample once, with those of like length', () => {
    const batches = sampleBatches(samplesOf(30), settings)
    expect(batches.flatMap(({ samples }) => [...samples]).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 15 }, (_, at) => 2 * at),
    )
    const fits = { 4: [0, 2, 4], 8: [6, 8], 10: [10, 12, 14, 16, 18, 20, 22, 24, 26, 28] }
    for (const [length, samples] of Object.entries(fits)) {
      const own = batches.filter((batch) => batch.length === Number(length))
      expect(own.flatMap((batch) => [...batch.samples]).sort((a, b) => a - b)).toEqual(samples)
      expect(own.map((batch) => batch.samples.length).filter((size) => size < 3).length).toBe(
        samples.length % 3 === 0 ? 0 : 1,
      )
    }
  })

  it('follow from the seed and the epoch', () => {
    const samples = samplesOf(60)
    expect(sampleBatches(samples, settings)).toEqual(sampleBatches(samples, settings))
    expect(sampleBatches(samples, settings)).not.toEqual(sampleBatches(samples, { ...settings, epoch: 2 }))
    expect(sampleBatches(samples, settings)).not.toEqual(sampleBatches(samples, { ...settings, seed: 2 }))
    // Batches of one length do not follow one another.
    const lengths = sampleBatches(samples, settings).map(({ length }) => length)
    expect(lengths).not.toEqual([...lengths].sort((a, b) => a - b))
  })

  it('have one length where histories are not read, and few lengths otherwise', () => {
    expect(new Set(sampleBatches(samplesOf(30), { ...settings, maxLength: 0 }).map(({ length }) => length))).toEqual(
      new Set([1]),
    )
    expect([0, 1, 4, 5, 50].map(bucketLengths)).toEqual([[1], [1], [4], [4, 5], [4, 8, 16, 32, 50]])
  })
})
