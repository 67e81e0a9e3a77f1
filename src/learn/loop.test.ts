import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { batchKind } from '../batches/kind.ts'
import type { BuiltModel, Stage, StageContext } from '../models/contract/model.ts'
import { objective } from '../models/contract/model.ts'
import { sgd } from '../optim/sgd.ts'
import { nodeRuntime } from '../runtime/node.ts'
import { encodeSafetensors, readSafetensors } from '../storage/safetensors.ts'
import { add, mul, sub } from '../tensor/elementwise.ts'
import { parameter, type Tensor } from '../tensor/node.ts'
import { sum } from '../tensor/reduce.ts'
import { tinyDataset } from '../testing/tiny-dataset.ts'
import { trainingConfig } from './config.ts'
import { trainModel } from './loop.ts'
import type { TrainingEvent, Validation } from './training-run.ts'

const folder = mkdtempSync(join(tmpdir(), 'siftrec-loop-'))
afterAll(() => rmSync(folder, { recursive: true }))

const dataset = tinyDataset({ events: [[1, 1, 'click', 1]] })
/** A batch of one number, the same at every step; an epoch has so many batches. */
const constantBatches = (value: number, batches = 1) =>
  batchKind<Tensor, never>({
    smallest: { rows: 1, length: 0, targets: 1 },
    declare: (_, input) => input('x', [1]),
    fill: () => undefined,
    training: () => {
      const shape = { rows: 1, length: 0, targets: 1 }
      const fill = (buffers: Readonly<Record<string, unknown>>): number => {
        ;(buffers['batch.x'] as Float32Array)[0] = value
        return 1
      }
      return { size: 'numbers', shapes: [shape], epoch: () => Array.from({ length: batches }, () => ({ shape, fill })) }
    },
  })

/** A number that follows what it reads, halfway at each step: its own loss is half of the squared distance. */
function follows(name: string, value: number, more: object = {}) {
  const followed = parameter(name, [1], (values) => void values.fill(0))
  return objective<Tensor>({
    name,
    batches: constantBatches(value),
    losses(x) {
      const away = sub(followed, x)
      return { distance: { weight: 0.5, value: sum(mul(away, away)) } }
    },
    optimizer: sgd({ learningRate: 0.5 }),
    ...more,
  })
}

const modelOf = (...stages: readonly Stage[]): BuiltModel =>
  ({ stages, batches: constantBatches(0), history: { maxLength: 1, mergeBehaviors: true }, score: {} }) as never

/** Trains with validation values that are given. */
async function train(
  model: BuiltModel,
  validation: readonly number[],
  settings: object,
  name: string,
  more: object = {},
  { measures = true, better = 'higher' }: Partial<Pick<Validation, 'measures' | 'better'>> = {},
) {
  const events: TrainingEvent[] = []
  let at = 0
  mkdirSync(join(folder, name), { recursive: true })
  const result = await trainModel({
    slug: 'test',
    model,
    data: { dataset, split: {} as never },
    frozen: { get: () => undefined },
    validation: {
      metric: 'NDCG@10',
      better,
      measures,
      bytes: () => Promise.resolve(0),
      open: async () => ({
        async validate(counted) {
          counted?.(7, 9)
          return validation[at++] ?? 0
        },
        [Symbol.asyncDispose]: async () => undefined,
      }),
    },
    training: trainingConfig.parse({ seed: 1, threads: 1, ...settings }),
    runtime: nodeRuntime({ threads: 1 }),
    folder: join(folder, name),
    fingerprint: name,
    report: (event) => void events.push(event),
    ...more,
  })
  const { tensors } = readSafetensors(join(folder, name, 'model.safetensors'))
  const values = Object.fromEntries(Object.entries(tensors).map(([key, { data }]) => [key, Number(data[0])]))
  return { result, values, events }
}

describe('training', () => {
  it('ends when validation has not risen for `patience` epochs, and keeps the parameters of the best one', async () => {
    const stage: Stage = { name: 'train', epochs: 'until-best', objectives: [follows('a', 1)] }
    const { result, values } = await train(
      modelOf(stage),
      [0.1, 0.3, 0.2, 0.3, 0.1],
      { patience: 3, epochs: 50 },
      'patience',
    )
    // The second epoch is the best; an equal value in the fourth is not better, and three epochs later it is over.
    expect(result).toMatchObject({ epochs: 5, best: { epoch: 2, validation: 0.3 } })
    expect(values['a']).toBeCloseTo(0.75, 6)
  })

  it('keeps the epoch with the lowest value where the lower are better, and tells how far validation is', async () => {
    const stage: Stage = { name: 'train', epochs: 'until-best', objectives: [follows('a', 1)] }
    const settings = { patience: 2, epochs: 50 }
    const { result, events } = await train(
      modelOf(stage),
      [0.7, 0.6, 0.8, 0.9],
      settings,
      'lower',
      {},
      { better: 'lower' },
    )
    expect(result).toMatchObject({ epochs: 4, best: { epoch: 2, validation: 0.6 } })
    expect(events).toContainEqual({ kind: 'counted', work: 'validation', done: 7, all: 9 })
  })

  it('keeps the epoch with the lowest training loss where there is nothing to validate by', async () => {
    // Twice as far at each step: a is 0, -2, -6, -14, so that the loss of the first epoch is the lowest.
    const away = follows('a', 2, { optimizer: sgd({ learningRate: -1 }) })
    const stage = (one: Stage['objectives'][number]): Stage => ({
      name: 'train',
      epochs: 'until-best',
      objectives: [one],
    })
    const unmeasured = { measures: false }
    const worse = await train(modelOf(stage(away)), [], { patience: 2, epochs: 9 }, 'rising', {}, unmeasured)
    expect(worse.result).toMatchObject({ epochs: 3, best: { epoch: 1, validation: null } })
    expect(worse.values['a']).toBe(-2)
    const better = await train(
      modelOf(stage(follows('a', 1))),
      [],
      { patience: 2, epochs: 4 },
      'falling',
      {},
      unmeasured,
    )
    expect(better.result).toMatchObject({ epochs: 4, best: { epoch: 4, validation: null } })
    expect(better.values['a']).toBeCloseTo(1 - 1 / 16, 6)
    expect(better.result.history.map(({ validation }) => validation)).toEqual([null, null, null, null])
    const told = better.events.filter(({ kind }) => kind !== 'batch' && kind !== 'counted')
    expect(told[0]).toMatchObject({ kind: 'start', measures: false })
    expect(told[1]).toMatchObject({ kind: 'epoch', by: 'loss', best: true })
  })

  it('ends after `epochs` epochs whatever validation says', async () => {
    const stage: Stage = { name: 'train', epochs: 'until-best', objectives: [follows('a', 1)] }
    const { result } = await train(modelOf(stage), [0.1, 0.2, 0.3, 0.4], { patience: 9, epochs: 3 }, 'epochs')
    expect(result).toMatchObject({ epochs: 3, best: { epoch: 3, validation: 0.3 } })
  })

  it('scales gradients down to the length that an objective says, with the run’s Adam', async () => {
    const after = async (name: string, more: object): Promise<number | undefined> => {
      const followed = follows('a', 8, { optimizer: undefined, ...more })
      const stage: Stage = { name: 'train', epochs: 'until-best', objectives: [followed] }
      return (await train(modelOf(stage), [0.1, 0.2], { epochs: 2, learningRate: 1 }, name)).values['a']
    }
    // Adam's second step is as long as its first where both gradients are: 8 and 7 are not, cut to 1 they are.
    expect(await after('clipped', { clipNorm: 1 })).toBeCloseTo(2, 5)
    expect(await after('unclipped', {})).toBeLessThan(1.995)
  })

  it('begins the next stage with the best parameters of one that validates, and counts its own epochs', async () => {
    const first: Stage = { name: 'first', epochs: 'until-best', objectives: [follows('a', 1)] }
    const second: Stage = { name: 'second', epochs: 2, objectives: [follows('b', 8)] }
    const { result, values } = await train(modelOf(first, second), [0.5, 0.1], { patience: 1, epochs: 9 }, 'stages')
    // After its best epoch, the first, a is a half; b goes 4, 6.
    expect(values).toEqual({ a: 0.5, b: 6 })
    expect(result.history.map(({ epoch, stage, validation }) => [epoch, stage, validation])).toEqual([
      [1, 'first', 0.5],
      [2, 'first', 0.1],
      [3, 'second', null],
      [4, 'second', null],
    ])
  })

  it('begins the next stage with the last parameters of one that does not validate', async () => {
    const first: Stage = { name: 'first', epochs: 2, objectives: [follows('a', 1)] }
    const second: Stage = { name: 'second', epochs: 1, objectives: [follows('b', 8)] }
    const { values } = await train(modelOf(first, second), [], {}, 'last')
    expect(values).toEqual({ a: 0.75, b: 4 })
  })

  it('gives objectives turns by step or by pass, and each its own parameters', async () => {
    const two = [
      follows('a', 1, { batches: constantBatches(1, 2) }),
      follows('b', 8, { batches: constantBatches(8, 1) }),
    ]
    const stage = (turns: 'step' | 'pass'): Stage => ({ name: 'train', epochs: 1, objectives: two, turns })
    // By step b goes round its one batch as often as a has batches; by pass it has one.
    expect((await train(modelOf(stage('step')), [], {}, 'by-step')).values).toEqual({ a: 0.75, b: 6 })
    expect((await train(modelOf(stage('pass')), [], {}, 'by-pass')).values).toEqual({ a: 0.75, b: 4 })
  })

  it('refills the memory before the pass of an objective, by the parameters as they are then', async () => {
    const seen: number[] = []
    const noted = parameter('a', [1], (values) => void values.fill(0))
    const two = [
      follows('a', 1, { batches: constantBatches(1, 2) }),
      follows('b', 8, {
        batches: constantBatches(8, 2),
        async beforePass(context: StageContext) {
          seen.push(Number((await context.evaluate({ noted }))['noted']?.[0]))
          context.memory['count']?.data.set([seen.length] as never)
        },
      }),
    ]
    const stage: Stage = { name: 'train', epochs: 2, objectives: two, turns: 'pass' }
    const memory = { count: { shape: [1], data: new Float32Array(1) } }
    const { values } = await train({ ...modelOf(stage), memory }, [], {}, 'before-pass')
    expect(seen).toEqual([0.75, 0.9375])
    expect(values['memory.count']).toBe(2)
  })

  it('ends a stage before its time when the model says so', async () => {
    const stage: Stage = { name: 'train', epochs: 9, objectives: [follows('a', 1)], isOver: () => true }
    expect((await train(modelOf(stage), [], {}, 'over')).result.epochs).toBe(1)
  })

  it('lets a stage read what an epoch came to into the memory, which tells when it is over and is kept', async () => {
    const memory = { seen: { shape: [3], data: new Float32Array(3) } }
    const followed = follows('a', 1)
    const stage: Stage = {
      name: 'train',
      epochs: 3,
      objectives: [followed],
      async afterEpoch(context) {
        const now = parameter('a', [1], () => undefined)
        const values = context.memory['seen']?.data as Float32Array
        values[values.indexOf(0)] = (await context.evaluate({ now }))['now']?.[0] as number
      },
      isOver: ({ seen }) => seen?.data[1] === 0.75,
    }
    const model = { ...modelOf(stage), memory }
    const { result } = await train(model, [], {}, 'after')
    expect(result.epochs).toBe(2)
    const { tensors } = readSafetensors(join(folder, 'after', 'model.safetensors'))
    expect([...(tensors['memory.seen']?.data ?? [])]).toEqual([0.5, 0.75, 0])
  })

  it('lets parameters begin anew, and optimizers forget, before each epoch but the first of a stage that says so', async () => {
    const objectives = [follows('a', 8, { optimizer: undefined }), follows('b', 8)]
    const stage: Stage = { name: 'train', epochs: 3, objectives, restarts: (name) => name === 'b' }
    const { values } = await train(modelOf(stage), [], { learningRate: 1 }, 'restarts')
    // Adam's first step is as long as its rate, whatever the gradient: three of them. b goes half of its way, once.
    expect(values['a']).toBeCloseTo(3, 5)
    expect(values['b']).toBe(4)
  })

  it('multiplies the learning rate of a parameter as an objective says, with the run’s Adam', async () => {
    const slow = follows('a', 8, { optimizer: undefined, rateOf: (name: string) => (name === 'a' ? 0.25 : 1) })
    const stage: Stage = { name: 'train', epochs: 1, objectives: [slow] }
    expect((await train(modelOf(stage), [], { learningRate: 1 }, 'slow')).values['a']).toBeCloseTo(0.25, 6)
  })

  it('tells each objective’s losses by its name', async () => {
    const stage: Stage = { name: 'train', epochs: 1, objectives: [follows('a', 1), follows('b', 8)] }
    const { result } = await train(modelOf(stage), [], {}, 'named')
    expect(result.history[0]).toMatchObject({ loss: (0.5 + 32) / 2, parts: { 'a.loss': 0.5, 'b.loss': 32 } })
  })

  it('begins with given parameters', async () => {
    const stage: Stage = { name: 'train', epochs: 1, objectives: [follows('a', 1)] }
    const start = new Map([['a', Float32Array.of(9)]])
    expect((await train(modelOf(stage), [], {}, 'start', { start })).values).toEqual({ a: 5 })
  })

  it('draws noise from given pools', async () => {
    const drawn = parameter('a', [1], (values) => void values.fill(0))
    const noisy = objective<Tensor>({
      name: 'noisy',
      batches: constantBatches(0),
      losses(x, { noise }) {
        const away = sub(drawn, add(x, noise.normal([1]) as Tensor))
        return { distance: { weight: 0.5, value: sum(mul(away, away)) } }
      },
      optimizer: sgd({ learningRate: 0.5 }),
    })
    const stage: Stage = { name: 'train', epochs: 1, objectives: [noisy] }
    const pools = { draw: () => Float32Array.of(6) }
    expect((await train(modelOf(stage), [], {}, 'pools', { pools })).values).toEqual({ a: 3 })
  })

  it.each([
    ['epoch -5', { epoch: -5 }],
    ['epoch 1e9', { epoch: 1e9 }],
    ['batch 999', { batch: 999 }],
    ['batch -1', { batch: -1 }],
    ['stage 7', { stage: 7 }],
    ['a stage longer than all epochs', { stageEpoch: 9 }],
    ['no history', { history: [] }],
  ])('refuses a checkpoint that stands where no training can: %s', async (name, changed) => {
    const stage: Stage = { name: 'train', epochs: 'until-best', objectives: [follows('a', 1)] }
    await train(modelOf(stage), [0.1, 0.2], { epochs: 2 }, name)
    const path = join(folder, name, 'checkpoint.safetensors')
    const { tensors, metadata } = readSafetensors(path)
    const progress = { ...(JSON.parse(metadata['progress']!) as object), finished: false, ...changed }
    writeFileSync(path, encodeSafetensors(tensors, { ...metadata, progress: JSON.stringify(progress) }))
    const again = train(modelOf(stage), [0.3], { epochs: 9 }, name, { resume: true })
    await expect(again).rejects.toThrow(/checkpoint\.safetensors: corrupted: .*, expected where a training can stand/)
  })
})
