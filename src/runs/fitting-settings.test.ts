import { describe, expect, it } from 'vitest'
import { splitDataset } from '../dataset/splits.ts'
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
    expect(fittingSettings('sasrec', dataOf(4000, 8)).training).toEqual({ batchSize: 64, patience: 10 })
    expect(fittingSettings('sasrec', dataOf(20_000, 5)).training).toEqual({ batchSize: 256, patience: 10 })
  })

  it('have larger batches for a model of pairs, of which there are as many as events', () => {
    expect(fittingSettings('nmtr', dataOf(300, 8)).training).toEqual({ batchSize: 256, patience: 40 })
    expect(fittingSettings('nmtr', dataOf(4000, 15)).training).toEqual({ batchSize: 1024, patience: 10 })
  })

  it('read no further back than histories go', () => {
    expect(fittingSettings('sasrec', dataOf(50, 8)).config).toEqual({ maxLength: 10 })
    expect(fittingSettings('sasrec', dataOf(50, 90)).config).toEqual({})
    expect(fittingSettings('popularity', dataOf(50, 8))).toEqual({ config: {}, training: {} })
  })

  it('are told in one line, with the flags that change them', () => {
    expect(fittingText(1501, fittingSettings('sasrec', dataOf(300, 8)))).toBe(
      'settings for 1,501 users: batch 32, patience 40 epochs, histories of 10 events (--batch-size, --patience, --max-length to change)',
    )
    expect(fittingText(9, { config: {}, training: {} })).toBe('')
  })
})
