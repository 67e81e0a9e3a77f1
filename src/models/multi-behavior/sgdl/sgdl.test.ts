import { describe, expect, it } from 'vitest'
import { blindToAll, conformance } from '../../../testing/ranking/index.ts'
import { trainRing } from '../../../testing/ranking/training.ts'
import { ringDataset } from '../../../testing/ring.ts'
import { parseOptions } from '../../contract/options.ts'
import { sgdl } from './sgdl.ts'

const excused = {
  ...blindToAll,
  causal: 'its rows are pairs, not windows',
  learns: 'it forgets order, which is all that the ring is made of',
  gradients: 'weights are fixed in one loss and a choice has no slope in the other; they are compared with PyTorch’s',
} as const
const small = { hiddenSize: 8, maxLength: 8, layers: 2, ringEpochs: 2, memorizationEpochs: 2 }
conformance({ definition: sgdl, options: small, skips: excused })
conformance({ definition: sgdl, options: { ...small, backbone: 'mf', scheduler: 'reinforce' }, skips: excused })

describe('SGDL’s second phase', () => {
  it('goes on to the same bytes after a stop between a step of what weighs pairs and one of the backbone', async () => {
    const candidate = { definition: sgdl, options: { ...small, memorizationEpochs: 1 } }
    const dataset = ringDataset()
    const whole = await trainRing(candidate, dataset, { seed: 3, epochs: 2 })
    // The first phase is 18 steps; the second stop comes after 19 of the next, which two objectives take in turns.
    const stopped = await trainRing(candidate, dataset, { seed: 3, epochs: 2, stops: [7, 30] })
    expect(stopped.checkpoint.equals(whole.checkpoint)).toBe(true)
    expect(stopped.bytes.equals(whole.bytes)).toBe(true)
  })
})

describe('SGDL’s scheduler', () => {
  it('goes on to the same bytes where it begins every epoch anew, and these are others', async () => {
    const candidate = { definition: sgdl, options: { ...small, memorizationEpochs: 1, resetEachEpoch: true } }
    const whole = await trainRing(candidate, ringDataset(), { seed: 3, epochs: 2 })
    const stopped = await trainRing(candidate, ringDataset(), { seed: 3, epochs: 2, stops: [30, 30] })
    expect(stopped.checkpoint.equals(whole.checkpoint)).toBe(true)
    const kept = { definition: sgdl, options: { ...small, memorizationEpochs: 1 } }
    expect((await trainRing(kept, ringDataset(), { seed: 3, epochs: 2 })).checkpoint.equals(whole.checkpoint)).toBe(
      false,
    )
  })
})

describe('SGDL’s options', () => {
  it('are refused in a sentence where they cannot be', () => {
    const parse = (options: object) => () => parseOptions('sgdl', sgdl.config, options)
    expect(parse({ ringEpochs: 30 })).toThrow('sgdl.ringEpochs: invalid: 30, expected a whole number from 1 to 24')
    expect(parse({ backbone: 'ngcf' })).toThrow('sgdl.backbone: invalid: "ngcf", expected one of lightgcn, mf')
    expect(parse({ scheduler: 'none' })).toThrow('sgdl.scheduler')
  })
})
