import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import type { Window } from '../../batches/windows.ts'
import { noNoise } from '../../nn/noise.ts'
import { buildGraph } from '../../onnx/graph.ts'
import { add, addAll, mul } from '../../tensor/elementwise.ts'
import { input, sizeOf, type Tensor } from '../../tensor/node.ts'
import { sum } from '../../tensor/reduce.ts'
import { bareCatalog } from '../../testing/bare-catalog.ts'
import { evaluateGradients, evaluateTensors, type Feeds } from '../../testing/evaluate-tensor.ts'
import { catalogInput } from '../contract/catalog.ts'
import type { DotScore } from '../contract/model.ts'
import { readUser } from '../contract/read-user.ts'
import { servingPass } from '../contract/serving-pass.ts'
import { m3bsr } from './m3bsr.ts'

interface Numbers {
  readonly shape: readonly number[]
  readonly values: readonly number[]
}
/** See tools/m3bsr_joint_fixture.py for what its arrays are. */
interface Fixture {
  readonly config: Readonly<Record<string, number>>
  readonly inputs: Readonly<Record<string, Numbers>>
  readonly targets: readonly { readonly window: number; readonly prefix: number; readonly weight: number }[]
  readonly parameters: Readonly<Record<string, Numbers>>
  readonly outputs: Readonly<Record<'user' | 'table', Numbers>>
  readonly losses: Readonly<Record<'contrast' | 'modality' | 'behavior', number>>
  readonly loss: number
  readonly gradients: Readonly<Record<string, Numbers>>
}
const fixture = JSON.parse(readFileSync('test/fixtures/m3bsr-joint.json', 'utf8')) as Fixture
const given = (name: string): Numbers => fixture.inputs[name] as Numbers
const floats = ({ values }: Numbers): Float32Array => Float32Array.from(values)
const [rows = 0, length = 0] = given('history').shape
const itemCount = (given('brand').shape[0] ?? 0) - 1
const denoisers = ['image', 'text', 'target.id', 'target.image', 'target.text'].map((name) => `noise.denoise.${name}`)

/** The windows of the fixture, as the host would cut them. */
const windows = Array.from({ length: rows }, (_, row): Window => {
  const events = (name: string) =>
    given(name)
      .values.slice(row * length, (row + 1) * length)
      .filter((_value, at) => given('history').values[row * length + at] !== 0)
  return {
    history: {
      user: 1,
      item: Int32Array.from(events('history')),
      behavior: Uint8Array.from(events('behavior'), (behavior) => behavior - 1),
      time: Float64Array.from(events('moment')),
    },
    targets: fixture.targets
      .filter(({ window }) => window === row)
      .map(({ prefix, weight }) => ({ item: 1, behavior: 1, prefix, weight })),
  }
})

it('M³BSR’s joint reading equals PyTorch’s, its losses and all its gradients', async () => {
  const features = { image: given('image').shape[1] ?? 0, text: given('text').shape[1] ?? 0 }
  const sizes = { itemCount, features, behaviors: ['click', 'favorite'], target: 1, fields: { brand: 3 } }
  const { batches, score } = m3bsr.build(
    m3bsr.config.parse({ ...fixture.config, denoisers: 'inline', dropout: 0 }),
    bareCatalog(sizes),
  )
  const targets = fixture.targets.length
  const shape = { rows, length, targets, targetsPerRow: 3 }
  const { inputs, batch } = batches.declare(shape)
  const buffers = Object.fromEntries(
    Object.entries(inputs).map(([name, tensor]) => {
      const size = sizeOf(tensor.shape)
      return [name, tensor.dtype === 'int64' ? new BigInt64Array(size) : new Float32Array(size)]
    }),
  )
  batches.fill(windows as never, shape, buffers)
  const waiting = [...denoisers]
  const noise = { ...noNoise, training: true, normal: (of: readonly number[]) => input(waiting.shift() ?? '', of) }
  const dot = score as DotScore
  const { user, losses } = readUser(dot, batch, { ...servingPass, training: true, noise })
  const parts = losses?.(batch) ?? {}
  const upstream = (name: 'user' | 'table', x: Tensor): Tensor => sum(mul(x, input(`upstream.${name}`, x.shape)))
  const terms = Object.values(parts).map(({ weight, value }) => mul(value, weight))
  const loss = add(add(upstream('user', user), upstream('table', dot.table)), addAll(terms))

  const named = (names: readonly string[]): Feeds =>
    Object.fromEntries(names.map((name) => [name, floats(given(name))]))
  const feeds: Feeds = {
    ...buffers,
    ...named([...denoisers, 'upstream.user', 'upstream.table']),
    ...Object.fromEntries(Object.entries(fixture.parameters).map(([name, numbers]) => [name, floats(numbers)])),
    [catalogInput.field('brand')]: BigInt64Array.from(given('brand').values, BigInt),
    ...Object.fromEntries(
      (['image', 'text'] as const).flatMap((modality) => [
        [catalogInput.vectors(modality), floats(given(modality))],
        [catalogInput.present(modality), floats(given(`has.${modality}`))],
      ]),
    ),
  }
  const { parameters } = buildGraph({ loss })
  expect(parameters.map(({ origin }) => origin.name).sort()).toEqual(Object.keys(fixture.parameters).sort())

  const values = Object.entries(parts).map(([name, { value }]) => [name, value] as const)
  const found = await evaluateTensors({ user, table: dot.table, ...Object.fromEntries(values) }, feeds)
  for (const [name, expected] of Object.entries(fixture.losses))
    expect(Math.abs(Number(found[name as 'user']?.[0]) - expected)).toBeLessThan(1e-5)
  const { loss: whole, gradients } = await evaluateGradients(loss, parameters, feeds)
  expect(Math.abs(whole - fixture.loss)).toBeLessThan(1e-4)
  const actual: Readonly<Record<string, ArrayLike<number | bigint> | undefined>> = { ...gradients, ...found }
  const far = Object.entries({ ...fixture.gradients, ...fixture.outputs }).filter(
    ([name, { values: expected }]) =>
      actual[name]?.length !== expected.length ||
      expected.some(
        (value, at) => !(Math.abs(Number(actual[name]?.[at]) - value) < 1e-4 * Math.max(1, Math.abs(value))),
      ),
  )
  expect(far.map(([name]) => name)).toEqual([])
})
