/** @file SASRec beside PyTorch's: loss and every gradient of the fixture that tools/sasrec_fixture.py made. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { evaluateGradients } from '../../../test/conformance/evaluate-tensor.ts'
import { expectClose } from '../../../test/conformance/op/check-operator.ts'
import { trainingNoise } from '../../nn/noise.ts'
import { buildGraph } from '../../onnx/graph.ts'
import { sasrec } from './sasrec.ts'

interface Stored {
  readonly shape: readonly number[]
  readonly values: readonly number[]
}
interface Fixture {
  readonly config: {
    readonly batch: number
    readonly length: number
    readonly hidden: number
    readonly heads: number
    readonly layers: number
    readonly items: number
  }
  readonly inputs: { readonly history: Stored; readonly targets: Stored; readonly weights: Stored }
  readonly parameters: Readonly<Record<string, Stored>>
  readonly gradients: Readonly<Record<string, Stored>>
  readonly loss: number
}
const fixture = JSON.parse(readFileSync(new URL('../../../test/fixtures/sasrec.json', import.meta.url), 'utf8')) as Fixture

const projections = { q: 'query', k: 'key', v: 'value', o: 'output' } as const
/** Our name of one of torch's parameters. */
function named(theirs: string): string {
  if (theirs === 'items.weight') return 'item'
  if (theirs === 'positions') return 'position'
  const [layer, part, kind] = theirs.startsWith('blocks.') ? theirs.slice('blocks.'.length).split('.') : ['', ...theirs.split('.')]
  const within = layer === '' ? '' : `block${layer}.`
  if (part === 'f1' || part === 'f2') return `${within}feedForward.${part === 'f1' ? 'inner' : 'outer'}.${kind}`
  if (part === 'n1' || part === 'n2') return `${within}norm${part.slice(1)}.${kind === 'weight' ? 'scale' : 'shift'}`
  if (part === 'norm') return `norm.${kind === 'weight' ? 'scale' : 'shift'}`
  return `${within}attention.${projections[part as 'q']}.${kind}`
}
/** Values as we store them: torch's linear layers hold [out, in], ours [in, out]. */
function ours([name, { shape, values }]: [string, Stored]): [string, Float32Array] {
  const [rows = 1, columns = 1] = shape
  const turned = /\.(q|k|v|o|f1|f2)\.weight$/.test(name)
  const at = (index: number): number => values[turned ? (index % rows) * columns + Math.floor(index / rows) : index] as number
  return [named(name), Float32Array.from(values, (_, index) => at(index))]
}

it('has the loss and the gradients of PyTorch’s', async () => {
  const { batch, length, hidden, heads, layers, items } = fixture.config
  const whole = { hiddenSize: hidden, maxLength: length, stride: length, layers, heads, dropout: 0, auxiliaryTargets: 1 }
  const catalog = { itemCount: items - 1, userCount: 3, behaviors: ['click'], target: 0, fields: {}, features: {} }
  const model = sasrec.build(sasrec.config.parse(whole), catalog)
  const weights = fixture.inputs.weights.values
  const sources = weights.flatMap((weight, position) => (weight > 0 ? [position] : []))
  const { loss } = model.train({ rows: batch, length, targets: sources.length }, trainingNoise())
  const integers = (values: readonly number[]): BigInt64Array => BigInt64Array.from(values, BigInt)
  const found = await evaluateGradients(loss, buildGraph({ loss }).parameters, {
    history: integers(fixture.inputs.history.values),
    sources: integers(sources),
    sourcesInverse: integers(weights.map((_, position) => (sources.includes(position) ? sources.indexOf(position) : sources.length))),
    targets: integers(sources.map((position) => fixture.inputs.targets.values[position] as number)),
    weights: new Float32Array(sources.length).fill(1 / sources.length),
    ...Object.fromEntries(Object.entries(fixture.parameters).map(ours)),
  })
  expectClose([found.loss], [fixture.loss], 'loss', 1e-5)
  const expected = Object.fromEntries(Object.entries(fixture.gradients).map(ours))
  expect(Object.keys(found.gradients).sort()).toEqual(Object.keys(expected).sort())
  for (const [name, values] of Object.entries(expected)) expectClose(found.gradients[name] as number[], [...values], name, 1e-5)
})
