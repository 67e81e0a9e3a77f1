import { describe, expect, it } from 'vitest'
import { buildGraph } from '../../../onnx/graph.ts'
import { randomStream } from '../../../random/stream.ts'
import { nodeRuntime } from '../../../runtime/node.ts'
import { tinyDataset } from '../../../testing/tiny-dataset.ts'
import type { Compute } from '../../contract/model.ts'
import { mmsbr } from './mmsbr.ts'
import { laterMmsbr, made, mmsbrOffline, priceLevels, priceRanges } from './offline.ts'

const runtime = nodeRuntime({ threads: 1 })
const compute: Compute = (outputs) => runtime(buildGraph(outputs))
const config = mmsbr.config.parse({ priceLevels: 4 })

type Catalog = Parameters<typeof priceRanges>[0]['catalog']
function levelsOf(catalog: Catalog): number[] | undefined {
  const ranges = priceRanges({ catalog }, config)
  return ranges && [...priceLevels({ catalog }, config, ranges)]
}

describe('what MMSBR makes once', () => {
  it('are levels of prices within their category, of equal width, and none where there is no price', () => {
    const price = Float32Array.of(Number.NaN, 0, 10, 4, 7.5, Number.NaN, 100, 300, 5)
    const category = { values: Int32Array.of(0, 1, 1, 1, 1, 1, 2, 2, 3), vocabulary: ['', 'a', 'b', 'c'] }
    const catalog = { ids: [...price].map(String), titles: [], fields: { category }, numbers: { price } }
    // Between 0 and 10 each level is 2.5 wide; 10 is of the last one. One price alone is of the first.
    expect(levelsOf(catalog)).toEqual([0, 1, 4, 2, 4, 0, 1, 4, 1])
    expect(levelsOf({ ...catalog, fields: {} })).toEqual([0, 1, 1, 1, 1, 0, 2, 4, 1])
    expect(levelsOf({ ...catalog, numbers: {} })).toBeUndefined()
    const unknown = { price: new Float32Array(9).fill(Number.NaN) }
    expect(levelsOf({ ...catalog, numbers: unknown })).toBeUndefined()
  })

  it('has new items of a later dataset in the levels that their categories had', async () => {
    const vocabulary = ['', 'a', 'b', 'c']
    const catalogOf = (price: readonly number[], values: readonly number[]) => ({
      ids: ['', ...price.map(String)],
      titles: [],
      fields: { category: { values: Int32Array.of(0, ...values), vocabulary } },
      numbers: { price: Float32Array.of(Number.NaN, ...price) },
    })
    const before = { catalog: catalogOf([0, 10, 7.5, 300], [1, 1, 1, 2]), features: {} }
    const earlier = await mmsbrOffline(config, { dataset: before, compute } as never)
    expect([...(earlier[made.level]?.data ?? [])]).toEqual([0n, 1n, 4n, 4n, 1n])
    // Known ones keep their level whatever their price is now: 0 costs 9, and 10 is gone. New are 2.5 and 20 of the
    // first category, of which the second is beyond it, 9 of a category that had no price, and one without a price.
    const price = [2.5, 9, 20, 7.5, 300, 9, Number.NaN]
    const dataset = { catalog: catalogOf(price, [1, 1, 1, 1, 2, 3, 1]) }
    const items = { before: 4, now: Int32Array.of(0, 0, 1, 0, 3, 4, 0, 0) }
    const later = laterMmsbr(config, earlier, { dataset, items } as never)
    expect([...(later[made.level]?.data ?? [])]).toEqual([0n, 2n, 1n, 4n, 4n, 1n, 0n, 0n])
  })

  it('are vectors of each modality from the other, exact where one is linear in the other', async () => {
    const random = randomStream(1, 'linear')
    const image = Array.from({ length: 40 }, () => Array.from({ length: 3 }, () => random.normal()))
    // Turned, stretched a little, and moved: the way back is as linear.
    const text = image.map(([a = 0, b = 0, c = 0]) => [1 + b, c - a, c + a])
    const lacking = text.map((vector, at) => (at === 3 ? null : vector))
    const dataset = tinyDataset({ events: [[1, 1, 'click', 0]], items: 40, features: { image, text: lacking } })
    const offline = await mmsbrOffline(config, { dataset, compute } as never)
    expect(Object.keys(offline)).not.toContain(made.level)
    for (const [name, vectors] of [
      [made.pseudo('image'), image],
      [made.pseudo('text'), text],
    ] as const) {
      const { data } = offline[name] as { data: Float32Array }
      const wrong = vectors.flat().filter((value, at) => Math.abs((data[3 + at] as number) - value) > 1e-3)
      // The item without a text has neither.
      expect({ name, wrong }).toEqual({ name, wrong: vectors[3] })
      expect([...data.subarray(12, 15)]).toEqual([0, 0, 0])
    }
    expect([...(offline[made.both]?.data ?? [])].slice(0, 6)).toEqual([0, 1, 1, 1, 0, 1])
  })
})
