import { expect, it } from 'vitest'
import { evaluateTensors } from '../../../test/conformance/evaluate-tensor.ts'
import { initialParameters } from '../../learn/parameters.ts'
import { buildGraph } from '../../onnx/graph.ts'
import { randomStream } from '../../random/stream.ts'
import { input } from '../../tensor/node.ts'
import { routing } from './routing.ts'

it('begins with a user near the mean of the slots', async () => {
  const [rows, width, slots] = [5, 32, 6]
  const names = Array.from({ length: slots }, (_, slot) => `slot${slot}`)
  const { user } = routing({ width, slots, shared: false, average: false, head: 'tied' })(
    names.map((name) => input(name, [rows, width])),
    undefined,
  )
  const stream = randomStream(3)
  const feeds = Object.fromEntries(
    names.map((name) => [name, Float32Array.from({ length: rows * width }, () => stream.normal())]),
  )
  const begun = initialParameters(buildGraph({ user }).parameters, 1)
  const values = Object.fromEntries([...begun.buffers].map(([name, buffer]) => [name, buffer.values]))
  const actual = (await evaluateTensors({ user }, { ...feeds, ...values }))['user'] as Float32Array
  const mean = Array.from({ length: rows * width }, (_, at) =>
    names.reduce((sum, name) => sum + ((feeds[name] as Float32Array)[at] as number) / slots, 0),
  )
  const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
    Array.from(a).reduce((sum, value, at) => sum + value * (b[at] as number), 0)
  expect(dot(actual, mean) / Math.sqrt(dot(actual, actual) * dot(mean, mean))).toBeGreaterThan(0.9)
})
