import { describe, expect, it } from 'vitest'
import type { ClickSamples } from '../dataset/click-samples.ts'
import { splitDataset } from '../dataset/splits.ts'
import { smallShop } from '../testing/clicks/shop.ts'
import { tinyDataset } from '../testing/tiny-dataset.ts'
import { fittingSettings, fittingText } from './fitting-settings.ts'

/** So many users, each with so many events. */
function dataOf(users: number, events: number) {
  const rows = Array.from({ length: users * events }, (_, at) => {
    const [user, event] = [Math.floor(at / events), at % events]
    return [user + 1, event + 1, 'click', event] as const
  })
  const dataset = tinyDataset({ events: rows, behaviors: ['click'] })
  return { dataset, split: splitDataset(dataset) }
}

describe('settings that fit', () => {
  it('have small batches and more patience for few users, and the usual ones for many', () => {
    expect(fittingSettings('sasrec', dataOf(300, 8)).training).toEqual({ batchSize: 32, patience: 40 })
    expect(fittingSettings('sasrec', dataOf(2900, 8)).training).toEqual({ batchSize: 64, patience: 11 })
    expect(fittingSettings('sasrec', dataOf(4000, 8)).training).toEqual({ batchSize: 64, patience: 10 })
    expect(fittingSettings('sasrec', dataOf(20_000, 5)).training).toEqual({ batchSize: 256, patience: 10 })
  })

  it('have larger batches for a model of pairs, of which there are as many as events', () => {
    expect(fittingSettings('nmtr', dataOf(300, 8)).training).toEqual({ batchSize: 256, patience: 40 })
    expect(fittingSettings('nmtr', dataOf(4000, 15)).training).toEqual({ batchSize: 1024, patience: 10 })
  })

  it('count targets where each has a row of its own', () => {
    expect(fittingSettings('sasrec', dataOf(2900, 4)).training).toEqual({ batchSize: 64, patience: 11 })
    expect(fittingSettings('mmsbr', dataOf(2900, 4)).training).toEqual({ batchSize: 128, patience: 11 })
  })

  it('have the weight decay of the model', () => {
    expect(fittingSettings('m3bsr', dataOf(300, 8)).training).toEqual({ batchSize: 32, patience: 40, weightDecay: 0.5 })
    const told = fittingText(300, { config: {}, training: { weightDecay: 0.5 } })
    expect(told).toBe('settings for 300 users: weight decay 0.5 (--weight-decay to change)')
  })

  it('read no further back than histories go', () => {
    expect(fittingSettings('sasrec', dataOf(50, 8)).config).toEqual({ maxLength: 10 })
    expect(fittingSettings('sasrec', dataOf(50, 90)).config).toEqual({})
    expect(fittingSettings('popularity', dataOf(50, 8))).toEqual({ config: {}, training: {} })
  })

  it('hide ids from a model of clicks where most of validation is of users that training never met', () => {
    const { vocabulary, ...shop } = smallShop()
    const samples = (validation: readonly number[]) =>
      ({
        train: [0, 1],
        validation: Int32Array.from(validation),
        user: [1, 2, 3],
        vocabulary,
      }) as unknown as ClickSamples
    const own = vocabulary.userRow.findIndex((row) => row > 1)
    const rare = vocabulary.userRow.indexOf(1, 1)
    const shareFor = (...users: number[]) => {
      const of = { ...samples(users.map((_, at) => at)), user: Int32Array.from(users) }
      return fittingSettings('din', { dataset: shop.dataset, samples: of }).training.unknownShare
    }
    expect([shareFor(own, rare), shareFor(own, rare, rare), shareFor()]).toEqual([undefined, 0.3, undefined])
    expect(fittingText(9, { config: {}, training: { unknownShare: 0.3 } })).toBe(
      'settings for 9 users: 30 % of the users unknown in a step (--unknown-share to change)',
    )
  })

  it('are told in one line, with the flags that change them', () => {
    expect(fittingText(1501, fittingSettings('sasrec', dataOf(300, 8)))).toBe(
      'settings for 1,501 users: batch 32, patience 40 epochs, histories of 10 events (--batch-size, --patience, --max-length to change)',
    )
    expect(fittingText(9, { config: {}, training: {} })).toBe('')
  })
})
