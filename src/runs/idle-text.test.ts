import { describe, expect, it } from 'vitest'
import { idleText } from './idle-text.ts'

const epoch = (number: number, parts: Readonly<Record<string, number>>) => ({
  epoch: number,
  loss: 5,
  parts,
  validation: 0.1,
})
const history = [
  epoch(1, { modality: 0.4, behavior: 0.9 }),
  epoch(2, { modality: 0.25444, behavior: 0.5 }),
  epoch(3, { modality: 0.1 }),
]
const idle = [
  { part: 'modality', said: 'denoising (L_m)', cost: 0.31494 },
  { part: 'behavior', said: 'leading (L_b)', cost: 0.47241 },
]

describe('whether noise is removed', () => {
  it('is told beside what the epoch that was kept has', () => {
    const best = { epoch: 2, validation: 0.1 }
    expect(idleText({ idle, best, history })).toEqual([
      'denoising (L_m) removes noise: its loss is 0.2544 in epoch 2, and would be 0.3149 if it changed nothing',
      'leading (L_b) removes no noise: its loss is 0.5000 in epoch 2, no better than 0.4724 for changing nothing',
    ])
  })

  it('is told of no other model, and of no part that has no loss', () => {
    const best = { epoch: 3, validation: 0.1 }
    expect(idleText({ best, history })).toEqual([])
    expect(idleText({ idle, best: null, history })).toEqual([])
    expect(idleText({ idle, best, history })).toEqual([
      'denoising (L_m) removes noise: its loss is 0.1000 in epoch 3, and would be 0.3149 if it changed nothing',
    ])
  })
})
