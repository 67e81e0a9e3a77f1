import { describe, expect, it } from 'vitest'
import { batchesOf } from '../batches/recipes.ts'
import { servedWindow } from '../batches/windows.ts'
import type { History } from '../dataset/schema.ts'
import { initialParameters, valuesOf } from '../learn/parameters.ts'
import { parametersOf } from '../learn/step.ts'
import type { ModelDefinition } from '../models/contract/model.ts'
import { modelOf, modelSlugs } from '../models/registry.ts'
import { sizeOf } from '../tensor/node.ts'
import { buildOn, livened, memoryOf, objectivesOf, runtime, vocabularyOf } from '../testing/ranking/candidate.ts'
import { distance, historyOf } from '../testing/ranking/scores.ts'
import { ringDataset } from '../testing/ring.ts'
import { bakedModel } from './baked-model.ts'
import { nextItemScorer, type ScorerParts } from './scorer.ts'

// Enough items for the centers that sgp4sr makes of them.
const dataset = ringDataset({ users: 60, items: 60 })
const ranking = modelSlugs.filter((slug) => modelOf(slug).task === 'next-item')

async function partsOf(slug: string): Promise<ScorerParts> {
  const model = await buildOn({ definition: modelOf(slug) as ModelDefinition, options: {} }, dataset)
  const parameters = valuesOf(livened(initialParameters(parametersOf(objectivesOf(model)), 1)))
  return { slug, model, dataset, parameters, memory: memoryOf(model), vocabulary: vocabularyOf(dataset), runtime }
}

/** What reads histories with nothing of a model but its graph and what survives JSON. */
async function standingAlone(parts: ScorerParts) {
  const { graph, shape, history, recipe } = await bakedModel(parts)
  const batches = batchesOf(JSON.parse(JSON.stringify(recipe)))
  const buffers = Object.fromEntries(
    [...graph.inputs].map(([name, { dtype, shape: sizes }]) => {
      return [name, dtype === 'int64' ? new BigInt64Array(sizeOf(sizes)) : new Float32Array(sizeOf(sizes))]
    }),
  )
  const program = await runtime(graph)
  for (const [name, buffer] of Object.entries(buffers)) program.bind(name, buffer)
  return {
    graph,
    async score(asked: History): Promise<number[]> {
      batches.fill([servedWindow(asked, history)], shape, buffers)
      await program.run()
      return [...(program.outputs['scores'] as Float32Array)]
    },
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  }
}

describe('a baked model', () => {
  it.each(ranking)('of %s says what the model says', async (slug) => {
    const parts = await partsOf(slug)
    await using scorer = await nextItemScorer(parts)
    await using alone = await standingAlone(parts)
    expect([...alone.graph.inputs.keys()].filter((name) => !name.startsWith('batch.'))).toEqual([])
    const long = Array.from({ length: 80 }, (_, at) => 1 + ((7 * at) % 60))
    for (const items of [[3], [1, 2], [4, 4, 49, 2, 12], long.slice(0, 20), long]) {
      const history = { ...historyOf(items), user: 0 }
      const said = [...(await scorer.score([history]))]
      // Minus a distance is a large number: what float32 makes of it is near by its own size.
      const size = said.reduce((most, score) => (Number.isFinite(score) ? Math.max(most, Math.abs(score)) : most), 1)
      expect(distance(said, await alone.score(history))).toBeLessThan(1e-5 * size)
    }
  })

  it('has no recipe where an extra has none', async () => {
    const { model, ...parts } = await partsOf('sasrec')
    const batches = model.batches.with({ declare: () => ({}) })
    expect((await bakedModel({ ...parts, model: { ...model, batches } })).recipe).toBeUndefined()
  })
})
