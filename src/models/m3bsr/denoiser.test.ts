import { describe, expect, it } from 'vitest'
import { zeros } from '../../nn/init.ts'
import { type Noise, noNoise } from '../../nn/noise.ts'
import { buildGraph } from '../../onnx/graph.ts'
import { randomStream } from '../../random/stream.ts'
import { compile } from '../../runtime/node.ts'
import { gradients } from '../../tensor/gradient.ts'
import { input, parameter, type Tensor } from '../../tensor/node.ts'
import { type DenoiserConfig, denoiser, idleCost } from './denoiser.ts'

const [rows, length, width, steps] = [2, 5, 4, 6]
const base: DenoiserConfig = {
  width,
  steps,
  betaStart: 0.01,
  betaEnd: 0.2,
  reconstruction: 'posterior',
  timeEmbedding: true,
  stateTerm: false,
  denoisers: 'inline',
}
const stream = randomStream(4)
const drawn = (size: number): Float32Array => Float32Array.from({ length: size }, () => stream.normal())
const inputs = {
  clean: drawn(rows * length * width),
  condition: drawn(rows * length * width),
  added: drawn(rows * length * width),
  bias: Float32Array.from({ length: rows * length * length }, (_, at) =>
    at % length > Math.floor(at / length) % length ? -1e9 : 0,
  ),
  weights: Float32Array.from({ length: rows * length }, (_, at) => (at % 3) / 9),
}
const names = ['query', 'key', 'value', 'output', 'time', 'state'] as const
const parameters = Object.fromEntries(
  names.map((name) => [name, drawn(name === 'time' ? steps * width : width * width)]),
) as Record<(typeof names)[number], Float32Array>

async function ours(
  config: DenoiserConfig,
  noisy: boolean,
  given: Readonly<Record<string, Float32Array>> = { ...inputs, ...parameters },
): Promise<{ output: Float32Array; loss: number }> {
  const shapes = {
    clean: [rows, length, width],
    condition: [rows, length, width],
    bias: [rows, length, length],
    weights: [rows, length],
  }
  const made = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, input(name, shape)])) as Record<
    keyof typeof shapes,
    Tensor
  >
  const noise: Noise = { ...noNoise, training: true, normal: (shape) => (noisy ? input('added', shape) : undefined) }
  const { output, loss } = denoiser('d', config)({ ...made, noise })
  const graph = buildGraph({ output, loss: loss() })
  await using program = await compile(graph, { threads: 1 })
  for (const name of graph.inputs.keys()) {
    program.bind(name, given[name.replace('d.', '')] as Float32Array)
  }
  await program.run()
  return {
    output: Float32Array.from(program.outputs['output'] as Float32Array),
    loss: Number(program.outputs['loss']?.[0]),
  }
}

/** x [rows of `from`] times a matrix [from, to]. */
function times(x: readonly number[][], weight: Float32Array): number[][] {
  return x.map((line) =>
    Array.from({ length: width }, (_, to) =>
      line.reduce((sum, value, from) => sum + value * (weight[from * width + to] as number), 0),
    ),
  )
}
const matrix = (values: Float32Array, row: number): number[][] =>
  Array.from({ length }, (_, at) => [...values.subarray((row * length + at) * width, (row * length + at + 1) * width)])

/** Eq. 7-13 as they are printed, step by step and unscaled, with R-M3, R-M4 and R-M8. */
function naive(
  { reconstruction, timeEmbedding, stateTerm }: DenoiserConfig,
  noisy: boolean,
): { output: number[]; loss: number } {
  const kept = [1]
  const betas = [0]
  for (let t = 1; t <= steps; t++) {
    betas.push(base.betaStart + ((base.betaEnd - base.betaStart) * (t - 1)) / (steps - 1))
    kept.push((kept[t - 1] as number) * (1 - (betas[t] as number)))
  }
  const [outputs, losses]: [number[], number[]] = [[], []]
  for (let row = 0; row < rows; row++) {
    const [clean, condition, added] = [
      matrix(inputs.clean, row),
      matrix(inputs.condition, row),
      matrix(inputs.added, row),
    ]
    const forward = (t: number): number[][] =>
      clean.map((line, i) =>
        line.map(
          (value, k) =>
            Math.sqrt(kept[t] as number) * value +
            (noisy ? Math.sqrt(1 - (kept[t] as number)) * (added[i]?.[k] as number) : 0),
        ),
      )
    const [keys, values] = [times(condition, parameters.key), times(condition, parameters.value)]
    let state = forward(steps)
    for (let t = steps; t >= 1; t--) {
      const timed = state.map((line) =>
        line.map((value, k) => value + (timeEmbedding ? (parameters.time[(t - 1) * width + k] as number) : 0)),
      )
      const queries = times(timed, parameters.query)
      const attended = queries.map((query, i) => {
        const scores = keys
          .slice(0, i + 1)
          .map((key) =>
            Math.exp(key.reduce((sum, value, k) => sum + value * (query[k] as number), 0) / Math.sqrt(width)),
          )
        const total = scores.reduce((sum, score) => sum + score, 0)
        return Array.from({ length: width }, (_, k) =>
          scores.reduce((sum, score, j) => sum + (score / total) * (values[j]?.[k] as number), 0),
        )
      })
      const own = stateTerm ? times(state, parameters.state) : []
      const epsilon = times(attended, parameters.output).map((line, i) =>
        line.map((value, k) => value + (own[i]?.[k] ?? 0)),
      )
      const [beta, left] = [betas[t] as number, kept[t] as number]
      state = state.map((line, i) =>
        line.map(
          (value, k) => (value - (beta / Math.sqrt(1 - left)) * (epsilon[i]?.[k] as number)) / Math.sqrt(1 - beta),
        ),
      )
      // Eq. 10 and 13 sum over t = 1 .. T; the state at T is the noisy one itself.
      if (reconstruction === 'literal' && t === 1) continue
      const against = forward(t - 1)
      for (const [i, line] of state.entries()) {
        const weight = (inputs.weights[row * length + i] as number) / width / steps
        for (const [k, value] of line.entries()) losses.push(weight * (value - (against[i]?.[k] as number)) ** 2)
      }
    }
    outputs.push(...state.flat())
  }
  return { output: outputs, loss: losses.reduce((sum, loss) => sum + loss, 0) }
}

describe('denoiser', () => {
  it.each([
    { reconstruction: 'posterior', noisy: true, timeEmbedding: true, stateTerm: false },
    { reconstruction: 'posterior', noisy: false, timeEmbedding: false, stateTerm: true },
    { reconstruction: 'literal', noisy: true, timeEmbedding: true, stateTerm: true },
    { reconstruction: 'literal', noisy: true, timeEmbedding: false, stateTerm: false },
  ] as const)('folded and scaled equals the equations step by step: %o', async ({ noisy, ...options }) => {
    const config = { ...base, ...options }
    const [actual, expected] = [await ours(config, noisy), naive(config, noisy)]
    for (const [at, value] of expected.output.entries()) expect(actual.output[at]).toBeCloseTo(value, 4)
    expect(actual.loss).toBeCloseTo(expected.loss, 4)
  })

  it.each(['posterior', 'literal'] as const)(
    'that changes nothing costs what is said of it: %s',
    async (reconstruction) => {
      const [added, output] = [inputs.added.map(Math.sign), new Float32Array(width * width)]
      const { loss } = await ours({ ...base, reconstruction }, true, { ...inputs, ...parameters, added, output })
      expect(loss).toBeCloseTo(idleCost({ ...base, reconstruction }), 5)
      // The price of five steps of the usual size, of pictures and texts together.
      expect(2 * idleCost({ ...base, steps: 5, betaStart: 0.001, betaEnd: 0.1 })).toBeCloseTo(0.3149, 4)
    },
  )

  it('learns apart: what it gives is denoised without noise, and its loss says nothing to the rest', async () => {
    const config: DenoiserConfig = { ...base, stateTerm: true }
    const [apart, still] = [await ours({ ...config, denoisers: 'apart' }, true), await ours(config, false)]
    expect(apart.output).toEqual(still.output)
    expect(apart.loss).toBeGreaterThan(still.loss)
    const shape = [rows, length, width]
    const [clean, condition] = [parameter('clean', shape, zeros), parameter('condition', shape, zeros)]
    const bias = input('bias', [rows, length, length])
    const noise: Noise = { ...noNoise, training: true, normal: (of) => input('added', of) }
    const given = { clean, condition, bias, weights: input('weights', [rows, length]), noise }
    const lossOf = (denoisers: 'inline' | 'apart') => denoiser('d', { ...config, denoisers })(given).loss()
    expect(gradients(lossOf('inline'), [clean, condition]).size).toBe(2)
    for (const vector of [clean, condition])
      expect(() => gradients(lossOf('apart'), [vector])).toThrow('does not reach the loss')
  })

  it('apart, adds noise in proportion to a vector, so that a small one costs what a large one does', async () => {
    const output = new Float32Array(width * width)
    const lossOf = async (scale: number): Promise<number> => {
      const clean = inputs.clean.map((value) => scale * value)
      return (await ours({ ...base, denoisers: 'apart' }, true, { ...inputs, ...parameters, output, clean })).loss
    }
    expect(await lossOf(0.1)).toBeCloseTo(await lossOf(1), 3)
  })

  it('has nothing to compare as printed, where there is one step', async () => {
    const { loss } = await ours({ ...base, steps: 1, timeEmbedding: false, reconstruction: 'literal' }, true)
    expect(loss).toBe(0)
  })
})
