import { describe, expect, it } from 'vitest'
import { xavier, zeros } from '../../nn/init.ts'
import { buildGraph } from '../../onnx/graph.ts'
import { randomStream } from '../../random/stream.ts'
import { input, sizeOf } from '../../tensor/node.ts'
import { evaluateTensor, type Feeds } from '../../testing/evaluate-tensor.ts'
import { rankFusion } from './vector-fusion.ts'

const [rows, from, to, rank] = [5, 4, 2, 3]
const names = ['id', 'image', 'text']
const random = randomStream(1, 'fusion')
const normals = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.normal())

/** What a fusion makes of drawn vectors with drawn parameters, and these numbers by name. */
async function made(rankWeights: boolean): Promise<{ fused: number[]; feeds: Record<string, Feeds[string]> }> {
  const fuse = rankFusion('fusion', names, [from, to], { rank, rankWeights, constantRow: zeros })
  const fused = fuse(names.map((name) => input(name, [rows, from])))
  const feeds: Record<string, Feeds[string]> = {}
  for (const [name, { shape }] of buildGraph({ fused }).inputs) feeds[name] = normals(sizeOf(shape))
  return { fused: await evaluateTensor(fused, feeds), feeds }
}

describe('a fusion of limited rank', () => {
  it('is one linear map of the outer product of its vectors, each with a 1 in front', async () => {
    const { fused, feeds } = await made(true)
    const value = (name: string, at: number): number => Number(feeds[name]?.[at])
    /** F^m_k at row a, 0 being that of the 1, and column o. */
    const factor = (name: string, k: number, a: number, o: number): number =>
      a === 0 ? value(`fusion.${name}.bias`, k * to + o) : value(`fusion.${name}.weight`, ((a - 1) * rank + k) * to + o)
    const vector = (name: string, row: number, a: number): number => (a === 0 ? 1 : value(name, row * from + a - 1))
    const places = Array.from({ length: from + 1 }, (_, at) => at)
    for (let row = 0; row < rows; row++) {
      for (let o = 0; o < to; o++) {
        let expected = value('fusion.bias', o)
        for (const a of places)
          for (const b of places)
            for (const c of places) {
              let weight = 0
              for (let k = 0; k < rank; k++)
                weight +=
                  value('fusion.ranks', k) * factor('id', k, a, o) * factor('image', k, b, o) * factor('text', k, c, o)
              expected += weight * vector('id', row, a) * vector('image', row, b) * vector('text', row, c)
            }
        expect(fused[row * to + o]).toBeCloseTo(expected, 4)
      }
    }
  })

  it('has neither weights of ranks nor a bias where these are not asked for', async () => {
    const { feeds } = await made(false)
    expect(Object.keys(feeds).filter((name) => /\.(ranks|bias)$/.test(name))).toEqual(
      names.map((name) => `fusion.${name}.bias`),
    )
  })
})

it('a vector alone, of no mean, still says something: the others’ 1 carries it', async () => {
  // The text is zeros: without its 1 the product would be 0, whatever the picture is.
  const fuse = rankFusion('fusion', ['image', 'text'], [1, 1], {
    rank: 1,
    rankWeights: false,
    constantRow: xavier(2, 1),
  })
  const fused = fuse([input('image', [2, 1]), input('text', [2, 1])])
  const feeds = {
    image: Float32Array.of(3, -3),
    text: Float32Array.of(0, 0),
    'fusion.image.weight': Float32Array.of(2),
    'fusion.image.bias': Float32Array.of(0),
    'fusion.text.weight': Float32Array.of(5),
  }
  expect(await evaluateTensor(fused, { ...feeds, 'fusion.text.bias': Float32Array.of(1) })).toEqual([6, -6])
  expect(await evaluateTensor(fused, { ...feeds, 'fusion.text.bias': Float32Array.of(0) })).toEqual([0, 0])
})
