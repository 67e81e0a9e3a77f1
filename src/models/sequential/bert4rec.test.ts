import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { expectParity, lossOf, type ModelFixture } from '../../../test/conformance/model/parity.ts'
import type { Drawn, InputBuffers, TrainingData } from '../../batches/kind.ts'
import type { Window } from '../../batches/windows.ts'
import { randomStream } from '../../random/stream.ts'
import { sizeOf } from '../../tensor/node.ts'
import { bareCatalog } from '../../testing/bare-catalog.ts'
import { evaluateTensors } from '../../testing/evaluate-tensor.ts'
import { blindToAll, conformance } from '../../testing/ranking/index.ts'
import { bert4rec } from './bert4rec.ts'

const small = { hiddenSize: 16, maxLength: 9, heads: 2, layers: 2, dropout: 0 }
conformance({
  definition: bert4rec,
  options: { ...small, stride: 1 },
  epochs: 50,
  learningRate: 2e-3,
  steps: 16,
  skips: { ...blindToAll, causal: 'a mask sees what comes after it' },
})

/** See tools/baselines_fixture.py for what its arrays are. */
interface Fixture extends ModelFixture {
  readonly config: Readonly<Record<'batch' | 'length' | 'positions' | 'hidden' | 'heads' | 'layers' | 'items', number>>
}
const { bert4rec: fixture } = JSON.parse(readFileSync('test/fixtures/baselines.json', 'utf8')) as {
  readonly bert4rec: Fixture
}
const { batch, length, positions, hidden, heads, layers, items } = fixture.config
const options = {
  hiddenSize: hidden,
  maxLength: positions,
  heads,
  layers,
  dropout: 0,
  maskShare: 2 / length,
  lastShare: 0,
}
const catalog = bareCatalog({ itemCount: items - 1 })
const model = bert4rec.build(bert4rec.config.parse(options), catalog)
/** A place of its own for the item after a window's history. */
const shape = { rows: batch, length: length - 1, targets: 20 }
const fill = (windows: readonly Window[], buffers: InputBuffers, drawn?: Drawn): void =>
  model.batches.fill(windows as never, shape, buffers, drawn)

it('BERT4Rec’s loss and gradients equal PyTorch’s', async () => {
  await expectParity(model, shape, fixture, { prefix: 'cloze.' })
})

it('BERT4Rec sees what comes after a mask, and no padding', async () => {
  const { loss } = lossOf(model, shape)
  const given = { ...fixture.parameters, ...fixture.inputs }
  const floats = Object.fromEntries(
    Object.entries(given).map(([name, { values }]) => [name, Float32Array.from(values)]),
  )
  const whole = (name: string): BigInt64Array => BigInt64Array.from(given[name]?.values ?? [], BigInt)
  // Only the first target counts: a mask at place 1 of the first history.
  const weights = Float32Array.from(given['weights']?.values ?? [], (_, at) => (at === 0 ? 1 : 0))
  const lossAt = async (history: BigInt64Array): Promise<number> => {
    const batch = { history, weights, sources: whole('sources'), targets: whole('targets') }
    const named = Object.entries(batch).map(([name, values]) => [`batch.cloze.${name}`, values])
    const feeds = { ...floats, ...Object.fromEntries(named) }
    return Number((await evaluateTensors({ loss }, feeds)).loss[0])
  }
  const before = await lossAt(whole('history'))
  expect(Math.abs((await lossAt(whole('history').with(4, 7n))) - before)).toBeGreaterThan(1e-3)
  const shorter = whole('history').with(0, 0n)
  const without = await lossAt(shorter)
  expect(Math.abs(without - before)).toBeGreaterThan(1e-3)
  // The place of the padding has another position: nobody sees it.
  floats['position']?.fill(9, (positions - length) * hidden, (positions - length + 1) * hidden)
  expect(await lossAt(shorter)).toBeCloseTo(without, 6)
  expect(Math.abs((await lossAt(whole('history'))) - before)).toBeGreaterThan(1e-3)
})

it('BERT4Rec’s inputs hold nothing of what is to be predicted', () => {
  const windowOf = (...item: number[]): Window => {
    const history = item.slice(0, -1)
    const targets = history.map((_, at) => ({ item: item[at + 1] as number, behavior: 0, prefix: at + 1, weight: 1 }))
    const columns = {
      item: Int32Array.from(history),
      behavior: new Uint8Array(history.length),
      time: Float64Array.from(history.keys()),
    }
    return { history: { user: 1, ...columns }, targets }
  }
  const filled = (window: Window) => {
    const tensors = Object.entries(lossOf(model, shape).inputs).filter(([name]) => name.startsWith('batch.cloze.'))
    const buffers = Object.fromEntries(
      tensors.map(([name, tensor]) => [
        name,
        tensor.dtype === 'int64' ? new BigInt64Array(sizeOf(tensor.shape)) : new Float32Array(sizeOf(tensor.shape)),
      ]),
    )
    fill([window], buffers, { random: randomStream(3), data: {} as TrainingData })
    const read = Object.entries(buffers).map(([name, buffer]) => [name.replace('batch.cloze.', ''), buffer])
    return Object.fromEntries(read) as Readonly<Record<'history' | 'sources' | 'targets' | 'weights', BigInt64Array>>
  }
  const first = filled(windowOf(1, 2, 3, 4, 5))
  const predicted = [...first.targets.keys()].filter((at) => Number(first.weights[at]) > 0)
  expect(predicted.length).toBe(2)
  for (const at of predicted) {
    const item = Number(first.targets[at])
    const other = filled(windowOf(...[1, 2, 3, 4, 5].map((one) => (one === item ? 9 : one))))
    expect(other.history).toEqual(first.history)
    expect(other.targets[at]).toBe(9n)
    expect(first.history[Number(first.sources[at])]).toBe(BigInt(items))
  }
  expect(() => fill([windowOf(1, 2)], {})).toThrow(/in training alone/)
})
