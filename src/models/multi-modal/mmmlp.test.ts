import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { expectParity, type ModelFixture } from '../../../test/conformance/model/parity.ts'
import { groupVectors, plantedDataset, plantedGroups, shuffled, trainPlanted } from '../../../test/fixtures/planted.ts'
import { stagesOf } from '../../learn/objectives.ts'
import { parametersOf } from '../../learn/step.ts'
import { bareCatalog } from '../../testing/bare-catalog.ts'
import { conformance } from '../../testing/ranking/index.ts'
import { readTargets } from '../../testing/ranking/scores.ts'
import { ringDataset } from '../../testing/ring.ts'
import { type TinyEvent, tinyDataset } from '../../testing/tiny-dataset.ts'
import { catalogShape } from '../contract/catalog.ts'
import type { DotScore } from '../contract/model.ts'
import { parseOptions } from '../contract/options.ts'
import { mmmlp } from './mmmlp.ts'

const small = { hiddenSize: 16, maxLength: 32, layers: 1, expansion: 2, dropout: 0 }
conformance({
  definition: mmmlp,
  options: small,
  epochs: 12,
  steps: 6,
  skips: { behaviors: 'it is blind to them', causal: 'it mixes all places, and each target has a window of its own' },
})

/** See tools/mmmlp_fixture.py for what its arrays are. */
interface Fixture extends ModelFixture {
  readonly config: Readonly<
    Record<'batch' | 'length' | 'positions' | 'hidden' | 'layers' | 'expansion' | 'items' | 'width', number>
  >
}
const fixtures = JSON.parse(readFileSync('test/fixtures/mmmlp.json', 'utf8')) as Record<'released' | 'padded', Fixture>

it.each([
  ['as released', 'released', { sharedLayers: true, fusion: 'linear' }],
  ['padded and fused by a mixer', 'padded', { sharedLayers: false, fusion: 'mixer' }],
] as const)('MMMLP %s has PyTorch’s loss and gradients', async (_, part, options) => {
  const fixture = fixtures[part]
  const { batch, length, positions, hidden, layers, expansion, items, width } = fixture.config
  const model = mmmlp.build(
    mmmlp.config.parse({ hiddenSize: hidden, maxLength: positions, layers, expansion, dropout: 0, ...options }),
    bareCatalog({ itemCount: items - 1, features: { image: width, text: width } }),
  )
  const targets = fixture.inputs['targets']?.values.length ?? 0
  expect(Object.keys(fixture.gradients).length).toBeGreaterThan(30)
  await expectParity(model, { rows: batch, length, targets }, fixture)
})

describe('MMMLP on planted logs', () => {
  const tiny = { hiddenSize: 16, maxLength: 4, layers: 1, dropout: 0.1, expansion: 2 }

  it('tells orders apart by its weights for places, which the mean of places cannot', async () => {
    // After 1, 2, 3 comes 4, and after 2, 1, 3 comes 5: the last item is the same. Training sees it, validation asks.
    const events: TinyEvent[] = []
    for (let user = 1; user <= 64; user++) {
      const round = user % 2 === 0 ? [1, 2, 3, 4] : [2, 1, 3, 5]
      for (const [step, item] of [...round, ...round, 6].entries()) events.push([user, item, 'click', step])
    }
    const dataset = tinyDataset({ events, items: 6, behaviors: ['click'], candidates: 'all' })
    const told = async (options: object): Promise<number> => {
      await using trained = await trainPlanted(mmmlp, { ...tiny, maxLength: 3, ...options }, dataset, {
        epochs: 8,
      })
      return trained.ndcg
    }
    expect(await told({})).toBeGreaterThan(0.95)
    // Either of two items, first or second.
    expect(await told({ withoutTokenMixing: true })).toBeLessThan(0.85)
  })

  it('is decided by the modality that tells groups, and not by that of others', async () => {
    const log = plantedGroups({ steps: 5 })
    const [told, untold] = [groupVectors(log.groups), shuffled(groupVectors(log.groups))]
    const ndcg = async (image: number[][], text: number[][], options: object = {}): Promise<number> => {
      const dataset = plantedDataset(log, { image, text })
      await using trained = await trainPlanted(mmmlp, { ...tiny, ...options }, dataset, { epochs: 6 })
      return trained.ndcg
    }
    const without = await ndcg(told, untold, { withoutImage: true })
    expect(await ndcg(told, untold)).toBeGreaterThan(1.3 * without)
    expect(await ndcg(untold, told)).toBeGreaterThan(1.3 * without)
  })
})

describe('MMMLP’s options', () => {
  const namesOf = (options: object, features: object = { image: 2, text: 3 }): string[] => {
    const model = mmmlp.build(mmmlp.config.parse({ ...small, ...options }), bareCatalog({ itemCount: 3, features }))
    const names = parametersOf(stagesOf(model).flatMap(({ objectives }) => objectives)).map(({ origin }) => origin.name)
    return [...new Set(names.map((name) => name.replace(/\.(tokens|channels|norm|weight|bias|missing|scale|shift).*/, '')))].sort()
  }

  it('take streams and mixers away', () => {
    const whole = ['fusion', 'id', 'image', 'item', 'norm', 'text']
    expect(namesOf({})).toEqual(whole)
    expect(namesOf({ withoutImage: true })).toEqual(whole.filter((name) => name !== 'image'))
    expect(namesOf({}, { text: 3 })).toEqual(whole.filter((name) => name !== 'image'))
    expect(namesOf({ withoutText: true, withoutImage: true })).toEqual(['fusion', 'id', 'item', 'norm'])
    expect(namesOf({ sharedLayers: false, layers: 2 }, {})).toEqual([
      'fusion',
      'id.layer0',
      'id.layer1',
      'item',
      'norm',
    ])
    expect(namesOf({}, {})).toEqual(namesOf({ withoutText: true, withoutImage: true }))
  })

  it('keep a place from what comes behind it, where they say so', async () => {
    const dataset = ringDataset({ steps: 6 })
    const usersOf = (options: object, items: readonly number[]) =>
      readTargets({ definition: mmmlp, options: { ...small, ...options } }, dataset, items)
    const differs = async (options: object): Promise<readonly boolean[]> => {
      const [before, after] = [await usersOf(options, [1, 2, 3, 4, 5]), await usersOf(options, [1, 2, 9, 8, 7])]
      const apart = before.map((value, at) => Math.abs(value - (after[at] as number)) > 1e-5)
      return [apart.slice(0, 16).includes(true), apart.slice(16).includes(true)]
    }
    expect(await differs({ causal: true })).toEqual([false, true])
    expect(await differs({ causal: true, withoutTokenMixing: true, withoutChannelMixing: true })).toEqual([false, true])
    expect(await differs({})).toEqual([true, true])
  })

  it('rank an item by its picture where the head is tied', () => {
    const dataset = ringDataset({ steps: 6 })
    const tableOf = (options: object) =>
      mmmlp.build(mmmlp.config.parse({ ...small, ...options }), catalogShape(dataset)).score as DotScore
    expect('tableRows' in tableOf({ head: 'tied' })).toBe(true)
    expect('tableRows' in tableOf({})).toBe(false)
  })

  it('refuse what makes no sense, in a sentence', () => {
    const parse = (options: object) => parseOptions('mmmlp', mmmlp.config, options)
    expect(() => parse({ fusion: 'sum' })).toThrow('mmmlp.fusion: invalid: "sum", expected one of mixer, linear')
    expect(() => parse({ expansion: 0 })).toThrow('mmmlp.expansion: invalid: 0, expected a whole number from 1 to 16')
  })
})
