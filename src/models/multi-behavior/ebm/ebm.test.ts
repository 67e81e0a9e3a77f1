import { describe, expect, it } from 'vitest'
import { trainPlanted } from '../../../../test/fixtures/planted.ts'
import type { Dataset } from '../../../dataset/schema.ts'
import { initialParameters, valuesOf } from '../../../learn/parameters.ts'
import { trainingPass } from '../../../learn/pass.ts'
import { parametersOf, stepGraph } from '../../../learn/step.ts'
import { noNoise } from '../../../nn/noise.ts'
import { buildGraph } from '../../../onnx/graph.ts'
import { type RandomStream, randomStream } from '../../../random/stream.ts'
import { constant } from '../../../tensor/node.ts'
import { bareCatalog } from '../../../testing/bare-catalog.ts'
import { evaluateTensor } from '../../../testing/evaluate-tensor.ts'
import { buildOn, livened, objectivesOf } from '../../../testing/ranking/candidate.ts'
import { conformance } from '../../../testing/ranking/index.ts'
import { close, distance, historyOf, scorerOf, scoresOf } from '../../../testing/ranking/scores.ts'
import { trainRing } from '../../../testing/ranking/training.ts'
import { ringDataset } from '../../../testing/ring.ts'
import { type TinyEvent, tinyDataset } from '../../../testing/tiny-dataset.ts'
import type { Objective, Stage } from '../../contract/model.ts'
import { parseOptions } from '../../contract/options.ts'
import { ebm } from './ebm.ts'
import { encoderLayer } from './encoder.ts'

const small = { hiddenSize: 16, maxLength: 6, layers: 1, dropout: 0, hardEpochs: 1, softEpochs: 1 }
conformance({
  definition: ebm,
  options: small,
  epochs: 10,
  learningRate: 2e-2,
  skips: {
    modalities: 'it reads neither pictures nor texts',
    causal: 'it reads all places, and each target has a window of its own',
    gradients: 'a draw has the gradient of a softmax, and no slope; they are compared with PyTorch’s',
  },
})

it('goes on to the same bytes after it was stopped in each of its stages', async () => {
  const [candidate, dataset] = [{ definition: ebm, options: small }, ringDataset({ steps: 5 })]
  const whole = await trainRing(candidate, dataset, { seed: 7, epochs: 1 })
  // Each stage has one epoch of three steps.
  const stopped = await trainRing(candidate, dataset, { seed: 7, epochs: 1, stops: [2, 3, 3, 3] })
  expect(stopped.checkpoint.equals(whole.checkpoint)).toBe(true)
  expect(stopped.bytes.equals(whole.bytes)).toBe(true)
})

describe('A layer of EBM', () => {
  const [length, width] = [6, 4]
  const random = randomStream(4, 'layer')
  const history = Float32Array.from({ length: length * width }, () => random.normal())
  /** The first place stays, and the others turn around. */
  const mirrored = history.map((_, at) => {
    const place = (length - Math.floor(at / width)) % length
    return history[place * width + (at % width)] as number
  })
  /** What is made of the first place. */
  const first = async (spectrum: 'whole' | 'real', x: Float32Array): Promise<number[]> => {
    const layer = encoderLayer('layer', { hiddenSize: width, chunks: 2, dropout: 0, spectrum })
    const y = layer(constant(x, [1, length, width]), noNoise)
    const state = livened(initialParameters(buildGraph({ y }).parameters, 1))
    return (await evaluateTensor(y, Object.fromEntries(valuesOf(state)))).slice(0, width)
  }

  it('tells a sequence from its mirror image, which real parts alone do not', async () => {
    const apart = async (spectrum: 'whole' | 'real'): Promise<number> =>
      distance(await first(spectrum, history), await first(spectrum, mirrored))
    expect(await apart('whole')).toBeGreaterThan(1e-2)
    expect(await apart('real')).toBeLessThan(1e-6)
  })
})

it('drops nothing and filters nothing out before it is trained', async () => {
  const dataset = ringDataset()
  const scores = async (options: object): Promise<number[]> => {
    const candidate = { definition: ebm, options: { ...small, ...options } }
    const first = initialParameters(parametersOf(objectivesOf(await buildOn(candidate, dataset))), 1)
    await using scorer = await scorerOf(candidate, dataset, first)
    return scoresOf(scorer, historyOf([1, 2, 3]))
  }
  close(await scores({}), await scores({ withoutHardNoise: true, withoutSoftNoise: true }), 1e-5)
})

/** The first stages of the model alone. */
const until = (last: string): typeof ebm => ({
  ...ebm,
  build(...given) {
    const model = ebm.build(...given)
    const stages = model.stages as readonly Stage[]
    return { ...model, stages: stages.slice(0, 1 + stages.findIndex(({ name }) => name === last)) }
  },
})

describe('EBM on planted tastes', () => {
  const [groups, each] = [8, 5]
  type Event = readonly [item: number, behavior: number]
  const any = (random: RandomStream): number => 1 + random.integer(groups * each)
  const ofGroup = (user: number, random: RandomStream): number => 1 + (user % groups) + groups * random.integer(each)
  /** Favorites of a user are of one group, and clicks anything or of it too; 0 to 3 clicks come before a favorite. */
  const eventsOf = (user: number, random: RandomStream, areNoise: boolean, favorites = 5): Event[] =>
    Array.from({ length: favorites }, () => {
      const clicked = (): number => (areNoise ? any(random) : ofGroup(user, random))
      const clicks = Array.from({ length: random.integer(4) }, (): Event => [clicked(), 0])
      return [...clicks, [ofGroup(user, random), 1] as const]
    }).flat()
  const log = (areNoise: boolean): Dataset => {
    const random = randomStream(2, 'planted')
    const events = Array.from({ length: 120 }, (_, at) => at + 1).flatMap((user) =>
      // The last two, by which it is validated and tested, are favorites.
      [...eventsOf(user, random, areNoise), [ofGroup(user, random), 1] as const].map(
        ([item, behavior], step): TinyEvent => [user, item, behavior === 1 ? 'favorite' : 'click', step],
      ),
    )
    return tinyDataset({ events, items: groups * each, candidates: 'all' })
  }
  /** How much more of the favorites stays than of the clicks. */
  const difference = async (areNoise: boolean): Promise<number> => {
    const options = { hiddenSize: 16, maxLength: 12, layers: 1, dropout: 0.1, hardEpochs: 15, withoutSoftNoise: true }
    const training = { epochs: 12, learningRate: 2e-2 }
    await using trained = await trainPlanted(until('gate'), { ...options, lambdaContrast: 2 }, log(areNoise), training)
    const asked = randomStream(2, 'asked')
    const [all, left] = [[0, 0] as [number, number], [0, 0] as [number, number]]
    for (let user = 1; user <= 60; user++) {
      const events = eventsOf(user, asked, areNoise, 4).slice(-12)
      const behaviors = events.map(([, behavior]) => behavior)
      for (const behavior of behaviors) all[behavior as 0 | 1]++
      const history = historyOf(
        events.map(([item]) => item),
        { behaviors },
      )
      const [told] = (await trained.scorer.explain?.(history, [1])) ?? []
      for (const { behavior } of told?.noise ?? []) left[behavior as 0 | 1]++
    }
    return left[0] / all[0] - left[1] / all[1]
  }

  it('drops clicks that say nothing, and not where they say as much as favorites', async () => {
    const [noise, told] = [await difference(true), await difference(false)]
    expect(noise).toBeGreaterThan(0.3)
    expect(told).toBeLessThan(0.2)
  })
})

describe('EBM on planted turns', () => {
  const [groups, each, noisy, steps] = [6, 4, 12, 12]
  /** Favorites are of the user's group; clicks come in between, by turns or anywhere. */
  const log = (byTurns: boolean): Dataset => {
    const random = randomStream(1, 'turns')
    const events = Array.from({ length: 120 }, (_, at) => at + 1).flatMap((user) => {
      const shift = random.integer(2)
      return Array.from({ length: steps }, (_, step): TinyEvent => {
        const isClick = step < steps - 2 && (byTurns ? (step + shift) % 2 : random.integer(2)) === 1
        const item = isClick ? groups * each + random.integer(noisy) : (user % groups) + groups * random.integer(each)
        return [user, 1 + item, isClick ? 'click' : 'favorite', step]
      })
    })
    return tinyDataset({ events, items: groups * each + noisy, candidates: 'all' })
  }
  /** The mean gain of the filter at each frequency, for favorites. */
  const gains = async (dataset: Dataset): Promise<number[]> => {
    const options = { hiddenSize: 16, maxLength: 8, layers: 1, dropout: 0.1, softEpochs: 15, withoutHardNoise: true }
    await using trained = await trainPlanted(until('filter'), options, dataset)
    const [real, imaginary] = ['real', 'imaginary'].map((part) => trained.parameters.get(`soft.${part}`))
    return Array.from({ length: 5 }, (_, frequency) => {
      const sizes = Array.from({ length: 16 }, (_, at) => {
        const place = (5 + frequency) * 16 + at
        return Math.hypot(real?.[place] as number, imaginary?.[place] as number)
      })
      return sizes.reduce((sum, size) => sum + size, 0) / 16
    })
  }

  it('filters out what comes by turns, and not where there are none', async () => {
    const [turns, anyhow] = [await gains(log(true)), await gains(log(false))]
    expect(turns.at(-1)).toBeLessThan(0.9)
    expect((turns[0] as number) - (turns.at(-1) as number)).toBeGreaterThan(0.3)
    expect(anyhow.at(-1)).toBeGreaterThan(1)
  })
})

describe('EBM’s options', () => {
  const built = (options: object) =>
    ebm.build(parseOptions('ebm', ebm.config, { ...small, ...options }), bareCatalog({ itemCount: 5 }))
  const namesOf = (options: object): string[] => (built(options).stages ?? []).map(({ name }) => name)
  const lossesOf = (options: object): string[][] =>
    (built(options).stages ?? []).map(({ objectives: [objective] }) => {
      const one = objective as Objective<unknown>
      return Object.keys(one.losses(one.batches.declare(one.batches.smallest).batch, trainingPass()))
    })

  it('leave out stages and losses', () => {
    expect(namesOf({})).toEqual(['encoder', 'gate', 'filter', 'all'])
    expect(namesOf({ withoutHardNoise: true })).toEqual(['encoder', 'filter', 'all'])
    expect(namesOf({ withoutHardNoise: true, withoutSoftNoise: true })).toEqual(['encoder'])
    expect(lossesOf({})).toEqual([
      ['main', 'compactness'],
      ['main', 'hard'],
      ['main', 'soft'],
      ['main', 'compactness', 'hard', 'soft'],
    ])
    expect(lossesOf({ stages: 'joint' })).toEqual([['main', 'compactness', 'hard', 'soft']])
    expect(lossesOf({ stages: 'joint', lambdaCompactness: 0, lambdaContrast: 0 })).toEqual([['main']])
  })

  it('freeze all but one part while that is trained, and go at half the rate then', () => {
    const trained = (built({}).stages ?? []).map(({ objectives: [objective] }) => {
      const { gradients } = stepGraph(objective as Objective, (objective as Objective).batches.smallest)
      return new Set(gradients.map(({ name }) => name.split('.')[0]))
    })
    const encoder = ['item', 'behavior', 'position', 'norm', 'layer0', 'join', 'last']
    const expected = [encoder, ['hard'], ['soft'], [...encoder, 'hard', 'soft']]
    expect(trained).toEqual(expected.map((names) => new Set(names)))
    const rates = (built({}).stages ?? []).map(({ objectives: [objective] }) => objective?.rateOf?.('item', 1))
    expect(rates).toEqual([undefined, undefined, undefined, 0.5])
  })

  it('are refused in a sentence where they cannot be', () => {
    const parse = (options: object) => () => parseOptions('ebm', ebm.config, options)
    expect(parse({ chunks: 5 })).toThrow(
      'ebm.chunks: invalid: 5, expected a whole number from 1 to 256 that must divide',
    )
    expect(parse({ epsilon: 0 })).toThrow('ebm.epsilon: invalid: 0, expected a number from 0.001 to 10')
  })
})
