import { describe, expect, it } from 'vitest'
import { layerNorm } from '../../nn/linear.ts'
import { attentionProjections } from '../../nn/transformer-block.ts'
import { buildGraph } from '../../onnx/graph.ts'
import { randomStream } from '../../random/stream.ts'
import { mul } from '../../tensor/elementwise.ts'
import { constant, input, parameter, sizeOf, type Tensor } from '../../tensor/node.ts'
import { sum } from '../../tensor/reduce.ts'
import { evaluateGradients, evaluateTensor, type Feeds } from '../../testing/evaluate-tensor.ts'
import { interestCenters } from './interest-centers.ts'
import { readPlaces } from './streams.ts'

const [length, width, count, heads] = [8, 64, 50, 2]

/** The chosen interest of `rows` windows whose numbers are those of windows `from` on. */
function chosenOf(rows: number, from: number) {
  const random = (name: string, at: number): number => Math.sin(at * 1.7 + name.length) * Math.cos(at * 0.013)
  const own = (name: string, shape: readonly number[]): Tensor => parameter(name, [rows, ...shape], () => {})
  const layers = [0, 1].map((layer) => attentionProjections(`block${layer}`, width))
  const config = { width, heads, temperature: 1, centerLayers: 'residual' as const }
  const choose = interestCenters('centers', config, { projections: layers, norm: layerNorm('norm', width) })
  const seen = Array.from({ length: rows * length }, (_, at) => 1 + (at % length))
  const { chosen } = choose({
    start: parameter('start', [count, width], () => {}),
    memories: [own('memory0', [length, width]), own('memory1', [length, width])],
    hidden: readPlaces(constant(BigInt64Array.from(seen, BigInt), [rows, length]), length).hidden_BQL,
    state: own('state', [length, width]),
    gumbel: input('gumbel', [rows, length, count]),
  })
  const { parameters, inputs } = buildGraph({ chosen })
  const feeds: Feeds = Object.fromEntries(
    [...inputs].map(([name, { shape }]) => {
      const begin = /^(memory|state|gumbel)/.test(name) ? from * sizeOf(shape.slice(1)) : 0
      return [name, Float32Array.from({ length: sizeOf(shape) }, (_, at) => random(name, begin + at))]
    }),
  )
  return { chosen, parameters, feeds }
}

describe('interest centers', () => {
  it('are the same, gradients too, in a batch large enough to be cut in slices', async () => {
    const [all, few] = [chosenOf(100, 0), chosenOf(10, 85)]
    const values = await evaluateTensor(all.chosen, all.feeds)
    const expected = await evaluateTensor(few.chosen, few.feeds)
    const size = length * width
    for (const [at, value] of expected.entries())
      expect(Math.abs((values[85 * size + at] as number) - value)).toBeLessThan(1e-5)
    // Weighted by what differs from element to element, and nothing for the other windows.
    const weights = Float32Array.from({ length: 100 * size }, (_, at) =>
      at >= 85 * size && at < 95 * size ? randomStream(at).normal() : 0,
    )
    const weighted = ({ chosen }: typeof all, from: number, rows: number): Tensor =>
      sum(mul(chosen, constant(weights.slice(from * size, (from + rows) * size), chosen.shape)))
    const whole = await evaluateGradients(weighted(all, 0, 100), all.parameters, all.feeds)
    const part = await evaluateGradients(weighted(few, 85, 10), few.parameters, few.feeds)
    for (const [name, gradient] of Object.entries(part.gradients)) {
      const begin = (whole.gradients[name] as number[]).length > gradient.length ? 85 * (gradient.length / 10) : 0
      const scale = gradient.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-3)
      const away = gradient.filter(
        (value, at) => !(Math.abs((whole.gradients[name]?.[begin + at] as number) - value) < 1e-4 * scale),
      )
      expect([name, away]).toEqual([name, []])
    }
  })
})
