import { describe, expect, it } from 'vitest'
import { stagesOf } from '../../learn/objectives.ts'
import { initialParameters, valuesOf } from '../../learn/parameters.ts'
import { parametersOf } from '../../learn/step.ts'
import { nextItemScorer } from '../../rank/scorer.ts'
import { nodeRuntime } from '../../runtime/node.ts'
import { conformance } from '../../testing/ranking/index.ts'
import { tinyDataset } from '../../testing/tiny-dataset.ts'
import { catalogShape } from '../contract/catalog.ts'
import { sasrecBf } from './sasrec-bf.ts'

const small = { hiddenSize: 16, maxLength: 32, heads: 2, layers: 1, dropout: 0 }
conformance({ definition: sasrecBf, options: small, epochs: 40 })

const dataset = (picture: readonly number[] | null) =>
  tinyDataset({
    events: [1, 2, 3, 4].map((item) => [1, item, item === 2 ? 'favorite' : 'click', item] as const),
    behaviors: ['click', 'favorite'],
    fields: { brand: { values: Int32Array.of(0, 1, 2, 1, 2), vocabulary: ['', 'a', 'b'] } },
    features: { image: [[1, 0], [0, 1], picture, null] },
  })

/** Scores of the items after items 1 and 2, the latter by a behavior. */
async function scores(behavior: number, picture: readonly number[] | null = [3, 1]): Promise<number[]> {
  const data = dataset(picture)
  const model = sasrecBf.build(sasrecBf.config.parse(small), catalogShape(data))
  const objectives = stagesOf(model).flatMap((stage) => stage.objectives)
  await using scorer = await nextItemScorer({
    slug: 'sasrec-bf',
    model,
    dataset: data,
    parameters: valuesOf(initialParameters(parametersOf(objectives), 3)),
    runtime: nodeRuntime({ threads: 1 }),
  })
  const history = {
    user: 1,
    item: Int32Array.of(1, 2),
    behavior: Uint8Array.of(0, behavior),
    time: Float64Array.of(1, 2),
  }
  return [...(await scorer.score([history]))].slice(1)
}

describe('sasrec-bf', () => {
  it('reads the behavior of an event, and ranks an item by its picture', async () => {
    const clicked = await scores(0)
    expect(await scores(0)).toEqual(clicked)
    for (const [at, score] of (await scores(1)).entries()) expect(score).not.toBe(clicked[at])
    const other = await scores(0, [0, 4])
    expect(other[2]).not.toBeCloseTo(clicked[2] as number, 3)
    expect(other[0]).toBeCloseTo(clicked[0] as number, 6)
  })
})
