import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { expectParity, type ModelFixture, type Numbers } from '../../../../test/conformance/model/parity.ts'
import { trainingPass } from '../../../learn/pass.ts'
import { nextItemScorer } from '../../../rank/scorer.ts'
import { nodeRuntime } from '../../../runtime/node.ts'
import { historyOf } from '../../../testing/ranking/scores.ts'
import { type TinyEvent, tinyDataset } from '../../../testing/tiny-dataset.ts'
import { catalogShape } from '../../contract/catalog.ts'
import { ebm } from './ebm.ts'

/** See tools/ebm_fixture.py for what its arrays are. */
interface Fixture extends ModelFixture {
  readonly config: Readonly<
    Record<
      | 'batch'
      | 'length'
      | 'hidden'
      | 'chunks'
      | 'layers'
      | 'items'
      | 'epsilon'
      | 'temperature'
      | 'compactness'
      | 'contrast',
      number
    >
  >
  readonly scores: Numbers
  readonly dropped: readonly (readonly number[])[]
}
const fixtures = JSON.parse(readFileSync('test/fixtures/ebm.json', 'utf8')) as Record<
  'encoder' | 'whole' | 'real',
  Fixture
>

describe.each([
  ['encoder', { withoutHardNoise: true, withoutSoftNoise: true }],
  ['whole', { stages: 'joint' }],
  ['real', { stages: 'joint', spectrum: 'real', contrastOn: 'last' }],
] as const)('EBM in PyTorch, %s', (part, options) => {
  const fixture = fixtures[part]
  const { batch, length, hidden, chunks, layers, items, epsilon, temperature } = fixture.config
  const sizes = { hiddenSize: hidden, maxLength: length, chunks, layers, epsilon, temperature, dropout: 0 }
  const weights = { lambdaCompactness: fixture.config.compactness, lambdaContrast: fixture.config.contrast }
  const events: TinyEvent[] = [
    [1, 1, 'click', 1],
    [1, 2, 'favorite', 2],
  ]
  const dataset = tinyDataset({ events, items: items - 1 })
  const model = ebm.build(ebm.config.parse({ ...sizes, ...weights, ...options }), catalogShape(dataset))

  it('has the same loss and gradients', async () => {
    const shape = { rows: batch, length, targets: batch + 1, targetsPerRow: 1 }
    await expectParity(model, shape, fixture, { tolerance: 1e-4, pass: trainingPass() })
  })

  it('serves the same scores, and drops the same events', async () => {
    const parameters = new Map(
      Object.entries(fixture.parameters).map(([name, { values }]) => [name, Float32Array.from(values)]),
    )
    await using scorer = await nextItemScorer({
      slug: 'ebm',
      model,
      dataset,
      parameters,
      runtime: nodeRuntime({ threads: 1 }),
    })
    const rowsOf = (name: string): number[][] =>
      Array.from({ length: batch }, (_, row) => {
        const { values } = fixture.inputs[name] as Numbers
        return values.slice(row * length, (row + 1) * length).filter((value) => value > 0)
      })
    const behaviors = rowsOf('batch.behavior')
    const histories = rowsOf('batch.history').map((item, row) =>
      historyOf(item, { behaviors: (behaviors[row] as number[]).map((behavior) => behavior - 1) }),
    )
    const scores = await scorer.score(histories)
    const far = fixture.scores.values.filter(
      (score, at) => at % items > 0 && !(Math.abs((scores[at] as number) - score) < 1e-4),
    )
    expect(far).toEqual([])
    const told = await Promise.all(histories.map(async (history) => (await scorer.explain?.(history, [2, 3])) ?? []))
    const dropped = histories.map(({ item, behavior }, row) =>
      (fixture.dropped[row] as number[]).map((at) => ({ item: item[at], behavior: behavior[at] })),
    )
    const expected = dropped.map((noise) => [2, 3].map((item) => ({ item, noise })))
    expect(told).toEqual(part === 'encoder' ? [[], [], [], []] : expected)
  })
})
