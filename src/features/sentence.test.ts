import { describe, expect, it } from 'vitest'
import { openSentenceEncoder } from './sentence.ts'

describe('the sentence encoder', () => {
  it('knows meaning: a word is nearer to another for the same thing than to one that is spelled alike', async () => {
    await using encoder = await openSentenceEncoder()
    const texts = ['a couch', 'a sofa', 'a coach', 'a green dress for summer']
    const vectors = await encoder.encode(texts)
    const dot = (a: number, b: number): number => {
      const row = (at: number) => vectors.subarray(at * encoder.width, (at + 1) * encoder.width)
      return row(a).reduce((sum, value, at) => sum + value * (row(b)[at] as number), 0)
    }
    expect(vectors.length).toBe(4 * 512)
    expect(dot(0, 0)).toBeCloseTo(1, 5)
    expect(dot(0, 1)).toBeGreaterThan(dot(0, 2) + 0.05)
    expect(dot(0, 1)).toBeGreaterThan(dot(0, 3) + 0.05)
    const alone = await encoder.encode(['a sofa'])
    expect(alone.every((value, at) => Math.abs(value - (vectors[512 + at] as number)) < 1e-5)).toBe(true)
    expect(encoder.name).toBe('sentence-1 (Universal Sentence Encoder lite, English, 0.2.0, 512)')
  })
})
