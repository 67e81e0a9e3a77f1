import { describe, expect, it } from 'vitest'
import { initialParameters } from '../../learn/parameters.ts'
import { buildGraph } from '../../onnx/graph.ts'
import { randomStream } from '../../random/stream.ts'
import { input, type Tensor } from '../../tensor/node.ts'
import { evaluateTensors } from '../../testing/evaluate-tensor.ts'
import { freeHead } from './heads.ts'
import { gatedRouting, meanRouting, type Routing, type RoutingConfig, ungatedRouting } from './routing.ts'

it('begins with a user near the mean of the slots', async () => {
  const [rows, width, slots] = [5, 32, 6]
  const names = Array.from({ length: slots }, (_, slot) => `slot${slot}`)
  const { user_PD: user } = ungatedRouting({ width, slots, reading: 'paper' })({
    specific: names.map((name) => input(name, [rows, width])),
    common: [],
  })
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

describe('routing by hand', () => {
  const [first, second, common] = [
    [1, 2],
    [3, -1],
    [0.5, 1],
  ] as const
  const close = (found: readonly number[] | undefined, expected: readonly number[]): void => {
    expect(found).toHaveLength(expected.length)
    for (const [at, value] of expected.entries()) expect(found?.[at]).toBeCloseTo(value, 5)
  }
  /**
   * What becomes of two slots of width 2, as the second of two rows; the first is all zeros and gets the bias alone.
   */
  async function routed(
    routing: (config: RoutingConfig) => Routing,
    parameters: Readonly<Record<string, readonly number[]>>,
    head = (user: Tensor): Tensor => user,
    reading: RoutingConfig['reading'] = 'paper',
  ) {
    const specific = [input('first', [2, 2]), input('second', [2, 2])]
    const interests = { specific, common: routing === gatedRouting ? [input('common', [2, 2])] : [] }
    const { user_PD, reasons } = routing({ width: 2, slots: 2, reading })(interests)
    const afterZeros = Object.entries({ first, second, common }).map(([name, row]) => [name, [0, 0, ...row]] as const)
    const feeds = [...afterZeros, ...Object.entries(parameters)]
    const tensors: Record<string, Tensor> = { user: head(user_PD), ...reasons }
    const values = await evaluateTensors(
      tensors,
      Object.fromEntries(feeds.map(([name, numbers]) => [name, Float32Array.from(numbers)])),
    )
    const rows = Object.entries(values).map(([name, buffer]) => {
      const numbers = Array.from(buffer, Number)
      return [name, [numbers.slice(0, numbers.length / 2), numbers.slice(numbers.length / 2)]] as const
    })
    const [zeros, whole] = [0, 1].map((row) => Object.fromEntries(rows.map(([name, both]) => [name, both[row]])))
    close(zeros?.['parts'], [0, 0, 0, 0])
    close(zeros?.['user']?.slice(0, 2), reading === 'paper' ? [0.1, -0.1] : [0, 0])
    return whole as Record<string, number[]>
  }
  const noWeights = Array.from({ length: 6 * 4 }, () => 0)
  /** A slot's two rows: the first slot goes through as it is, the second is doubled and turned. */
  const user = { 'user.weight': [1, 0, 0, 1, 2, 0, 0, -1], 'user.bias': [0.1, -0.1] }

  // Each bias is so far from 0 that the sigmoid is 0 or 1. A gate of 0 keeps the slot, a gate of 1 the common interest.
  it.each([
    ['shut', [-99, -99, -99, -99], [0, 0], [1, 2, 6, 1]],
    ['open', [99, 99, 99, 99], [1, 1], [0.5, 1, 1, -1]],
    ['half open', [0, 0, 0, 0], [0.5, 0.5], [0.75, 1.5, 3.5, 0]],
    ['open for the second slot', [-99, -99, 99, 99], [0, 1], [1, 2, 1, -1]],
    ['open for one column in four', [-99, -99, 99, -99], [0, 0.5], [1, 2, 1, 1]],
  ])('with gates %s', async (_, bias, gates, parts) => {
    const found = await routed(gatedRouting, { ...user, 'gate.weight': noWeights, 'gate.bias': bias })
    close(found['gates'], gates)
    close(found['parts'], parts)
    const [a = 0, b = 0, c = 0, d = 0] = parts
    close(found['user'], [a + c + 0.1, b + d - 0.1])
  })

  it('gates see the common interest first, then the slots', async () => {
    const weights = [...noWeights]
    // The gates of the first slot read what is common, 0.5; those of the second read the first slot's second number, 2.
    for (const column of [0, 1]) weights[column] = 200
    for (const column of [2, 3]) weights[3 * 4 + column] = -50
    const found = await routed(gatedRouting, { ...user, 'gate.weight': weights, 'gate.bias': [0, 0, 0, 0] })
    close(found['gates'], [1, 0])
  })

  it('without a common interest every slot is its own, and there are no gates', async () => {
    const found = await routed(ungatedRouting, user)
    expect(Object.keys(found)).toEqual(['user', 'parts'])
    close(found['parts'], [1, 2, 6, 1])
    close(found['user'], [7.1, 2.9])
  })

  it('without experts the slots’ mean is taken: (2, 0.5) times the matrix, half of it from each slot', async () => {
    const found = await routed(meanRouting, { 'user.weight': [1, 2, 3, 4], 'user.bias': [0.1, -0.1] })
    close(found['parts'], [3.5, 5, 0, 1])
    close(found['user'], [3.6, 5.9])
  })

  it('in the joint reading gates begin open by sigmoid(1), and the user is the mean of the slots', async () => {
    const gate = { 'gate.weight': noWeights, 'gate.bias': [0, 0, 0, 0] }
    const found = await routed(gatedRouting, gate, (user) => user, 'joint')
    const open = 1 / (1 + Math.exp(-1))
    const slots = [first, second].map((own) => own.map((value, at) => value + open * ((common[at] ?? 0) - value)))
    close(found['gates'], [open, open])
    close(
      found['parts'],
      slots.flat().map((value) => value / 2),
    )
    close(
      found['user'],
      [0, 1].map((at) => ((slots[0]?.[at] ?? 0) + (slots[1]?.[at] ?? 0)) / 2),
    )
  })

  it.each([
    ['a common interest', ungatedRouting],
    ['experts', meanRouting],
  ])('in the joint reading the user is the mean of the slots without %s', async (_, routing) => {
    const found = await routed(routing, {}, (user) => user, 'joint')
    close(found['parts'], [0.5, 1, 1.5, -0.5])
    close(found['user'], [2, 0.5])
  })

  it('a free head has a one for the item’s bias at the end', async () => {
    const found = await routed(ungatedRouting, user, freeHead({ hiddenSize: 2 }, { itemCount: 1 }).user)
    close(found['user'], [7.1, 2.9, 1])
    close(found['parts'], [1, 2, 6, 1])
  })
})
