/** @file A next-item model's loss and gradients against PyTorch's. */
import { expect } from 'vitest'
import type { BatchShape, NextItemModel } from '../../../src/models/contract/model.ts'
import { noNoise } from '../../../src/nn/noise.ts'
import { buildGraph } from '../../../src/onnx/graph.ts'
import { sizeOf, type Tensor } from '../../../src/tensor/node.ts'
import { evaluateGradients, type Feeds } from '../evaluate-tensor.ts'

/** An array as tools/fixture.py writes it. */
export interface Numbers {
  readonly shape: readonly number[]
  readonly values: readonly number[]
}

/** One batch: inputs by the names of the training graph, parameters and gradients by the model's own. `sourcesInverse` follows from `sources`. */
export interface ModelFixture {
  readonly inputs: Readonly<Record<string, Numbers>>
  readonly parameters: Readonly<Record<string, Numbers>>
  readonly loss: number
  readonly gradients: Readonly<Record<string, Numbers>>
}

/** Expects the loss, the names of all parameters and every gradient to be the fixture's. */
export async function expectParity(
  model: NextItemModel,
  shape: BatchShape,
  fixture: ModelFixture,
  tolerance = 1e-5,
): Promise<void> {
  const { loss, inputs: filled } = model.train(shape, noNoise)
  const { parameters, inputs } = buildGraph({ loss })
  expect(parameters.map(({ origin }) => origin.name).sort()).toEqual(Object.keys(fixture.gradients).sort())
  const given: Readonly<Record<string, Numbers | undefined>> = {
    ...fixture.parameters,
    ...fixture.inputs,
    sourcesInverse: inverseOf(fixture, filled),
  }
  const feeds: Record<string, Feeds[string]> = {}
  for (const [name, { shape: sizes, dtype }] of [...inputs, ...Object.entries(filled)]) {
    expect(given[name]?.shape, `shape of ${name}`).toEqual(sizes)
    const { values } = given[name] as Numbers
    feeds[name] = dtype === 'int64' ? BigInt64Array.from(values, BigInt) : Float32Array.from(values)
  }
  const actual = await evaluateGradients(loss, parameters, feeds)
  expect(Math.abs(actual.loss - fixture.loss)).toBeLessThan(tolerance)
  const far = Object.entries(fixture.gradients).filter(([name, { values }]) => {
    const found = actual.gradients[name] as number[]
    return (
      found.length !== values.length ||
      values.some((value, at) => !(Math.abs((found[at] as number) - value) < tolerance))
    )
  })
  expect(far.map(([name]) => name)).toEqual([])
}

/** The target of each position, M where none. */
function inverseOf({ inputs }: ModelFixture, filled: Readonly<Record<string, Tensor>>): Numbers | undefined {
  const { values } = inputs['sources'] as Numbers
  const shape = filled['sourcesInverse']?.shape
  return (
    shape && {
      shape,
      values: Array.from({ length: sizeOf(shape) }, (_, row) =>
        values.includes(row) ? values.indexOf(row) : values.length,
      ),
    }
  )
}
