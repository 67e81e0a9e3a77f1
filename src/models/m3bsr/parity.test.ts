import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { moments } from '../../batches/extras/moments.ts'
import { sequences } from '../../batches/sequences.ts'
import { type Noise, noNoise } from '../../nn/noise.ts'
import { buildGraph } from '../../onnx/graph.ts'
import { mul } from '../../tensor/elementwise.ts'
import { reshape, slice } from '../../tensor/move.ts'
import { constant, input, parameter, type Tensor } from '../../tensor/node.ts'
import { sum } from '../../tensor/reduce.ts'
import { dims } from '../../tensor/shape.ts'
import { evaluateGradients, evaluateTensors, type Feeds } from '../../testing/evaluate-tensor.ts'
import { type Denoised, denoiser } from './denoiser.ts'
import { disentanglement } from './disentangle.ts'
import { gatedRouting } from './routing.ts'
import { visibility } from './visibility.ts'

interface Numbers {
  readonly shape: readonly number[]
  readonly values: readonly number[]
}
/** One block of tools/m3bsr_fixture.py; see there for what its arrays are. */
interface Block {
  readonly config: {
    readonly steps: number
    readonly betaStart: number
    readonly betaEnd: number
    readonly temperature: number
  }
  readonly inputs: Readonly<Record<string, Numbers>>
  readonly outputs: Readonly<Record<string, Numbers>>
  readonly loss: number
  readonly gradients: Readonly<Record<string, Numbers>>
}
const events = sequences({
  maxLength: 4,
  stride: 4,
  targetWeights: [1, 1],
  mergeBehaviors: false,
  onePerPosition: true,
}).with(moments())
const blocks = JSON.parse(readFileSync('test/fixtures/m3bsr.json', 'utf8')) as Record<'reverse' | 'routing', Block> & {
  readonly reconstruction: Readonly<Record<'posterior' | 'literal', Block>>
  readonly disentangle: Readonly<Record<'separate' | 'literal' | 'align', Block>>
}
const floats = ({ values }: Numbers): Float32Array => Float32Array.from(values)
/** The inputs of a batch of events are whole numbers. */
const bufferOf = (name: string, numbers: Numbers): Float32Array | BigInt64Array =>
  ['history', 'behavior', 'moment'].includes(shortName(name))
    ? BigInt64Array.from(numbers.values, BigInt)
    : floats(numbers)

function near(actual: ArrayLike<number> | undefined, expected: readonly number[]): void {
  expect(actual?.length).toBe(expected.length)
  for (const [at, value] of expected.entries())
    expect(Math.abs(Number(actual?.[at]) - value)).toBeLessThan(1e-4 * Math.max(1, Math.abs(value)))
}

/**
 * Compares a block's outputs and every gradient, and returns our loss less the block's. Our parameters may be named
 * `PREFIX.name` of the block's.
 */
async function compare(
  block: Block,
  loss: Tensor,
  outputs: Readonly<Record<string, Tensor>>,
  extra: Feeds = {},
): Promise<number> {
  const { parameters, inputs } = buildGraph({ loss })
  const learned = parameters.filter(({ origin }) => !(origin.name in extra))
  expect(learned.map(({ origin }) => shortName(origin.name)).sort()).toEqual(Object.keys(block.gradients).sort())
  const named = [...inputs.keys()].map((name) => [name, block.inputs[shortName(name)]] as const)
  const feeds = {
    ...Object.fromEntries(named.flatMap(([name, numbers]) => (numbers ? [[name, bufferOf(name, numbers)]] : []))),
    ...extra,
  }
  const { loss: actual, gradients } = await evaluateGradients(loss, learned, feeds)
  for (const { origin } of learned) near(gradients[origin.name], block.gradients[shortName(origin.name)]?.values ?? [])
  const values: Readonly<Record<string, unknown>> =
    Object.keys(outputs).length > 0 ? await evaluateTensors(outputs, feeds) : {}
  for (const name of Object.keys(outputs)) near(values[name] as Float32Array, block.outputs[name]?.values ?? [])
  return actual - block.loss
}
const shortName = (name: string): string => name.split('.').at(-1) as string
const learnedInput = ({ inputs }: Block, name: string): Tensor => parameter(name, inputs[name]?.shape ?? [], () => {})
const givenInput = ({ inputs }: Block, name: string): Tensor => input(name, inputs[name]?.shape ?? [])

function denoised(block: Block, noise: Noise, reconstruction: 'posterior' | 'literal'): Denoised {
  const [clean, condition] = [learnedInput(block, 'clean'), learnedInput(block, 'condition')]
  const [rows, length, width] = dims(clean, 3)
  const weights = constant(new Float32Array(rows * length).fill(1 / (rows * length)), [rows, length])
  const { batch } = events.declare({ rows, length, targets: 0 })
  const settings = { reconstruction, timeEmbedding: false, stateTerm: false, denoisers: 'inline' } as const
  return denoiser('denoise', { ...block.config, ...settings, width })({
    clean,
    condition,
    bias: visibility(batch, { behaviors: 2, target: 1, wholeWindow: false }).own_BLL,
    weights,
    noise,
  })
}

describe('the blocks of M³BSR equal PyTorch’s', () => {
  it('reverse diffusion (R-M3 to R-M5)', async () => {
    const { output } = denoised(blocks.reverse, noNoise, 'posterior')
    expect(
      await compare(blocks.reverse, sum(mul(output, givenInput(blocks.reverse, 'upstream'))), { denoised: output }),
    ).toBeCloseTo(0, 4)
  })

  it.each(['posterior', 'literal'] as const)('its reconstruction loss, %s (R-M8)', async (reading) => {
    const block = blocks.reconstruction[reading]
    const noise = { ...noNoise, training: true, normal: () => givenInput(block, 'noise') }
    const { output, loss } = denoised(block, noise, reading)
    expect(await compare(block, loss(), { denoised: output })).toBeCloseTo(0, 4)
  })

  it.each(['separate', 'literal'] as const)('disentanglement, %s (R-M11)', async (reading) => {
    const block = blocks.disentangle[reading]
    const vectors = learnedInput(block, 'vectors')
    const [rows, count, width] = dims(vectors, 3)
    const each = Array.from({ length: count }, (_, at) => reshape(slice(vectors, 1, at, at + 1), [rows, width]))
    const weight_P = constant(new Float32Array(rows).fill(1 / rows), [rows])
    const { item_BL, behavior_BL } = events.declare({ rows, length: 1, targets: 0 }).batch
    const interests = { specific: each.slice(0, -1), common: each.slice(-1) }
    const contrast = disentanglement({ reading, ...block.config })
    const loss = contrast({ interests, weight_P, streams_BLD: [], item_BL, behavior_BL })
    expect(await compare(block, loss, {})).toBeCloseTo(0, 4)
  })

  it('disentanglement, align (R-M11)', async () => {
    const block = blocks.disentangle.align
    const streams = learnedInput(block, 'streams')
    const [modalities, rows, length, width] = dims(streams, 4)
    const streams_BLD = Array.from({ length: modalities }, (_, at) =>
      reshape(slice(streams, 0, at, at + 1), [rows, length, width]),
    )
    const { item_BL, behavior_BL } = events.declare({ rows, length, targets: 0 }).batch
    const [interests, weight_P] = [{ specific: [], common: [] }, constant(new Float32Array(1), [1])]
    const contrast = disentanglement({ reading: 'align', ...block.config })
    expect(await compare(block, contrast({ interests, weight_P, streams_BLD, item_BL, behavior_BL }), {})).toBeCloseTo(
      0,
      4,
    )
  })

  it('routing (R-M12)', async () => {
    const block = blocks.routing
    const [common, specific] = [learnedInput(block, 'common'), learnedInput(block, 'specific')]
    const [rows, slots, width] = dims(specific, 3)
    const each = Array.from({ length: slots }, (_, at) => reshape(slice(specific, 1, at, at + 1), [rows, width]))
    const { parts, gates } = gatedRouting({ width, slots, reading: 'paper' })({
      specific: each,
      common: [common],
    }).reasons
    // With the identity for each slot, a slot's part of the user vector is the slot.
    const routed = reshape(parts as Tensor, [rows, slots * width])
    const identities = Float32Array.from({ length: slots * width * width }, (_, at) =>
      Math.floor(at / width) % width === at % width ? 1 : 0,
    )
    const extra = { 'user.weight': identities }
    expect(await compare(block, sum(mul(routed, givenInput(block, 'upstream'))), { routed }, extra)).toBeCloseTo(0, 4)
    const { gates: means } = await evaluateTensors({ gates: gates as Tensor }, feedsOf(block))
    const expected = block.outputs['gates']?.values ?? []
    near(
      means as Float32Array,
      Array.from({ length: rows * slots }, (_, at) =>
        expected.slice(at * width, (at + 1) * width).reduce((total, gate) => total + gate / width, 0),
      ),
    )
  })
})

const feedsOf = ({ inputs }: Block): Feeds =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, numbers]) => [
      ['weight', 'bias'].includes(name) ? `gate.${name}` : name,
      floats(numbers),
    ]),
  )
