import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { expectParity, type ModelFixture, type Numbers } from '../../../test/conformance/model/parity.ts'
import { noNoise } from '../../nn/noise.ts'
import { input, integers, parameter, type Tensor } from '../../tensor/node.ts'
import { bareCatalog } from '../../testing/bare-catalog.ts'
import { evaluateTensor } from '../../testing/evaluate-tensor.ts'
import { causalBias, lastBias } from '../parts/attention-bias.ts'
import { sequenceEncoder } from '../parts/sequence-encoder.ts'
import { sasrec } from './sasrec.ts'

/** See tools/sasrec_fixture.py for what its arrays are. */
interface Fixture extends ModelFixture {
  readonly config: Readonly<Record<'batch' | 'length' | 'hidden' | 'heads' | 'layers' | 'items', number>>
  readonly hidden: Numbers
}
const fixture = JSON.parse(readFileSync('test/fixtures/sasrec.json', 'utf8')) as Fixture
const { batch, length, hidden, heads, layers, items } = fixture.config
const sizes = { hiddenSize: hidden, maxLength: length, layers, heads, dropout: 0 }

/** PyTorch's name of a parameter as ours. */
function nameOf(name: string): string {
  const parts: Readonly<Record<string, string>> = {
    'items.weight': 'item',
    positions: 'position',
    q: 'attention.query',
    k: 'attention.key',
    v: 'attention.value',
    o: 'attention.output',
    f1: 'feedForward.inner',
    f2: 'feedForward.outer',
  }
  const [, block, part, kind] = /^blocks\.(\d)\.(\w+)\.(\w+)$/.exec(name) ?? []
  const scaleOrShift = kind === 'bias' || name === 'norm.bias' ? 'shift' : 'scale'
  if (name.startsWith('norm.')) return `norm.${scaleOrShift}`
  if (!part) return parts[name] as string
  return `block${block}.${part.startsWith('n') ? `norm${part.at(1)}.${scaleOrShift}` : `${parts[part]}.${kind}`}`
}

/** Linear layers have their matrix the other way round. */
const renamed = (arrays: Readonly<Record<string, Numbers>>): Readonly<Record<string, Numbers>> =>
  Object.fromEntries(
    Object.entries(arrays).map(([name, array]) => [
      nameOf(name),
      /\.\w+\.(q|k|v|o|f1|f2)\.weight$/.test(`.${name}`) ? turned(array) : array,
    ]),
  )
function turned({ shape, values }: Numbers): Numbers {
  const [rows, columns] = shape as [number, number]
  return {
    shape: [columns, rows],
    values: values.map((_, at) => values[(at % rows) * columns + Math.floor(at / rows)] as number),
  }
}

it('SASRec’s loss and gradients equal PyTorch’s', async () => {
  const { history, targets, weights } = fixture.inputs as Readonly<Record<'history' | 'targets' | 'weights', Numbers>>
  const places = weights.values.flatMap((weight, at) => (weight > 0 ? [at] : []))
  const count = places.length
  const each = (values: readonly number[]): Numbers => ({ shape: [count], values })
  const inputs = {
    history,
    sources: each(places),
    targets: each(places.map((at) => targets.values[at] as number)),
    weights: each(places.map(() => 1 / count)),
  }
  const catalog = bareCatalog({ itemCount: items - 1 })
  const { loss, parameters, gradients } = fixture
  await expectParity(
    sasrec.build(sasrec.config.parse(sizes), catalog),
    { rows: batch, length, targets: count },
    {
      inputs,
      loss,
      parameters: renamed(parameters),
      gradients: renamed(gradients),
    },
  )
})

const lasts = [5, 3, 2]
it('SASRec’s hidden states equal PyTorch’s, whole and one by one', async () => {
  const values = Object.fromEntries(
    Object.entries(renamed(fixture.parameters)).map(([name, array]) => [name, Float32Array.from(array.values)]),
  )
  const feeds = { ...values, history: BigInt64Array.from((fixture.inputs['history'] as Numbers).values, BigInt) }
  const table = parameter('item', [items, hidden], () => {})
  const encoder = sequenceEncoder(sizes)
  const embedded = table.rows(input('history', [batch, length], 'int64'))
  const bias = causalBias(length)
  const found = await evaluateTensor(encoder.whole(embedded, bias, noNoise), feeds)
  expect(fixture.hidden.values.filter((value, at) => !(Math.abs((found[at] as number) - value) < 1e-5))).toEqual([])

  const last = integers(lasts)
  const places = integers(lasts.map((at, row) => row * length + at))
  const pick = (x: Tensor): Tensor => x.reshape([-1, hidden]).rows(places)
  const singles = await evaluateTensor(
    encoder.single(embedded, { bias, queryBias: lastBias(last, length), pick, noise: noNoise }),
    feeds,
  )
  const expected = lasts.flatMap((at, row) =>
    fixture.hidden.values.slice((row * length + at) * hidden, (row * length + at + 1) * hidden),
  )
  expect(expected.filter((value, at) => !(Math.abs((singles[at] as number) - value) < 1e-5))).toEqual([])
})
