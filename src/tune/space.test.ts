import { describe, expect, it } from 'vitest'
import { trainingConfig } from '../learn/config.ts'
import { sasrec } from '../models/sequential/sasrec.ts'
import { drawTrial, type SpaceRequest, spaceOf } from './space.ts'

const request: SpaceRequest = {
  slug: 'sasrec',
  config: sasrec.config,
  training: trainingConfig,
  fitted: { config: {}, training: { batchSize: 64 } },
  fixed: {},
}
const takes = ({ config }: { config: object }): boolean => sasrec.config.safeParse(config).success

describe('a search space', () => {
  it('has what most often decides, without what is fixed', () => {
    const names = spaceOf({ ...request, fixed: { layers: 1 } }).map(({ name }) => name)
    expect(names).toEqual(['hiddenSize', 'dropout', 'batchSize', 'learningRate', 'weightDecay'])
  })

  it('draws within the ranges, around what is usual, and what the model takes', () => {
    const space = spaceOf({
      ...request,
      names: ['hiddenSize', 'heads', 'dropout', 'learningRate', 'batchSize', 'positions'],
    })
    const drawn = Array.from({ length: 60 }, (_, at) => drawTrial(space, at + 1, { seed: 1, takes }))
    for (const { config, training } of drawn) {
      expect(sasrec.config.safeParse(config).success).toBe(true)
      expect(trainingConfig.safeParse(training).success).toBe(true)
      expect(training['learningRate']).toBeGreaterThanOrEqual(0.0002)
      expect(training['learningRate']).toBeLessThanOrEqual(0.005)
      expect(training['batchSize']).toBeGreaterThanOrEqual(32)
      expect(training['batchSize']).toBeLessThanOrEqual(128)
    }
    const least = (name: string): number => Math.min(...drawn.map(({ training }) => training[name] as number))
    expect(least('learningRate')).toBeLessThan(0.0004)
    expect(new Set(drawn.map(({ config }) => config['positions'])).size).toBe(2)
  })

  it('begins with the defaults, and draws the same for the same seed', () => {
    const space = spaceOf(request)
    expect(drawTrial(space, 0, { seed: 1, takes })).toEqual({ config: {}, training: {} })
    expect(drawTrial(space, 5, { seed: 1, takes })).toEqual(drawTrial(space, 5, { seed: 1, takes }))
    expect(drawTrial(space, 5, { seed: 2, takes })).not.toEqual(drawTrial(space, 5, { seed: 1, takes }))
  })

  it('refuses names that are none, and options without a range', () => {
    expect(() => spaceOf({ ...request, names: ['dropouts'] })).toThrow('tune sasrec --options: unknown: "dropouts"')
    expect(() => spaceOf({ ...request, names: ['dropout'], fixed: { dropout: 0.1 } })).toThrow('--options: duplicate')
  })
})
