import { describe, expect, it } from 'vitest'
import { noNoise, trainingNoise } from '../../nn/noise.ts'
import { randomStream } from '../../random/stream.ts'
import { integers } from '../../tensor/node.ts'
import { bareCatalog } from '../../testing/bare-catalog.ts'
import { evaluateTensor } from '../../testing/evaluate-tensor.ts'
import { frozenVectors } from './projected-vectors.ts'
import { type ExpertOptions, whiteningExperts } from './whitening-experts.ts'

const [items, from, width, experts] = [3, 4, 2, 3]
const frozen = frozenVectors('text', bareCatalog({ itemCount: items - 1, features: { text: from } }))
const adaptor = (more: Partial<ExpertOptions> = {}) =>
  whiteningExperts('text', frozen, { experts, width, dropout: 0, centered: true, noisy: true, ...more })

const random = randomStream(4)
const normals = (size: number): Float32Array => Float32Array.from({ length: size }, () => random.normal())
const feeds = {
  'item.text': normals(items * from).fill(0, 0, from),
  'item.text.present': Float32Array.of(0, 1, 1),
  'text.experts.weight': normals(experts * from * width),
  'text.experts.center': normals(experts * from),
  'text.gate': new Float32Array(from * experts),
  'text.gate.noise': new Float32Array(from * experts),
  'text.missing': Float32Array.of(5, 7),
  'noise.0': normals(items * experts),
}
const far = (found: readonly number[], expected: readonly number[]): readonly number[] =>
  expected.filter((value, at) => !(Math.abs(value - (found[at] as number)) < 1e-4))

/** What one expert makes of an item. */
function byExpert(expert: number, item: number): number[] {
  return Array.from({ length: width }, (_, column) => {
    let sum = 0
    for (let at = 0; at < from; at++) {
      const centered =
        (feeds['item.text'][item * from + at] as number) - (feeds['text.experts.center'][expert * from + at] as number)
      sum += centered * (feeds['text.experts.weight'][(expert * from + at) * width + column] as number)
    }
    return sum
  })
}
const mean = (item: number): number[] => {
  const each = Array.from({ length: experts }, (_, expert) => byExpert(expert, item))
  return Array.from({ length: width }, (_, at) => each.reduce((sum, x) => sum + (x[at] as number) / experts, 0))
}

describe('whitening experts', () => {
  it('are their mean where no gate knows better, and a learned vector is added where an item has none', async () => {
    const found = await evaluateTensor(adaptor()(noNoise), feeds)
    expect(far(found.slice(width), [...mean(1), ...mean(2)])).toEqual([])
    expect(
      far(
        found.slice(0, width),
        mean(0).map((value, at) => value + (at === 0 ? 5 : 7)),
      ),
    ).toEqual([])
  })

  it('are read by ids as from the whole catalog', async () => {
    const found = await evaluateTensor(adaptor()(noNoise, integers([2, 1]).reshape([1, 2])), feeds)
    expect(far(found, [...mean(2), ...mean(1)])).toEqual([])
  })

  it('have noisy gates while training, by ln 2 + 0.01 at first, unless they are told not to', async () => {
    const noisy = await evaluateTensor(adaptor()(trainingNoise()), feeds)
    const weights = Array.from({ length: experts }, (_, expert) =>
      Math.exp((Math.log(2) + 0.01) * (feeds['noise.0'][experts + expert] as number)),
    )
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    const expected = [0, 1].map((at) =>
      weights.reduce((sum, weight, expert) => sum + (weight / total) * (byExpert(expert, 1)[at] as number), 0),
    )
    expect(far(noisy.slice(width, 2 * width), expected)).toEqual([])
    expect(
      far((await evaluateTensor(adaptor({ noisy: false })(trainingNoise()), feeds)).slice(width, 2 * width), mean(1)),
    ).toEqual([])
  })

  it('take nothing off where they have no centers', async () => {
    const without = await evaluateTensor(adaptor({ centered: false })(noNoise), feeds)
    const centers = { ...feeds, 'text.experts.center': new Float32Array(experts * from) }
    expect(far(without, await evaluateTensor(adaptor()(noNoise), centers))).toEqual([])
    expect(Math.abs((without[width] as number) - (mean(1)[0] as number))).toBeGreaterThan(1e-2)
  })
})
