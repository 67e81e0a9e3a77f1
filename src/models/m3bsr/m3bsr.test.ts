import { describe, expect, it } from 'vitest'
import type { Window } from '../../batches/windows.ts'
import type { Dataset, History } from '../../dataset/schema.ts'
import { stagesOf } from '../../learn/objectives.ts'
import { initialParameters, type ParameterState } from '../../learn/parameters.ts'
import { compileStep, parametersOf, stepGraph } from '../../learn/step.ts'
import { randomStream } from '../../random/stream.ts'
import { nextItemScorer } from '../../rank/scorer.ts'
import { nodeRuntime } from '../../runtime/node.ts'
import { keptPools } from '../../testing/kept-pools.ts'
import { conformance } from '../../testing/ranking/index.ts'
import { expectSlope } from '../../testing/slope.ts'
import { type TinyEvent, tinyDataset } from '../../testing/tiny-dataset.ts'
import { catalogInputs, catalogShape } from '../contract/catalog.ts'
import type { BuiltModel, ItemScores, Objective } from '../contract/model.ts'
import { m3bsr } from './m3bsr.ts'
import type { EventBatch } from './visibility.ts'

/** Inline, since the loss apart has no gradient in what it reads; `denoiser.test.ts` has the one that it has. */
const small = {
  hiddenSize: 8,
  embeddingSize: 4,
  maxLength: 12,
  dropout: 0,
  modalitySteps: 2,
  behaviorSteps: 3,
  denoisers: 'inline',
}
const sizes = { ...small, hiddenSize: 16, maxLength: 16, auxiliaryTargets: 1 }
conformance({ definition: m3bsr, options: sizes, epochs: 12 })
conformance({ definition: m3bsr, options: { ...sizes, reading: 'paper' }, epochs: 12 })

const stream = randomStream(8)
const vectors = (items: number) =>
  Array.from({ length: items }, (_, at) => (at === 2 ? null : Array.from({ length: 5 }, () => stream.normal())))
function shop({
  behaviors = ['click', 'favorite'],
  modalities = ['image', 'text'],
}: {
  behaviors?: string[]
  modalities?: string[]
} = {}): Dataset {
  const event = (user: number, at: number): TinyEvent => [
    user,
    1 + ((user * 3 + at * at) % 9),
    behaviors[(at + user) % behaviors.length] as string,
    at,
  ]
  const events = [1, 2, 3, 4].flatMap((user) => Array.from({ length: 8 }, (_, at) => event(user, at)))
  return tinyDataset({
    events,
    items: 9,
    behaviors,
    fields: { brand: { values: Int32Array.from({ length: 10 }, (_, item) => item % 3), vocabulary: ['', 'a', 'b'] } },
    features: Object.fromEntries(modalities.map((modality) => [modality, vectors(9)])),
  })
}

const historyOf = ({ events }: Dataset, user: number, length = 8): History => {
  const start = events.start[user] as number
  const [item, behavior, time] = [events.item, events.behavior, events.time].map((column) =>
    column.slice(start, start + length),
  )
  return { user, item, behavior, time } as History
}
const windowsOf = (dataset: Dataset): Window[] =>
  [1, 2, 3].map((user) => ({
    history: historyOf(dataset, user, 6),
    targets: [1, 3, 3, 6].map((prefix, at) => ({
      item: 1 + ((user + at) % 9),
      behavior: 1,
      prefix,
      weight: at === 0 ? 0.3 : 1,
    })),
  }))
const shape = { rows: 4, length: 7, targets: 14, targetsPerRow: 4 }
/** Each variant is a graph of its own, which runs a few times. */
const runtime = nodeRuntime({ threads: 1, optimize: false })
type Model = BuiltModel<EventBatch>
const build = (options: object, dataset: Dataset): Model =>
  m3bsr.build(m3bsr.config.parse({ ...small, ...options }), catalogShape(dataset))
const objectiveOf = (model: Model): Objective => stagesOf(model)[0]?.objectives[0] as Objective
const begun = (model: Model): ParameterState => initialParameters(parametersOf([objectiveOf(model)]), 2)

/** A compiled step; `run` computes the losses of some windows. */
async function compiled(model: Model, dataset: Dataset, state: ParameterState) {
  const step = await compileStep({
    step: stepGraph(objectiveOf(model), shape),
    state,
    frozen: catalogInputs(dataset),
    pools: keptPools(1),
    seed: 1,
    runtime,
  })
  return {
    gradients: step.gradients,
    run: (windows: readonly Window[]) =>
      step.run(
        {
          fill(buffers) {
            model.batches.fill(windows as never, shape, buffers)
            return 0
          },
        },
        1,
      ),
    [Symbol.asyncDispose]: () => step[Symbol.asyncDispose](),
  }
}

const variants: readonly { readonly name: string; readonly options: object; readonly dataset?: Dataset }[] = [
  { name: 'its defaults, inline', options: {} },
  { name: 'literal readings', options: { reconstruction: 'literal', disentanglement: 'literal' } },
  { name: 'aligned interests', options: { disentanglement: 'align' } },
  { name: 'time embedding and deeper experts', options: { timeEmbedding: true, layers: 2, heads: 4 } },
  { name: 'a free head and the user’s id', options: { head: 'free', userField: true } },
  { name: 'the paper’s reading', options: { reading: 'paper', userField: true } },
  { name: 'the paper’s reading, ids as wide', options: { reading: 'paper', residualId: true, embeddingSize: 8 } },
  { name: 'the paper’s reading without experts', options: { reading: 'paper', withoutExperts: true } },
  { name: 'the paper’s reading without its shared expert', options: { reading: 'paper', withoutSharedExpert: true } },
  { name: 'one row a target', options: { samples: 'targets' } },
  { name: 'no modality denoising', options: { withoutModalityDenoising: true } },
  { name: 'an MLP in place of modality denoising', options: { modalityDenoiser: 'mlp' } },
  { name: 'no behavior denoising', options: { withoutBehaviorDenoising: true } },
  { name: 'no experts', options: { withoutExperts: true } },
  { name: 'no shared expert', options: { withoutSharedExpert: true } },
  { name: 'no disentanglement', options: { withoutDisentanglement: true } },
  { name: 'one frozen modality', options: {}, dataset: shop({ modalities: ['text'] }) },
  { name: 'three behaviors', options: {}, dataset: shop({ behaviors: ['view', 'cart', 'buy'] }) },
  { name: 'one behavior and ids only', options: {}, dataset: shop({ behaviors: ['buy'], modalities: [] }) },
]

describe('m3bsr', () => {
  it.each(variants)(
    'has the gradient of its loss and learns from it with $name',
    async ({ options, dataset = shop() }) => {
      const model = build(options, dataset)
      const state = begun(model)
      await using step = await compiled(model, dataset, state)
      const windows = windowsOf(dataset).map((window) => ({
        ...window,
        history: {
          ...window.history,
          behavior: window.history.behavior.map((behavior) =>
            Math.min(behavior, dataset.manifest.behaviors.length - 1),
          ),
        },
      }))
      const lossNow = async (): Promise<number> => (await step.run(windows)).loss
      // Away from zero: normalized vectors of next to no length have no straight stretch to measure a slope on.
      for (const { values } of state.buffers.values())
        for (const [at, value] of values.entries()) values[at] = value + 0.2 * Math.sin(7 * at)
      await expectSlope(step, state, lossNow)
    },
  )

  it('changes its loss with each ablation, and loses the parameters that nothing reads', async () => {
    const dataset = shop()
    const whole = build({ lambdaContrast: 1, lambdaModality: 1, lambdaBehavior: 1 }, dataset)
    const namesOf = (model: Model): string[] => [...begun(model).buffers.keys()].sort()
    const lossOf = async (model: Model): Promise<number> => {
      await using step = await compiled(model, dataset, begun(model))
      return (await step.run(windowsOf(dataset))).loss
    }
    const [expected, all] = [await lossOf(whole), namesOf(whole)]
    const gone = async (option: string): Promise<string[]> => {
      const model = build({ lambdaContrast: 1, lambdaModality: 1, lambdaBehavior: 1, [option]: true }, dataset)
      expect(Math.abs((await lossOf(model)) - expected)).toBeGreaterThan(1e-3)
      const left = new Set(namesOf(model))
      expect([...left].filter((name) => !all.includes(name))).toEqual([])
      return [...new Set(all.flatMap((name) => (left.has(name) ? [] : [name.split('.').slice(0, 2).join('.')])))]
    }
    expect(await gone('withoutModalityDenoising')).toEqual(['denoise.image', 'denoise.text'])
    expect(await gone('withoutBehaviorDenoising')).toEqual(['denoise.target'])
    const shared = ['expert.shared', 'gate.bias', 'gate.weight']
    expect(await gone('withoutSharedExpert')).toEqual(shared)
    expect(await gone('withoutExperts')).toEqual([
      'age',
      'expert.id',
      'expert.image',
      ...shared.slice(0, 1),
      'expert.text',
      ...shared.slice(1),
    ])
    expect(await gone('withoutDisentanglement')).toEqual([])
  })

  it('has an MLP in place of modality denoising where asked to, which moves items and has no loss of its own', async () => {
    const dataset = shop()
    const [usual, replaced] = [build({}, dataset), build({ modalityDenoiser: 'mlp' }, dataset)]
    const namesOf = (model: Model, pattern: RegExp): string[] =>
      [...begun(model).buffers.keys()].filter((name) => pattern.test(name))
    const before = namesOf(usual, /^denoise\.(image|text)\./)
    expect(before.length).toBeGreaterThan(0)
    expect(namesOf(replaced, /^denoise\.(image|text)\./)).toEqual([])
    expect(namesOf(replaced, /^mlp\.(image|text)\.[01]\.weight$/)).toHaveLength(4)
    expect([usual.idle, replaced.idle].map((idle) => idle?.map(({ part }) => part))).toEqual([
      ['modality', 'behavior'],
      ['behavior'],
    ])
    await using scorer = await nextItemScorer({
      slug: 'm3bsr',
      model: replaced,
      dataset,
      parameters: new Map([...begun(replaced).buffers].map(([name, { values }]) => [name, values])),
      runtime,
    })
    const moved = await scorer.denoisedItems?.()
    expect(moved?.after).not.toEqual(moved?.before)
    // What says nothing of it is stored and hashed as it was before there was a choice.
    expect('modalityDenoiser' in m3bsr.config.parse({})).toBe(false)
    expect(() => build({ modalityDenoiser: 'mlp', withoutModalityDenoising: true }, dataset)).toThrow(
      'is not mlp where withoutModalityDenoising is true',
    )
  })

  it('counts events of one item at one time once in the joint reading, and leaves out old ones where asked to', () => {
    const dataset = shop()
    expect(build({}, dataset).history).toMatchObject({ mergeBehaviors: true })
    expect(build({ reading: 'paper' }, dataset).history).toMatchObject({ mergeBehaviors: false })
    expect([build({}, dataset).history, build({ recentEvents: 50 }, dataset).history]).toMatchObject([
      expect.not.objectContaining({ recent: 0 }),
      { recent: 50 },
    ])
  })

  it('reads and ranks an item by one row, fields and all, in the joint reading', () => {
    const names = [...begun(build({}, shop())).buffers.keys()]
    expect(names.filter((name) => /^(field|table|image|text|id|user)\./.test(name)).sort()).toEqual([
      'field.brand',
      'field.item',
      'id.norm.scale',
      'id.norm.shift',
      'image.bias',
      'image.missing',
      'image.norm.scale',
      'image.norm.shift',
      'image.weight',
      'text.bias',
      'text.missing',
      'text.norm.scale',
      'text.norm.shift',
      'text.weight',
    ])
    expect([...begun(build({ userField: true }, shop())).buffers.keys()]).toContain('field.user')
    const start = begun(build({}, shop())).buffers.get('id.norm.scale')?.values ?? []
    expect([...start].every((scale) => Math.abs(scale - 0.1) < 1e-6)).toBe(true)
  })

  it('adds an id to its own stream only where it is as wide', () => {
    expect(() => m3bsr.config.parse({ ...small, reading: 'paper', residualId: true })).toThrow(
      'must equal hiddenSize where residualId is true',
    )
    expect(() => m3bsr.config.parse({ ...small, residualId: true, embeddingSize: 8 })).toThrow(
      'has no place where reading is joint',
    )
  })

  it.each(['joint', 'paper'])('reads nothing that came after a target, noise and all: %s', async (reading) => {
    const dataset = shop()
    const model = build({ reading }, dataset)
    const state = begun(model)
    await using step = await compiled(model, dataset, state)
    const early = windowsOf(dataset).map(({ history, targets }) => ({ history, targets: targets.slice(1, 3) }))
    const main = async (windows: readonly Window[]): Promise<number> =>
      (await step.run(windows)).parts['main'] as number
    const changed = (from: number): Window[] =>
      early.map(({ history, targets }) => ({
        targets,
        history: {
          ...history,
          item: history.item.map((item, at) => (at >= from ? 1 + (item % 9) : item)),
          behavior: history.behavior.map((behavior, at) => (at >= from ? 1 - behavior : behavior)),
        },
      }))
    const expected = await main(early)
    expect(await main(changed(3))).toBe(expected)
    expect(Math.abs((await main(changed(2))) - expected)).toBeGreaterThan(1e-4)
  })

  it('takes a score apart into behaviors and modalities exactly, and tells how far each click was moved', async () => {
    const dataset = shop()
    const built = build({}, dataset)
    let table = { table: new Float32Array(0), width: 0 } as ItemScores
    const model: Model = {
      ...built,
      explain(history, items, reasons, scores) {
        table = scores
        return built.explain?.(history, items, reasons, scores) ?? []
      },
    }
    const state = begun(model)
    const parameters = new Map([...state.buffers].map(([name, { values }]) => [name, values]))
    await using scorer = await nextItemScorer({
      slug: 'm3bsr',
      model,
      dataset,
      parameters,
      runtime,
    })
    const history = historyOf(dataset, 2)
    const scores = Float64Array.from(await scorer.score([history]))
    const explained = (await scorer.explain?.(history, [4, 7])) ?? []
    for (const { behaviors = {}, modalities = {} } of explained) {
      expect([Object.keys(behaviors), Object.keys(modalities)]).toEqual([
        ['click', 'favorite'],
        ['id', 'image', 'text'],
      ])
      for (const shares of [behaviors, modalities])
        expect(Object.values(shares).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 6)
    }
    const { parts, gates, moved } = (await scorer.reasons(history)) as Record<'parts' | 'gates' | 'moved', Float32Array>
    const contribution = (item: number): number =>
      parts.reduce(
        (sum, value, at) => sum + value * (table.table[item * table.width + (at % table.width)] as number),
        0,
      )
    // The user vector's bias is still zero.
    for (const item of [1, 4, 7]) expect(contribution(item)).toBeCloseTo(scores[item] as number, 4)
    expect([...gates].every((gate) => gate > 0 && gate < 1) && gates.length === 6).toBe(true)
    const first = history.behavior.indexOf(1)
    const places = [...history.behavior.keys()]
    expect(places.filter((at) => (moved[at] as number) > 0)).toEqual(
      places.filter((at) => history.behavior[at] === 0 && at > first),
    )
  })
})
