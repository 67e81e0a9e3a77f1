import { describe, expect, it } from 'vitest'
import { expectClickParity } from '../../../test/conformance/click-parity.ts'
import { type Candidate, logitsByHand } from '../../../test/fixtures/logits-by-hand.ts'
import { clickConformance, readsNoModality } from '../../testing/clicks/index.ts'
import { youtubeNet } from './youtube-net.ts'

clickConformance(youtubeNet, { config: { embeddingSize: 4, hiddenSize: 16, maxLength: 12 }, skip: [readsNoModality] })

it('YoutubeNet’s logits, loss and gradients equal PyTorch’s', async () => {
  await expectClickParity(youtubeNet, ({ embedding, hidden }) => ({ embeddingSize: embedding, hiddenSize: hidden }))
})

describe('YoutubeNet, worked by hand', () => {
  /** The logits where the MLP has one hidden layer of two units: input [mean of the history, user, candidate]. */
  const logits = (candidates: readonly Candidate[]): Promise<number[]> =>
    logitsByHand(youtubeNet, {
      config: { embeddingSize: 2, hiddenSize: 2, layers: 1 },
      behaviors: ['click', 'favorite'],
      parameters: {
        // The rows of pads would show in a mean over places rather than events.
        'field.item.id': [7, 7, 1, 0, 0, 1, 2, 1],
        'field.user.id': [0, 0, 1, 2, 3, -1],
        'field.behavior': [9, 9, 0.5, 0, 0, -1],
        'output.0.weight': [1, 1, 2, 0, 3, 0, 4, 0, 5, -1, 6, 0],
        'output.0.bias': [0, 1.5],
        'output.1.weight': [0.1, 2],
        'output.1.bias': [0.5],
      },
      candidates,
    })

  it('puts the mean of the history beside user and candidate', async () => {
    const [full, half, none] = await logits([
      { user: 1, item: 3, history: [1, 2], behavior: [1, 2] },
      { user: 2, item: 1, history: [2, 0], behavior: [1, 0] },
      { user: 2, item: 3, history: [0, 0], behavior: [0, 0] },
    ])
    // ((1, 0) + (0.5, 0) + (0, 1) + (0, -1)) / 2 = (0.75, 0), (1, 2), (2, 1): 0.75 + 0 + 3 + 8 + 10 + 6,
    // and 0.75 - 2 + 1.5.
    expect(full).toBeCloseTo(0.1 * 27.75 + 2 * 0.25 + 0.5, 5)
    // (0, 1) + (0.5, 0) = (0.5, 1), (3, -1), (1, 0): 0.5 + 2 + 9 - 4 + 5 + 0, and 0.5 - 1 + 1.5.
    expect(half).toBeCloseTo(0.1 * 12.5 + 2 * 1 + 0.5, 5)
    // No event, zeros: 9 - 4 + 10 + 6, and -2 + 1.5, which is cut at 0.
    expect(none).toBeCloseTo(0.1 * 21 + 0.5, 5)
  })

  it('does not see the order of the history, but what was done to which item', async () => {
    const [forth, back, swapped] = await logits([
      { user: 1, item: 3, history: [1, 3], behavior: [1, 2] },
      { user: 1, item: 3, history: [3, 1], behavior: [2, 1] },
      { user: 1, item: 3, history: [1, 3], behavior: [1, 1] },
    ])
    expect(back).toBeCloseTo(forth as number, 6)
    expect(Math.abs((swapped as number) - (forth as number))).toBeGreaterThan(0.1)
  })
})
