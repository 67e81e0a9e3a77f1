import { describe, expect, it } from 'vitest'
import { expectClickParity } from '../../../test/conformance/click-parity.ts'
import { expectResumes } from '../../../test/conformance/click-resume.ts'
import { bilinearClicks, type PlantedTraining, trainOnPlanted } from '../../../test/fixtures/planted-clicks.ts'
import type { Impressions } from '../../batches/impressions.ts'
import { noNoise } from '../../nn/noise.ts'
import { input } from '../../tensor/node.ts'
import { clickConformance } from '../../testing/clicks/index.ts'
import { answersOf } from '../../testing/clicks/run.ts'
import { evaluateTensor, evaluateTensors } from '../../testing/evaluate-tensor.ts'
import type { ClickReading } from '../contract/model.ts'
import { fieldViews, simcen, streamsOf, viewContrast } from './simcen.ts'

const small = { embeddingSize: 4, hiddenSize: 24, layers: 2 }
clickConformance(simcen, { config: { ...small, dropout: 0, throughDropout: 0 } })

it.each(['both', 'none'])('SimCEN’s logits, loss and gradients equal PyTorch’s: %s', async (variant) => {
  const optionsOf = ({ embedding = 0, hidden = 0 }) => ({ embeddingSize: embedding, hiddenSize: hidden })
  await expectClickParity(simcen, optionsOf, { file: 'simcen', variant })
})

it('a stopped run of SimCEN goes on to the same bytes', async () => {
  await expectResumes('simcen', small)
})

it('layers that cannot be cut in three are refused by name', () => {
  const { error } = simcen.config.safeParse({ hiddenSize: 64 })
  expect(error?.issues[0]?.path).toEqual(['hiddenSize'])
})

describe('the views', () => {
  /** Fields [1, 0] and [2, 3], and maps that take the pairs as they are; the last column stays 0. */
  const viewsOf = async (weight: readonly number[]) => {
    const [upper, lower] = fieldViews({ fields: 2, width: 2 })(input('fields', [1, 2, 2]))
    const asTheyAre = Float32Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0)
    const found = await evaluateTensors(
      { upper, lower },
      {
        fields: Float32Array.of(1, 0, 2, 3),
        'views.weight': Float32Array.from(weight),
        'views.upper.weight': asTheyAre,
        'views.lower.weight': asTheyAre,
      },
    )
    return [found.upper, found.lower].map((view) => Array.from(view, Number))
  }

  it('are x W y of each pair of fields, in either order', async () => {
    // W = [[1, 2], [3, 4]]: [1, 0] W = [1, 2] and [2, 3] W = [11, 16].
    expect(await viewsOf([1, 2, 3, 4])).toEqual([
      [1, 8, 70, 0],
      [1, 11, 70, 0],
    ])
  })

  it('hold the same numbers where W is symmetric', async () => {
    const [upper, lower] = await viewsOf([1, 2, 2, 4])
    expect(lower).toEqual(upper)
  })
})

it('the contrast is what four rows come to by hand, and a row that only fills up changes nothing', async () => {
  const contrastOf = (rows: number) => {
    const streams = {
      ego: input('e', [rows, 2]),
      upper: input('a', [rows, 2]),
      lower: input('b', [rows, 2]),
    }
    return viewContrast(streams, { weights: input('weights', [rows]), temperature: 0.5 })
  }
  // Unit vectors at 0, 90, 180 and 270 degrees, some longer; cosines are 1, 0 and -1.
  const [e, a] = [
    [2, 0, 0, 1, -1, 0, 0, -3],
    [1, 0, 0, 5, -1, 0, 0, -1],
  ]
  // Of the first row turned by 90 degrees, of the others as a.
  const b = [0, 1, 0, 1, -2, 0, 0, -1]
  // cos(a_i, b_j) / t by rows: [0, 0, -2, 0], [2, 2, 0, -2], [0, 0, 2, 0], [-2, -2, 0, 2].
  // A row's own: (1 + 0) / 2t = 1 of the first, 2 of the others.
  const [up, down] = [Math.exp(2), Math.exp(-2)]
  const each = [
    Math.log(3 + down) - 1,
    Math.log(2 * up + 1 + down) - 2,
    Math.log(3 + up) - 2,
    Math.log(2 * down + 1 + up) - 2,
  ]
  const expected = each.reduce((sum, value) => sum + value / 4, 0)
  const feedsOf = (more: number[], weights: number[]) => ({
    e: Float32Array.from([...e, ...more]),
    a: Float32Array.from([...a, ...more]),
    b: Float32Array.from([...b, ...more]),
    weights: Float32Array.from(weights),
  })
  const quarter = [0.25, 0.25, 0.25, 0.25]
  expect((await evaluateTensor(contrastOf(4), feedsOf([], quarter)))[0]).toBeCloseTo(expected, 6)
  expect((await evaluateTensor(contrastOf(5), feedsOf([3, 4], [...quarter, 0])))[0]).toBeCloseTo(expected, 6)
})

describe('what pictures and texts decide together', () => {
  const world = bilinearClicks()
  // One unit a stream: more of them make something of a product of their own.
  const narrow = { embeddingSize: 8, hiddenSize: 3, layers: 1, dropout: 0, throughDropout: 0 }
  const aucOf = async (more: object = {}): Promise<number> =>
    (await trainOnPlanted(simcen, { ...narrow, ...more }, world, { steps: 250 })).auc

  it('is learned by views of how fields meet', async () => {
    expect(await aucOf()).toBeGreaterThan(0.95)
  })

  it('is not learned by the fields alone', async () => {
    expect(await aucOf({ views: 'none' })).toBeLessThan(0.8)
  })

  it('has views of different samples apart where they are contrasted, at no cost', async () => {
    const trained = (contrastiveWeight: number) =>
      trainOnPlanted(simcen, { ...narrow, hiddenSize: 24, contrastiveWeight }, world, { steps: 150 })
    const [on, off] = [await trained(0.1), await trained(0)]
    expect(Math.abs(on.auc - off.auc)).toBeLessThan(0.02)
    expect((await likeness(on)) + 0.3).toBeLessThan(await likeness(off))
  })

  /** The mean cosine of the first view of one test sample and the second view of another. */
  async function likeness({ model, shop, state }: PlantedTraining): Promise<number> {
    const [rows, third] = [100, 8]
    const read = streamsOf(shop.shape, simcen.config.parse({ ...narrow, hiddenSize: 3 * third }))
    const forward = (batch: Impressions): ClickReading => {
      const { ego, upper, lower } = read(batch, noNoise)
      return { logit_B: ego.sum([1]), reasons: { upper: upper.l2Normalize(), lower: lower.l2Normalize() } }
    }
    const viewed = { ...model, score: { kind: 'clicks' as const, forward } }
    const { reasons } = await answersOf({ model: viewed, shop }, world.test.slice(0, rows), { state })
    let [sum, pairs] = [0, 0]
    for (let a = 0; a < rows; a++)
      for (let b = 0; b < rows; b++) {
        if (world.test[a]!.item === world.test[b]!.item) continue
        for (let at = 0; at < third; at++)
          sum += reasons['upper']![a * third + at]! * reasons['lower']![b * third + at]!
        pairs++
      }
    return sum / pairs
  }
})
