import { expect, it } from 'vitest'
import { shop } from '../testing/later-shop.ts'
import { withTextVectors } from './new-items.ts'
import { textEncoder } from './text.ts'

const { manifest } = shop()
const by = (encoder: string) => ({
  manifest: { ...manifest, features: { text: { encoder, width: 512, present: 1, broken: [] } } },
})

it('encodes texts as the dataset’s were, and keeps vectors that are given', async () => {
  const encoder = await textEncoder()
  const given = Float32Array.of(1)
  const items = [
    { id: 'a', title: 'red chair' },
    { id: 'b', title: 'x', text: 'red chair' },
    { id: 'c', vectors: { text: given } },
    { id: 'd' },
  ]
  const [a, b, c, d] = await withTextVectors(by(encoder.name), items)
  const { vectors } = await encoder.encode(['red chair'])
  expect([a?.vectors?.text, b?.vectors?.text]).toEqual([vectors, vectors])
  expect([c?.vectors?.text, d?.vectors]).toEqual([given, undefined])
})

it('encodes texts by the sentence encoder where the dataset’s were', async () => {
  const dataset = by('sentence-1 (Universal Sentence Encoder lite, English, 0.2.0, 512)')
  const texts = ['a couch', 'a sofa', 'a coach']
  const items = await withTextVectors(
    dataset,
    texts.map((title) => ({ id: title, title })),
  )
  const [couch, sofa, coach] = items.map(({ vectors }) => vectors?.text as Float32Array)
  const dot = (a?: Float32Array, b?: Float32Array) => a!.reduce((sum, value, at) => sum + value * b![at]!, 0)
  expect(dot(couch, sofa)).toBeGreaterThan(dot(couch, coach) + 0.05)
  await expect(withTextVectors(by('sentence-0 (another)'), [{ id: 'a', title: 'red' }])).rejects.toThrow('missing')
})

it('refuses a text without a vector where another encoder made the dataset’s', async () => {
  await expect(withTextVectors(by('precomputed (clip.npy)'), [{ id: 'a', title: 'red' }])).rejects.toThrow(
    'item "a": missing: a text vector by precomputed (clip.npy). give the vector',
  )
})
