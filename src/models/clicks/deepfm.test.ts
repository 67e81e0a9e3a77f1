import { describe, expect, it } from 'vitest'
import { expectClickParity } from '../../../test/conformance/click-parity.ts'
import { logitsByHand } from '../../../test/fixtures/logits-by-hand.ts'
import { clickConformance, readsNoModality } from '../../testing/clicks/index.ts'
import { deepfm } from './deepfm.ts'
import { fm } from './fm.ts'

clickConformance(deepfm, { config: { embeddingSize: 4, hiddenSize: 16, maxLength: 12 }, skip: [readsNoModality] })

it('DeepFM’s logits, loss and gradients equal PyTorch’s', async () => {
  await expectClickParity(deepfm, ({ embedding, hidden }) => ({ embeddingSize: embedding, hiddenSize: hidden }))
})

describe('DeepFM, worked by hand', () => {
  // A row is [w, V]. The pad's row would show in a mean over places rather than events.
  const itemTable = [9, 9, 9, 0.1, 1, 0, 0.2, 0, 1, 0.3, 2, 1]
  const tables = { 'field.item.id': itemTable, 'field.user.id': [0, 0, 0, 0.5, 1, 2, -0.5, 3, -1] }
  const silent = {
    'deep.0.weight': Array.from({ length: 12 }, () => 0),
    'deep.0.bias': [0, 0],
    'deep.1.weight': [0, 0],
    'deep.1.bias': [0],
  }
  const candidates = [
    { user: 1, item: 3, history: [1, 2], behavior: [1, 1] },
    { user: 2, item: 1, history: [2, 0], behavior: [1, 0] },
  ] as const
  const deepLogits = (deep: Readonly<Record<keyof typeof silent, number[]>>): Promise<number[]> =>
    logitsByHand(deepfm, {
      config: { embeddingSize: 2, hiddenSize: 2, layers: 1 },
      behaviors: ['click'],
      parameters: { ...tables, ...deep },
      candidates,
    })
  // Vectors of user, history, item: (1, 2), (0.5, 0.5), (2, 1), whose products are 1.5 + 4 + 1.5;
  // weights 0.5 + 0.15 + 0.3.
  // Then (3, -1), (0, 1), (1, 0): -1 + 3 + 0; weights -0.5 + 0.2 + 0.1.
  const [first, second] = [7 + 0.95, 2 - 0.2]

  it('is FM where the deep part is silent', async () => {
    const alone = await deepLogits(silent)
    expect(alone[0]).toBeCloseTo(first, 5)
    expect(alone[1]).toBeCloseTo(second, 5)
    const parameters = { ...tables, 'field.history': itemTable, bias: [0] }
    const shallow = await logitsByHand(fm, {
      config: { embeddingSize: 2 },
      behaviors: ['click'],
      parameters,
      candidates,
    })
    expect(shallow[0]).toBeCloseTo(first, 5)
    expect(shallow[1]).toBeCloseTo(second, 5)
  })

  it('adds an MLP of the vectors of user, history and item, side by side and without their weights', async () => {
    // One hidden unit counts every place, (1, 2, 0.5, 0.5, 2, 1) . (1, ..., 6) + 0.5 = 25;
    // the other is cut at 0: 1 - 1 - 1.
    // Then (3, -1, 0, 1, 1, 0) . (1, ..., 6) + 0.5 = 10.5, and 3 - 0 - 1 = 2.
    const logits = await deepLogits({
      'deep.0.weight': [1, 1, 2, 0, 3, 0, 4, 0, 5, 0, 6, -1],
      'deep.0.bias': [0.5, -1],
      'deep.1.weight': [0.1, 10],
      'deep.1.bias': [0.25],
    })
    expect(logits[0]).toBeCloseTo(first + 2.5 + 0.25, 5)
    expect(logits[1]).toBeCloseTo(second + 1.05 + 20 + 0.25, 5)
  })
})
