import { describe, expect, it } from 'vitest'
import { ranksHere } from '../../test/fixtures/ranks-here.ts'
import type { BatchShape, InputBuffers } from '../batches/kind.ts'
import type { Window } from '../batches/windows.ts'
import type { Objective } from '../models/contract/model.ts'
import { sasrec } from '../models/sequential/sasrec.ts'
import type { Ranks } from '../mpi/ranks.ts'
import { normal, zeros } from '../nn/init.ts'
import { adam } from '../optim/adam.ts'
import { sgd } from '../optim/sgd.ts'
import { randomStream } from '../random/stream.ts'
import { nodeRuntime } from '../runtime/node.ts'
import { parameter } from '../tensor/node.ts'
import { bareCatalog } from '../testing/bare-catalog.ts'
import { exchanged, type OwnStep } from './exchange.ts'
import { noisePools } from './noise-pools.ts'
import { stagesOf } from './objectives.ts'
import { applyGradients, initialParameters, type ParameterState } from './parameters.ts'
import { compileStep, parametersOf, stepGraph } from './step.ts'

const [table, bias] = [parameter('table', [5, 2], normal(1)), parameter('bias', [2], zeros)]
const rowsOf = (ids: readonly number[], rows: readonly number[]) => ({
  ids: BigInt64Array.from(ids, BigInt),
  rows: Float32Array.from(rows),
})

/** Two ranks with three targets and one, and a third without a batch. */
async function step(own: Partial<Record<number, Partial<OwnStep>>> = {}) {
  const ranks = ranksHere(3)
  const states = ranks.map(() => initialParameters([table, bias], 1))
  const gradients = [
    [rowsOf([1, 3, 1], [1, 0, 2, 4, 3, 0]), [4, 8]],
    [rowsOf([3], [6, 0]), [0, 4]],
    [rowsOf([4], [99, 99]), [99, 99]],
  ] as const
  const shared = await Promise.all(
    ranks.map((all, rank) => {
      const state = states[rank]!
      const [sparse, dense] = gradients[rank]!
      state.buffers.get('bias')!.gradient.set(dense)
      state.buffers.get('table')!.gradient.fill(77)
      return exchanged(
        state,
        {
          gradients: [
            { name: 'table', dense: false, sparse: [sparse] },
            { name: 'bias', dense: true, sparse: [] },
          ],
          parts: ['main'],
          result: [{ loss: 2, parts: { main: 1 }, targets: 3 }, { loss: 6, parts: { main: 5 }, targets: 1 }, undefined][
            rank
          ],
          stop: false,
          ...own[rank],
        },
        all,
      )
    }),
  )
  return { states, shared }
}

const [rows, length, items, steps] = [12, 8, 60, 20]
const shapeOf = (count: number): BatchShape => ({ rows: count, length, targets: 5 * count, targetsPerRow: 5 })
const catalog = bareCatalog({ itemCount: items, userCount: 10 })
const model = sasrec.build(sasrec.config.parse({ dropout: 0, hiddenSize: 16, maxLength: length }), catalog)
const [{ objectives }] = stagesOf(model) as unknown as [{ objectives: readonly [Objective] }]

/** Twenty steps of SASRec on the windows of some rows of each step; all that follow each other in time. */
async function trained(
  share: readonly [begin: number, end: number],
  ranks: Ranks | undefined,
): Promise<ParameterState> {
  const [begin, end] = share
  const shape = shapeOf(end - begin)
  const state = initialParameters(parametersOf(objectives), 1)
  const step = stepGraph(objectives[0], shape)
  await using program = await compileStep({
    step,
    state,
    frozen: new Map(),
    pools: noisePools(1),
    seed: 1,
    runtime: nodeRuntime({ threads: 1 }),
  })
  for (let at = 1; at <= steps; at++) {
    const windows = windowsOf(at).slice(begin, end)
    const fill = (buffers: InputBuffers): number => {
      model.batches.fill(windows as never, shape, buffers)
      return windows.reduce((sum, { targets }) => sum + targets.length, 0)
    }
    const result = await program.run({ fill }, at)
    const { gradients, parts } = program
    const shared = ranks ? await exchanged(state, { gradients, parts, result, stop: false }, ranks) : { gradients }
    applyGradients(state, shared.gradients, adam(), 1e-3)
  }
  return state
}

/** The windows of a step, with one to five targets each. */
function windowsOf(step: number): Window[] {
  const stream = randomStream(step, 'windows')
  return Array.from({ length: rows }, (_, row) => ({
    history: {
      user: 0,
      item: Int32Array.from({ length }, () => 1 + stream.integer(items)),
      behavior: new Uint8Array(length),
      time: new Float64Array(length),
    },
    targets: Array.from({ length: 1 + (row % 5) }, (_value, at) => ({
      item: 1 + stream.integer(items),
      prefix: at + 2,
      weight: 1,
      behavior: 0,
    })),
  }))
}

describe('ranks', () => {
  it.each([2, 4])('of %d halves or quarters end where one process ends after twenty steps', async (size) => {
    const one = await trained([0, rows], undefined)
    const each = rows / size
    const all = await Promise.all(
      ranksHere(size).map((ranks) => trained([ranks.rank * each, (ranks.rank + 1) * each], ranks)),
    )
    const [first] = all as [ParameterState]
    let [most, moved] = [0, 0]
    for (const [name, { values }] of one.buffers)
      for (const [at, value] of values.entries()) {
        most = Math.max(most, Math.abs(value - first.buffers.get(name)!.values[at]!))
        moved = Math.max(moved, Math.abs(value))
      }
    expect(most).toBeLessThan(1e-5)
    expect(moved).toBeGreaterThan(0.01)
    for (const { buffers } of all)
      for (const [name, { values }] of buffers) expect(values).toEqual(first.buffers.get(name)!.values)
  })
})

describe('exchanged', () => {
  it('has means over all targets, by hand', async () => {
    const { states, shared } = await step()
    for (const [rank, { loss, parts, targets, stop, gradients }] of shared.entries()) {
      expect({ loss, parts, targets, stop }).toEqual({ loss: 3, parts: { main: 2 }, targets: 4, stop: false })
      const state = states[rank]!
      const before = Float32Array.from(state.buffers.get('table')!.values)
      applyGradients(state, gradients, sgd(), 1)
      // Three quarters of the first rank's gradients and one of the second's; the third has none.
      const moved = [...before].map((value, at) => value - state.buffers.get('table')!.values[at]!)
      for (const [at, by] of [0, 0, 3, 0, 0, 0, 3, 3, 0, 0].entries()) expect(moved[at]).toBeCloseTo(by, 5)
      expect([...state.buffers.get('bias')!.values]).toEqual([-3, -7])
    }
  })

  it('leaves every rank with the same bytes', async () => {
    const { states, shared } = await step()
    for (const [rank, { gradients }] of shared.entries()) applyGradients(states[rank]!, gradients, sgd(), 0.3)
    const bytes = states.map(({ buffers }) => [...buffers.values()].map(({ values }) => [...values]))
    expect(bytes[1]).toEqual(bytes[0])
    expect(bytes[2]).toEqual(bytes[0])
  })

  it('stops all where one was asked to, and uses the time on the way', async () => {
    const filled: number[] = []
    const { shared } = await step({ 1: { stop: true, meanwhile: () => void filled.push(1) } })
    expect(shared.map(({ stop }) => stop)).toEqual([true, true, true])
    expect(filled).toEqual([1])
  })
})
