import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { asBatch } from '../../../test/conformance/click-parity.ts'
import { trainingPass } from '../../learn/pass.ts'
import { trainingNoise } from '../../nn/noise.ts'
import { buildGraph, operationsOf } from '../../onnx/graph.ts'
import { randomStream } from '../../random/stream.ts'
import { input, sizeOf, type Tensor } from '../../tensor/node.ts'
import { clickConformance } from '../../testing/clicks/index.ts'
import { clickScoreOf } from '../../testing/clicks/run.ts'
import { clickGraph } from '../../testing/clicks/training.ts'
import { evaluateGradients, evaluateTensor, evaluateTensors, type Feeds } from '../../testing/evaluate-tensor.ts'
import type { CatalogShape } from '../contract/catalog.ts'
import { servingPass } from '../contract/serving-pass.ts'
import { diffusionSteps, linearSteps } from '../parts/diffusion-schedule.ts'
import { diffMsin } from './diff-msin.ts'
import { cosine, enhancement } from './enhancement.ts'

clickConformance(diffMsin, {
  config: {
    embeddingSize: 4,
    modalitySize: 4,
    expertSize: 8,
    hiddenSize: 12,
    attentionSize: 8,
    fusionHeads: 2,
    steps: 3,
  },
})

interface Numbers {
  readonly shape: readonly number[]
  readonly values: readonly number[]
}
/** See tools/diff_msin_fixture.py for what its arrays are. */
interface Fixture {
  readonly config: Readonly<
    Record<'batch' | 'length' | 'items' | 'users' | 'itemRows' | 'userRows' | 'values' | 'image' | 'text', number>
  >
  readonly inputs: Readonly<Record<string, Numbers>>
  readonly noise: readonly Numbers[]
  readonly parameters: Readonly<Record<string, Numbers>>
  readonly parts: Readonly<Record<string, number>>
  readonly loss: number
  readonly gradients: Readonly<Record<string, Numbers>>
}
const fixture = JSON.parse(readFileSync('test/fixtures/diff-msin.json', 'utf8')) as Fixture
const { batch, length, items, users, itemRows, userRows, values, image, text } = fixture.config
const shape: CatalogShape = {
  itemCount: items,
  userCount: users,
  behaviors: ['click', 'favorite'],
  target: 1,
  time: 'milliseconds',
  fields: { category: values },
  features: { image, text },
  itemRows,
  userRows,
  userFields: {},
  numbers: ['price'],
  itemNumbers: 1,
  userNumbers: 0,
}
const options = {
  embeddingSize: 4,
  modalitySize: 4,
  expertSize: 4,
  hiddenSize: 4,
  layers: 1,
  attentionSize: 4,
  fusionHeads: 2,
  steps: 3,
  alphaStart: 0.9,
  alphaEnd: 0.8,
  w1: 0.3,
  w2: 0.2,
  margin: 0.1,
}
const built = (more: object = {}) => diffMsin.build(diffMsin.config.parse({ ...options, ...more }), shape)

let kept: ReturnType<typeof evaluate> | undefined
/** The loss, its parts and all gradients of the fixture's batch. */
const evaluated = (): ReturnType<typeof evaluate> => (kept ??= evaluate())

async function evaluate() {
  const pass = trainingPass()
  const { loss, parts, inputs } = clickGraph(built(), { rows: batch, length }, pass)
  const { parameters } = buildGraph({ loss })
  const given: Record<string, Numbers | undefined> = {
    ...fixture.parameters,
    ...fixture.inputs,
    ...asBatch(fixture.inputs),
  }
  for (const [at, { name }] of pass.noise.inputs.entries()) given[name] = fixture.noise[at]
  const feeds: Record<string, Feeds[string]> = {}
  const graph = buildGraph({ loss, ...parts })
  for (const [name, { shape: sizes, dtype }] of [...graph.inputs, ...Object.entries(inputs)]) {
    expect(given[name]?.shape, `shape of ${name}`).toEqual(sizes)
    const { values } = given[name] as Numbers
    feeds[name] = dtype === 'int64' ? BigInt64Array.from(values, BigInt) : Float32Array.from(values)
  }
  const made = await evaluateGradients(loss, parameters, feeds)
  const told = await evaluateTensors(parts, feeds)
  return { ...made, parts: Object.fromEntries(Object.entries(told).map(([name, [value]]) => [name, Number(value)])) }
}

describe('Diff-MSIN equals the equations written out in PyTorch', () => {
  it('in its three losses', async () => {
    const { loss, parts } = await evaluated()
    expect(Object.keys(parts)).toEqual(['clicks', 'decoupling', 'synergy'])
    for (const [name, expected] of Object.entries(fixture.parts)) expect(parts[name]).toBeCloseTo(expected, 5)
    expect(loss).toBeCloseTo(fixture.loss, 5)
  })

  it('in the gradient of every parameter', async () => {
    const { gradients } = await evaluated()
    expect(Object.keys(gradients).sort()).toEqual(Object.keys(fixture.gradients).sort())
    const far = Object.entries(fixture.gradients).flatMap(([name, { values }]) => {
      const worst = Math.max(...values.map((value, at) => Math.abs(value - (gradients[name]?.[at] ?? Number.NaN))))
      return worst < 2e-5 ? [] : [`${name} ${worst}`]
    })
    expect(far).toEqual([])
  })
})

it('serves by fewer products what it learned, but for the noise', async () => {
  const model = built()
  const { batch: impressions } = model.batches.declare({ rows: batch, length, targets: batch })
  const pass = trainingPass()
  const logits = (of: typeof pass): Tensor => clickScoreOf(model).forward(impressions, of).logit_B
  const tensors = { trained: logits(pass), served: logits({ ...pass, ...servingPass }) }
  const feeds: Record<string, Feeds[string]> = {}
  const known: Record<string, Numbers | undefined> = {
    ...fixture.parameters,
    ...fixture.inputs,
    ...asBatch(fixture.inputs),
  }
  for (const [name, { shape: sizes, dtype }] of buildGraph(tensors).inputs) {
    const { values } = known[name] ?? { values: Array.from({ length: sizeOf(sizes) }, () => 0) }
    feeds[name] = dtype === 'int64' ? BigInt64Array.from(values, BigInt) : Float32Array.from(values)
  }
  const made = await evaluateTensors(tensors, feeds)
  const [trained, served] = [Array.from(made.trained, Number), Array.from(made.served, Number)]
  expect(served).toEqual(trained.map((value) => expect.closeTo(value, 5)))
  expect(new Set(served).size).toBe(batch)
  /** Products of the batch with the steps' matrix, as large as the states of id, picture and text together. */
  const steps = (tensor: Tensor) =>
    operationsOf([tensor]).filter(
      ({ type, outputs: [made] }) =>
        type === 'MatMul' && made?.shape[0] === batch && made.shape[1] === 3 * options.expertSize,
    )
  expect([steps(tensors.trained), steps(tensors.served)].map((found) => found.length)).toEqual([1, 0])
})

describe('a part that is left out', () => {
  /** The loss and gradients with other parameters, for models that the fixture has no numbers for. */
  async function evaluatedFreely(more: object) {
    const { loss } = clickGraph(built(more), { rows: batch, length }, servingPass)
    const graph = buildGraph({ loss })
    const feeds: Record<string, Feeds[string]> = {}
    for (const { origin, shape: sizes } of graph.parameters) {
      const size = sizes.reduce((product, one) => product * one, 1)
      const stream = randomStream(3, origin.name)
      feeds[origin.name] = Float32Array.from({ length: size }, () => 0.5 * stream.normal())
    }
    for (const [name, { dtype }] of graph.inputs) {
      const known = { ...fixture.inputs, ...asBatch(fixture.inputs) }[name]?.values
      if (known) feeds[name] = dtype === 'int64' ? BigInt64Array.from(known, BigInt) : Float32Array.from(known)
    }
    return evaluateGradients(loss, graph.parameters, feeds)
  }

  it.each([
    ['withoutEnhancement', { withoutEnhancement: true }, /^(shared|enhance)\./],
    ['withoutSynergy', { withoutSynergy: true }, /^synergy\./],
    ['withoutFusion', { withoutFusion: true }, /^fusion\./],
    ['levelInterest', { levelInterest: false }, /\.interest\./],
    ['withoutImage', { withoutImage: true }, /image/],
    ['withoutText', { withoutText: true }, /text/],
  ])('takes its parameters along: %s', async (_, more, gone) => {
    const left = Object.keys((await evaluatedFreely(more)).gradients)
    expect(Object.keys(fixture.gradients).some((name) => gone.test(name))).toBe(true)
    expect(left.filter((name) => gone.test(name))).toEqual([])
  })

  it.each([
    { withoutImage: true },
    { withoutEnhancement: true, withoutSynergy: true, withoutFusion: true },
    { withoutPart: 'common' },
    { states: 'sequence' },
    { fusion: 'printed' },
    { backbone: 'eta' },
    { backbone: 'twin' },
    { backbone: 'dpn' },
  ])('leaves a model that can be trained: %o', async (more) => {
    const { loss, gradients } = await evaluatedFreely(more)
    expect(Number.isFinite(loss)).toBe(true)
    const still = Object.entries(gradients).filter(([, values]) => values.every((value) => value === 0))
    expect(still.map(([name]) => name)).toEqual([])
  })

  it('tells its gates by name', () => {
    const gatesOf = (more: object = {}) => clickScoreOf(built(more)).gates
    expect(gatesOf()).toEqual(['image', 'text', 'common', 'synergy'])
    expect(gatesOf({ withoutEnhancement: true, withoutImage: true })).toEqual(['text', 'synergy'])
    expect(gatesOf({ withoutFusion: true })).toBeUndefined()
  })
})

describe('the synergy’s schedule', () => {
  it('takes away what eq. 11 says', () => {
    // alpha 0.9, 0.8: products 0.9 and 0.72; pulls 0.1 / sqrt(0.1) and 0.2 / sqrt(0.28).
    const steps = diffusionSteps(linearSteps(2, 0.9, 0.8))
    expect(steps.map(({ root }) => root)).toEqual([
      expect.closeTo(Math.sqrt(0.9), 12),
      expect.closeTo(Math.sqrt(0.72), 12),
    ])
    expect(steps.map(({ pull }) => pull)).toEqual([
      expect.closeTo(0.1 / Math.sqrt(0.1), 12),
      expect.closeTo(0.2 / Math.sqrt(0.28), 12),
    ])
  })
})

describe('cosine', () => {
  it('is that of each row', async () => {
    const [a, b] = [input('a', [2, 2]), input('b', [2, 2])]
    const found = await evaluateTensor(cosine(a, b), { a: Float32Array.of(3, 0, 1, 1), b: Float32Array.of(0, 2, 2, 2) })
    // 4 / sqrt(2.01 * 8.01), with 0.01 added to each squared length.
    expect(found).toEqual([expect.closeTo(0, 6), expect.closeTo(4 / Math.sqrt(2.01 * 8.01), 6)])
  })
})

describe('bad options', () => {
  it.each([
    ['fusionHeads', { fusionHeads: 3 }],
    ['alphaEnd', { alphaStart: 0.5, alphaEnd: 0.9 }],
    ['w1', { w1: -0.1 }],
    ['w2', { w2: -1 }],
  ])('are refused by name: %s', (name, more) => {
    const { error } = diffMsin.config.safeParse({ ...options, ...more })
    expect(error?.issues[0]?.path).toEqual([name])
  })
})

it('the enhancement without shared experts to compare has only experts to keep apart', async () => {
  const module = enhancement(new Map([['id', 2]]), { expertSize: 2, w1: 0.01 })
  const x = input('x', [1, 2])
  const noise = trainingNoise()
  const { decoupling_B } = module.enhance(new Map([['id', x]]), new Map([['id', x]]), noise)
  expect(decoupling_B.shape).toEqual([1])
})
