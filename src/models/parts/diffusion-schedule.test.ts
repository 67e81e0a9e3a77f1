import { describe, expect, it } from 'vitest'
import { diffusionSteps, linearSteps, noiseless } from './diffusion-schedule.ts'

const kept = (betas: readonly number[]): number[] => betas.map((beta) => 1 - beta)

describe('diffusion schedule', () => {
  it('has a schedule from the first variance to the last', () => {
    const schedule = [noiseless, ...diffusionSteps(kept(linearSteps(10, 0.001, 0.1)))]
    expect(schedule).toHaveLength(11)
    expect(schedule[1]?.root).toBeCloseTo(Math.sqrt(0.999), 12)
    expect(((schedule[10]?.root as number) / (schedule[9]?.root as number)) ** 2).toBeCloseTo(0.9, 12)
    // The forward state keeps unit variance: root^2 (1 + spread^2) = 1.
    for (const { root, spread } of schedule) expect(root ** 2 * (1 + spread ** 2)).toBeCloseTo(1, 12)
    expect(diffusionSteps(kept(linearSteps(1, 0.001, 0.1)))[0]?.root).toBeCloseTo(Math.sqrt(0.999), 12)
  })

  it('takes a step back by hand: alpha 0.9 then 0.8, abar 0.72', () => {
    const [, last] = diffusionSteps([0.9, 0.8])
    expect(last?.pull).toBeCloseTo(0.2 / Math.sqrt(0.28), 12)
    // h_1 = (h_2 - pull eps) / sqrt(alpha_2), and u_t = h_t / sqrt(abar_t).
    const [h, eps] = [3, 0.7]
    const before = (h - (last?.pull as number) * eps) / Math.sqrt(0.8)
    expect(h / Math.sqrt(0.72) - (last?.scaledPull as number) * eps).toBeCloseTo(before / Math.sqrt(0.9), 12)
  })
})
