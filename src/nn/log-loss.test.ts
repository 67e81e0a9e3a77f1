import { describe, expect, it } from 'vitest'
import { input, parameter } from '../tensor/node.ts'
import { evaluateGradients, evaluateTensor } from '../testing/evaluate-tensor.ts'
import { logLoss } from './log-loss.ts'

const of = (logits: readonly number[], labels: readonly number[], weights: readonly number[]) => {
  const shape = [logits.length]
  const logit = parameter('logit', shape, () => {})
  const feeds = {
    logit: Float32Array.from(logits),
    label: Float32Array.from(labels),
    weight: Float32Array.from(weights),
  }
  return { loss: logLoss(logit, input('label', shape), input('weight', shape)), logit, feeds }
}

describe('log loss', () => {
  it('is the weighted negative log-likelihood', async () => {
    // p = sigmoid(ln 3) = 3/4: -ln(3/4) for a click, -ln(1/4) for none; the third row counts nothing.
    const { loss, feeds } = of([Math.log(3), Math.log(3), 7], [1, 0, 0], [0.5, 0.5, 0])
    expect(await evaluateTensor(loss, feeds)).toEqual([expect.closeTo((Math.log(4 / 3) + Math.log(4)) / 2, 6)])
  })

  it('is right, with its gradient sigmoid(x) - y, where e^x would overflow or vanish', async () => {
    const { loss, logit, feeds } = of([200, 200, -200, -200], [1, 0, 1, 0], [0.25, 0.25, 0.25, 0.25])
    const found = await evaluateGradients(loss, [logit], feeds)
    expect(found.loss).toBeCloseTo(100, 4)
    expect(found.gradients['logit']).toEqual([0, 0.25, -0.25, 0].map((value) => expect.closeTo(value, 6)))
  })
})
