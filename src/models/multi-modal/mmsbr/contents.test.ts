import { describe, expect, it } from 'vitest'
import { input } from '../../../tensor/node.ts'
import { bareCatalog } from '../../../testing/bare-catalog.ts'
import { evaluateTensors } from '../../../testing/evaluate-tensor.ts'
import { projectedContent } from './contents.ts'
import { middleOf } from './offline.ts'

const catalog = bareCatalog({ itemCount: 3, features: { text: 2 } })
const { table, project } = projectedContent('text', 2, catalog)
const projected = project(input('made', [2, 2]))
/** With the identity for a map; the last of three items has none, and what is made for the others equals theirs. */
const of = async (given: readonly number[]) => {
  const vectors = Float32Array.of(0, 0, ...given, 0, 0)
  const middle = middleOf('text', { width: 2, vectors, present: Uint8Array.of(0, 1, 1, 0) })
  const feeds = {
    'item.text': vectors,
    made: Float32Array.from(given),
    'item.text.present': Float32Array.of(0, 1, 1, 0),
    ...Object.fromEntries(Object.entries(middle).map(([name, { data }]) => [name, data])),
    'text.weight': Float32Array.of(1, 0, 0, 1),
    'text.bias': Float32Array.of(0, 10),
    'text.missing': Float32Array.of(5, 7),
  }
  const found = await evaluateTensors({ table, projected }, feeds)
  return { table: Array.from(found.table, Number).slice(2), projected: Array.from(found.projected, Number) }
}

describe('contents', () => {
  it('lie around their mean, two numbers of variance 1, and a learned vector stands in for one that is missing', async () => {
    // Their mean is [2, 1]; what is left has the mean square length 4, to be 2.
    const found = await of([4, 1, 0, 1])
    const expected = [Math.SQRT2, 10, -Math.SQRT2, 10]
    for (const [at, value] of [...expected, 5, 17].entries()) expect(found.table[at]).toBeCloseTo(value, 5)
    for (const [at, value] of expected.entries()) expect(found.projected[at]).toBeCloseTo(value, 5)
  })

  it('are read alike wherever an encoder puts them, and however long it makes them', async () => {
    const [here, there] = [await of([4, 1, 0, 1]), await of([1012, 103, 1000, 103])]
    for (const [at, value] of here.table.entries()) expect(there.table[at]).toBeCloseTo(value, 4)
  })
})
