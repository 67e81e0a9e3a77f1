/**
 * @file What every trained model that ranks the next item must do; a model's own test runs this and adds what is
 * special about its paper.
 */
import { afterAll, describe, expect, it } from 'vitest'
import type { Dataset } from '../../dataset/schema.ts'
import { topItems } from '../../dataset/top-items.ts'
import { learnedOf } from '../../learn/learned.ts'
import { initialParameters } from '../../learn/parameters.ts'
import { parametersOf } from '../../learn/step.ts'
import { type CatalogShape, catalogShape } from '../../models/contract/catalog.ts'
import { bestKept } from '../../rank/pass-sizes.ts'
import type { StoredTensor } from '../../storage/safetensors.ts'
import { misdeclaredTables } from '../growing-tables.ts'
import { ringDataset } from '../ring.ts'

import {
  asBuilt,
  buildOn,
  livened,
  memoryOf,
  objectivesOf,
  type RankingCandidate,
  type RankingCheck,
  runtime,
} from './candidate.ts'
import { checkGradients, checkPad } from './gradients.ts'
import { permutedDataset, permutedState, rotated } from './permuted.ts'
import { close, distance, historyOf, readTargets, scorerOf, scoresOf, strangersOf } from './scores.ts'
import { trainRing } from './training.ts'

/** Runs the suite. */
export function conformance(candidate: RankingCandidate): void {
  const { steps = 8, skips = {}, extend = (ring) => ring } = candidate
  const dataset = extend(ringDataset({ steps }))
  const items = dataset.catalog.ids.length
  const unless = (check: RankingCheck): [boolean, string] => [skips[check] !== undefined, skips[check] ?? '']
  const short = historyOf([4, 5, 6])
  const { definition, options } = candidate
  const needy = (definition.needs?.(definition.config.parse(options)) ?? []).length > 0
  describe(`${candidate.definition.slug} conforms`, () => {
    afterAll(() => Promise.all([runtime.release(), asBuilt.release()]))

    it('gives finite scores of the right shape, the pad never ranked, for any history, and the best of them in order', async () => {
      await using scorer = await scorerOf(candidate, dataset)
      const repeated = historyOf([1, 1, 1], { behaviors: [0, 0, 0] })
      const histories = [historyOf([]), historyOf([3]), historyOf([1, 2, 3, 4, 5]), repeated]
      const scores = await scorer.score(histories)
      expect(scores.length).toBe(histories.length * items)
      for (const [at, score] of scores.entries()) expect(Number.isFinite(score)).toBe(at % items !== 0)
      expect(topItems(scores.subarray(0, items), 20).map(({ item }) => item)).not.toContain(0)
      const lists = (await scorer.best?.(histories)) ?? []
      for (const [row, list] of lists.entries())
        expect(list).toEqual(topItems(scores.subarray(row * items, (row + 1) * items), bestKept))
    })

    it('scores a history alike alone and in a batch with longer ones', async () => {
      await using scorer = await scorerOf(candidate, dataset)
      const alone = await scoresOf(scorer, short)
      const long = historyOf(Array.from({ length: 20 }, (_, at) => 1 + (at % (items - 1))))
      close([...(await scorer.score([long, short]))].slice(items, 2 * items), alone)
    })

    it('answers two who ask at once, each for his own history', async () => {
      await using scorer = await scorerOf(candidate, dataset)
      const [a, b] = [historyOf([1, 2, 3]), historyOf([7, 9, 4], { user: 2 })]
      const alone = [await scoresOf(scorer, a), await scoresOf(scorer, b)] as const
      let wrong = 0
      for (let round = 0; round < 20; round++) {
        const found = await Promise.all([a, b].map((history) => scoresOf(scorer, history)))
        for (const [at, scores] of found.entries()) if (distance(alone[at] as number[], scores) > 1e-5) wrong++
      }
      expect(wrong).toBe(0)
    })

    it('lets no later event change what a target is predicted from', async ({ skip }) => {
      skip(...unless('causal'))
      const [known, other] = [
        [1, 2, 3, 4, 5],
        [1, 2, 9, 8, 7],
      ]
      const [before, after] = [
        await readTargets(candidate, dataset, known),
        await readTargets(candidate, dataset, other),
      ]
      close(after.slice(0, after.length / 2), before.slice(0, before.length / 2), 1e-5)
      expect(distance(after.slice(after.length / 2), before.slice(before.length / 2))).toBeGreaterThan(1e-4)
    })

    it('permutes scores with the ids of items', async ({ skip }) => {
      skip(...unless('permuted items'))
      const order = [0, ...Array.from({ length: items - 1 }, (_, at) => 1 + ((5 * at + 3) % (items - 1)))]
      const model = await buildOn(candidate, dataset)
      const state = livened(initialParameters(parametersOf(objectivesOf(model)), 1))
      await using scorer = await scorerOf(candidate, dataset, state)
      await using turned = await scorerOf(candidate, permutedDataset(dataset, order), permutedState(state, order))
      const known = await scoresOf(scorer, short)
      const moved = await scoresOf(turned, historyOf([...short.item].map((item) => order[item] as number)))
      close(
        order.map((to) => moved[to] as number),
        known,
      )
    })

    it('reads behaviors', async ({ skip }) => {
      skip(...unless('behaviors'))
      await using scorer = await scorerOf(candidate, dataset)
      const known = await scoresOf(scorer, historyOf([4, 5, 6], { behaviors: [0, 1, 0] }))
      const without = await scoresOf(scorer, historyOf([4, 5, 6], { behaviors: [1, 1, 1] }))
      expect(distance(known, without)).toBeGreaterThan(1e-5)
    })

    it.skipIf(needy)('does without pictures and titles', async () => {
      await using bare = await scorerOf(candidate, extend(ringDataset({ steps, modalities: false })))
      expect((await scoresOf(bare, historyOf([1, 2, 3]))).slice(1).every(Number.isFinite)).toBe(true)
    })

    it.runIf(needy)('says that it cannot do without pictures or titles', async () => {
      const bare = scorerOf(candidate, extend(ringDataset({ steps, modalities: false })))
      await expect(bare).rejects.toThrow(`${candidate.definition.slug}: missing: no item with a`)
    })

    it('reads pictures and titles', async ({ skip }) => {
      skip(...unless('modalities'))
      await using scorer = await scorerOf(candidate, dataset)
      const { features } = dataset
      const mixed = Object.entries(features).map(([name, table]) => [name, rotated(table)])
      await using other = await scorerOf(candidate, {
        ...dataset,
        features: Object.fromEntries(mixed) as Dataset['features'],
      })
      expect(distance(await scoresOf(scorer, short), await scoresOf(other, short))).toBeGreaterThan(1e-5)
    })

    it('computes the gradient that finite differences find, for every parameter', async ({ skip }) => {
      skip(...unless('gradients'))
      const model = await buildOn(candidate, dataset)
      for (const objective of objectivesOf(model)) await checkGradients(model, objective, dataset)
    })

    it('gives the pad no share of a loss', async () => {
      const model = await buildOn(candidate, dataset)
      for (const objective of objectivesOf(model)) await checkPad(model, objective, dataset)
    })

    it('reads nothing but its batch, its parameters and what is known of the catalog when it serves', async () => {
      const model = await buildOn(candidate, dataset)
      expect(strangersOf(model, dataset)).toEqual([])
    })

    it.skipIf(candidate.definition.offline)('says of every table that grows what its rows belong to', () => {
      const { definition, options } = candidate
      const build = (shape: CatalogShape) => definition.build(definition.config.parse(options), shape)
      expect(misdeclaredTables(build, catalogShape(dataset))).toEqual([])
    })

    it('refuses parameters of another model', async ({ skip }) => {
      skip(...unless('foreign'))
      const model = await buildOn(candidate, dataset)
      const state = initialParameters(parametersOf(objectivesOf(model)), 1)
      const tensors = Object.fromEntries(
        [...state.buffers].map(([name, { shape, values }]): [string, StoredTensor] => [name, { shape, data: values }]),
      )
      const file = { path: 'model.safetensors' }
      const memory = Object.entries(memoryOf(model)).map(([name, array]) => [`memory.${name}`, array])
      const whole = { ...tensors, ...(Object.fromEntries(memory) as Record<string, StoredTensor>) }
      expect(learnedOf(model, { ...file, tensors: whole }).parameters.size).toBe(state.buffers.size)
      // Each try makes the graph of every loss: some names, the last one among them, stand for all.
      const some = Object.entries(tensors).filter(
        (_, at, { length }) => (length - 1 - at) % Math.ceil(length / 8) === 0,
      )
      for (const [name, { shape, data }] of some) {
        const { [name]: _, ...lacking } = whole
        expect(() => learnedOf(model, { ...file, tensors: lacking })).toThrow(`no parameter "${name}"`)
        const other = { shape: [...shape, 1], data }
        expect(() => learnedOf(model, { ...file, tensors: { ...whole, [name]: other } })).toThrow('has shape')
      }
    })

    it('learns the ring, and scores the same after loading', async ({ skip }) => {
      skip(...unless('learns'))
      const { hits } = await trainRing(candidate, dataset, { seed: 5, untilPerfect: true })
      expect(await hits()).toBeGreaterThan(0.9)
    })

    it('repeats itself to the byte, stopped in the middle of an epoch or not, and not with another seed', async () => {
      const whole = await trainRing(candidate, dataset, { seed: 7, epochs: 3 })
      // The second stop is in the middle of an epoch too: an epoch has three steps, or more than four.
      const stopped = await trainRing(candidate, dataset, { seed: 7, epochs: 3, stops: [2, 2] })
      expect(stopped.checkpoint.equals(whole.checkpoint)).toBe(true)
      expect(stopped.bytes.equals(whole.bytes)).toBe(true)
      const other = await trainRing(candidate, dataset, { seed: 8, epochs: 3 })
      expect(other.bytes.equals(whole.bytes)).toBe(false)
    })
  })
}
