import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { totalLoss } from '../../learn/objectives.ts'
import { noNoise } from '../../nn/noise.ts'
import { buildGraph } from '../../onnx/graph.ts'
import { input, type Tensor } from '../../tensor/node.ts'
import { type SparseMatrix, sparseLayout } from '../../tensor/sparse-product.ts'
import { bareCatalog } from '../../testing/bare-catalog.ts'
import { evaluateGradients, evaluateTensors, type Feeds } from '../../testing/evaluate-tensor.ts'
import type { DotScore } from '../contract/model.ts'
import { readUser } from '../contract/read-user.ts'
import { servingPass } from '../contract/serving-pass.ts'
import { sgp4srConfig } from './config.ts'
import { sgp4sr } from './sgp4sr.ts'

interface Numbers {
  readonly shape: readonly number[]
  readonly values: readonly number[]
}
/** See tools/sgp4sr_fixture.py for what its arrays are. */
interface Fixture {
  readonly config: Readonly<
    Record<
      | 'batch'
      | 'length'
      | 'hidden'
      | 'heads'
      | 'layers'
      | 'items'
      | 'centers'
      | 'alpha'
      | 'alphaText'
      | 'rho'
      | 'temperature',
      number
    >
  >
  readonly inputs: Readonly<Record<string, Numbers>>
  readonly parameters: Readonly<Record<string, Numbers>>
  readonly readings: Readonly<Record<'printed' | 'residual', Reading>>
}
interface Reading {
  readonly losses: Readonly<Record<string, number>>
  readonly gradients: Readonly<Record<string, Numbers>>
}
const fixture = JSON.parse(readFileSync('test/fixtures/sgp4sr.json', 'utf8')) as Fixture
const { batch, length, hidden, heads, layers, items, centers, alpha, alphaText, rho, temperature } = fixture.config
const given = (name: string): Numbers => fixture.inputs[name] as Numbers
const floats = ({ values }: Numbers): Float32Array => Float32Array.from(values)

function sparse({
  shape: [rows, columns],
  values,
}: {
  shape: readonly number[]
  values: readonly number[]
}): SparseMatrix {
  const entries = values.flatMap((value, at) =>
    value === 0 ? [] : [[Math.floor(at / (columns as number)), at % (columns as number), value] as const],
  )
  const start = Int32Array.from(
    { length: (rows as number) + 1 },
    (_, row) => entries.filter(([other]) => other < row).length,
  )
  const column = Int32Array.from(entries, ([, at]) => at)
  return {
    rows: rows as number,
    columns: columns as number,
    start,
    column,
    value: Float32Array.from(entries, ([, , value]) => value),
  }
}

it.each(['printed', 'residual'] as const)('SGP4SR’s losses and gradients equal PyTorch’s, %s', async (centerLayers) => {
  const reading = fixture.readings[centerLayers]
  const inputScale = centerLayers === 'printed' ? 'none' : 'root'
  const offline = Object.assign(
    {},
    ...['id', 'image', 'text'].map((stream) => sparseLayout(`graph.${stream}`, sparse(given(`graph.${stream}`)))),
    ...['image', 'text'].map((modality) => ({
      [`centers.${modality}`]: { shape: [centers, items], data: floats(given(`centers.${modality}`)) },
    })),
  )
  const sizes = { hiddenSize: hidden, maxLength: length, layers, heads, centers }
  const config = sgp4srConfig.parse({ ...sizes, alpha, alphaText, rho, temperature, centerLayers, inputScale })
  const catalog = bareCatalog({ itemCount: items - 1, features: { image: 2, text: 2 } })
  const { batches, score, frozen } = sgp4sr.build(config, catalog, offline)
  const named = ['gumbel.image', 'gumbel.text']
  const noise = { ...noNoise, gumbel: (shape: readonly number[]) => input(named.shift() as string, shape) }
  // Every position is a place and a target; those at the padding weigh nothing.
  const shape = { rows: batch, length, targets: batch * length, targetsPerRow: length }
  const { inputs, batch: sequences } = batches.declare(shape)
  const { losses } = readUser(score as DotScore, sequences, { ...servingPass, training: true, noise })
  const { loss, parts } = totalLoss(losses?.(sequences) ?? {})
  const total = given('weights').values.reduce((sum, weight) => sum + weight, 0)
  const places = BigInt64Array.from({ length: batch * length }, (_, at) => BigInt(at))
  const feeds: Feeds = {
    ...frozen,
    ...Object.fromEntries(Object.entries(fixture.parameters).map(([name, numbers]) => [name, floats(numbers)])),
    'gumbel.image': floats(given('gumbel.image')),
    'gumbel.text': floats(given('gumbel.text')),
    'batch.history': BigInt64Array.from(given('history').values, BigInt),
    'batch.seen': places.map((at) => 1n + (at % BigInt(length))),
    'batch.places': places,
    'batch.placesInverse': places,
    'batch.targets': BigInt64Array.from(given('targets').values, BigInt),
    'batch.weights': Float32Array.from(given('weights').values, (weight) => weight / total),
  }
  const { parameters, inputs: read } = buildGraph({ loss })
  expect(Object.keys(inputs).filter((name) => read.has(name) && !(name in feeds))).toEqual([])
  expect(parameters.map(({ origin }) => origin.name).sort()).toEqual(Object.keys(reading.gradients).sort())
  const outputs: Readonly<Record<string, Tensor>> = { ...parts, total: loss }
  const values = await evaluateTensors(outputs, feeds)
  for (const [name, expected] of Object.entries(reading.losses))
    expect(Math.abs(Number(values[name]?.[0]) - expected)).toBeLessThan(1e-5)
  const { gradients } = await evaluateGradients(loss, parameters, feeds)
  const far = Object.entries(reading.gradients).flatMap(([name, numbers]) => {
    const actual = gradients[name] ?? []
    const away = numbers.values.filter(
      (value, at) => !(Math.abs((actual[at] as number) - value) < 1e-5 * Math.max(1, Math.abs(value))),
    )
    return actual.length === numbers.values.length && away.length === 0 ? [] : [name]
  })
  expect(far).toEqual([])
})
