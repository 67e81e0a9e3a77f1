/**
 * @file What every model that is fitted by counting must do; a model's own test runs this and adds what is special
 * about its paper.
 */
import { describe, expect, it } from 'vitest'
import type { Dataset, History } from '../dataset/schema.ts'
import type { FittedModel } from '../models/contract/fitted-model.ts'
import type { Scorer } from '../models/contract/scorer.ts'
import type { StoredTensor } from '../storage/safetensors.ts'
import { lastTwo } from './ranking/index.ts'
import { ringDataset } from './ring.ts'

/** A model with settings for the suite. */
export interface CountingCandidate {
  readonly model: FittedModel<never>
  readonly options?: Readonly<Record<string, unknown>>
  /** Why scores are the same whatever the history, where they are. */
  readonly ignoresHistory?: string
}

function historyOf(...items: readonly number[]): History {
  const time = Float64Array.from(items.keys())
  return { user: 1, item: Int32Array.from(items), behavior: new Uint8Array(items.length), time }
}

/** Runs the suite. */
export function countingConformance({ model, options = {}, ignoresHistory }: CountingCandidate): void {
  const dataset = ringDataset()
  const width = dataset.catalog.ids.length
  const config = model.config.parse(options)
  const fitOn = (of: Dataset): Record<string, StoredTensor> => model.fit(of, lastTwo(of), config)
  const fitted = fitOn(dataset)
  const load = (tensors: Readonly<Record<string, StoredTensor>> = fitted): Scorer =>
    model.load(tensors, dataset, config)

  describe(`${model.slug} conforms`, () => {
    it('gives finite scores of the right shape, the pad never ranked, for any history', async () => {
      await using scorer = load()
      const histories = [historyOf(), historyOf(3), historyOf(1, 2, 3, 4, 5), historyOf(1, 1, 1)]
      const scores = await scorer.score(histories)
      expect(scores.length).toBe(histories.length * width)
      for (const [at, score] of scores.entries()) expect(Number.isFinite(score)).toBe(at % width !== 0)
    })

    it('answers two who ask at once, each for his own history', async ({ skip }) => {
      skip(ignoresHistory !== undefined, ignoresHistory)
      await using scorer = load()
      const [a, b] = [historyOf(1, 2, 3), historyOf(7, 9, 4)]
      const alone = [[...(await scorer.score([a]))], [...(await scorer.score([b]))]]
      expect(alone[0]).not.toEqual(alone[1])
      for (let round = 0; round < 200; round++) {
        const found = await Promise.all([a, b].map((history) => scorer.score([history])))
        expect(found.map((scores) => [...scores])).toEqual(alone)
      }
    })

    it('fits the same twice, and nothing but training events', () => {
      expect(fitOn(dataset)).toEqual(fitted)
      const { events } = dataset
      const { trainEnd } = lastTwo(dataset)
      // The item of every event that is held out becomes another one.
      const item = events.item.map((known, row) => (row < (trainEnd[events.user[row] as number] as number) ? known : 1))
      expect(fitOn({ ...dataset, events: { ...events, item } })).toEqual(fitted)
    })

    it('scores the same after its tensors were stored', async () => {
      const stored = structuredClone(fitted)
      await using before = load()
      await using after = load(stored)
      expect(await after.score([historyOf(1, 2)])).toEqual(await before.score([historyOf(1, 2)]))
    })

    it('names each reason once, the strongest first, as its share of what counted', async ({ skip }) => {
      await using scorer = load()
      skip(scorer.explain === undefined, 'gives no reasons')
      const items = Array.from({ length: width - 1 }, (_, at) => at + 1)
      const explained = (await scorer.explain?.(historyOf(1, 2, 3, 2, 1, 2), items)) ?? []
      const reasons = explained.flatMap(({ because }) => (because ? [because] : []))
      expect(reasons.length).toBeGreaterThan(0)
      for (const because of reasons) {
        const shares = because.map(({ share }) => share)
        expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 6)
        expect(shares).toEqual(shares.toSorted((a, b) => b - a))
        expect(new Set(because.map(({ item, behavior }) => `${item} ${behavior}`)).size).toBe(because.length)
      }
    })

    it('refuses tensors of another catalog', () => {
      for (const name of Object.keys(fitted)) {
        const { [name]: _, ...lacking } = fitted
        expect(() => load(lacking)).toThrow(`"${name}"`)
      }
    })
  })
}
