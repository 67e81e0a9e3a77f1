import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { expectParity, type ModelFixture, type Numbers } from '../../../../test/conformance/model/parity.ts'
import { bareCatalog } from '../../../testing/bare-catalog.ts'
import { evaluateTensor } from '../../../testing/evaluate-tensor.ts'
import type { BuiltModel, DotScore, Stage } from '../../contract/model.ts'
import { readUser } from '../../contract/read-user.ts'
import { servingPass } from '../../contract/serving-pass.ts'
import { cmclrec } from './cmclrec.ts'

type Profile = 'fields' | 'content'
type Served = Pick<ModelFixture, 'inputs' | 'parameters'> & {
  readonly users: Numbers
  readonly simulated: readonly (readonly number[])[]
}
/** See tools/cmclrec_fixture.py for what its arrays are. */
const fixture = JSON.parse(readFileSync('test/fixtures/cmclrec.json', 'utf8')) as {
  readonly config: Readonly<
    Record<'length' | 'positions' | 'hidden' | 'heads' | 'items' | 'users' | 'width', number>
  > & {
    readonly fields: Readonly<Record<string, number>>
    readonly options: object
  }
  readonly backbone: ModelFixture
  readonly mapping: Readonly<Record<Profile, ModelFixture>>
  readonly adapt: Readonly<Record<Profile, ModelFixture>>
  readonly served: Readonly<Record<Profile | 'neighbors', Served>>
}
const { length, positions, hidden, heads, items, users, width, fields, options } = fixture.config
const windows = { rows: 4, length, targets: 8, targetsPerRow: 2 }

function build(given: object): BuiltModel {
  const sizes = { hiddenSize: hidden, maxLength: positions, heads, layers: 1, dropout: 0 }
  const catalog = { itemCount: items - 1, userCount: users - 1, userFields: fields, userNumbers: 1 }
  const features = { image: width, text: width }
  return cmclrec.build(cmclrec.config.parse({ ...sizes, ...options, ...given }), bareCatalog({ ...catalog, features }))
}
/** The model with one of its stages alone. */
function only(name: string, given: object): BuiltModel {
  const model = build(given)
  return { ...model, stages: [model.stages?.find((stage) => stage.name === name) as Stage] }
}

describe('CMCLRec in PyTorch', () => {
  it('has the same loss and gradients of its backbone', async () => {
    await expectParity(only('backbone', {}), windows, fixture.backbone)
  })

  it.each(['fields', 'content'] as const)('has the same loss and gradients of its mapping: %s', async (profile) => {
    await expectParity(only('mapping', { profile }), { rows: 6, length: 2, targets: 6 }, fixture.mapping[profile])
  })

  it.each(['fields', 'content'] as const)('has the same loss and gradients when it adapts: %s', async (profile) => {
    await expectParity(only('adapt', { profile, adapt: true }), windows, fixture.adapt[profile])
  })

  it.each([
    ['fields', {}],
    ['content', { profile: 'content' }],
    ['neighbors', { generate: 'neighbors' }],
  ] as const)('has the same users when it serves: %s', async (name, given) => {
    const { parameters, inputs, users: expected, simulated } = fixture.served[name]
    const wholes = new Set(['user.fields', 'userIndex', 'history', 'last'])
    const model = build(given)
    const { batch } = model.batches.declare({ rows: 5, length, targets: 0 })
    const { user } = readUser(model.score as DotScore, batch, servingPass)
    const feeds = Object.fromEntries(
      Object.entries({ ...parameters, ...inputs }).flatMap(([key, { values }]) => {
        const buffer = wholes.has(key) ? BigInt64Array.from(values, BigInt) : Float32Array.from(values)
        return [
          [key, buffer],
          [`batch.${key}`, buffer],
        ]
      }),
    )
    const found = await evaluateTensor(user, feeds)
    expect(expected.values.filter((value, at) => !(Math.abs((found[at] as number) - value) < 1e-4))).toEqual([])
    // Somebody unknown, somebody who did nothing, some with few events, one with many.
    expect(simulated.map((before) => before.length)).toEqual(name === 'content' ? [4, 0, 4, 0, 3] : [4, 4, 4, 0, 3])
  })
})
