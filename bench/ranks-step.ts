/** @file One rank of `bench -- ranks`, which `mpirun` starts: steps of SASRec, timed. Prints the times of the first. */
import type { InputBuffers } from '../src/batches/kind.ts'
import type { Window } from '../src/batches/windows.ts'
import { exchanged } from '../src/learn/exchange.ts'
import { noisePools } from '../src/learn/noise-pools.ts'
import { stagesOf } from '../src/learn/objectives.ts'
import { applyGradients, initialParameters } from '../src/learn/parameters.ts'
import { compileStep, parametersOf, stepGraph } from '../src/learn/step.ts'
import type { Objective } from '../src/models/contract/model.ts'
import { sasrec } from '../src/models/sequential/sasrec.ts'
import { openMpi } from '../src/mpi/open-mpi.ts'
import { adam } from '../src/optim/adam.ts'
import { randomStream } from '../src/random/stream.ts'
import { nodeRuntime } from '../src/runtime/node.ts'
import { bareCatalog } from '../src/testing/bare-catalog.ts'
import { median } from './result.ts'

/** Medians of a step, in milliseconds. */
export interface RankTimes {
  readonly compute: number
  readonly exchange: number
  /** Megabytes that a rank brings to an exchange. */
  readonly megabytes: number
}

const [rows, length, items, targetsPerRow] = [64, 50, 20_000, 20]
const steps = Number(process.argv[2] ?? 20)
/** Steps that are not counted. */
const warming = 3

const catalog = bareCatalog({ itemCount: items, userCount: 10 })
const model = sasrec.build(sasrec.config.parse({ maxLength: length }), catalog)
const [{ objectives }] = stagesOf(model) as unknown as [{ objectives: readonly [Objective] }]
const shape = { rows, length, targets: rows * targetsPerRow, targetsPerRow }

await using ranks = await openMpi()
const state = initialParameters(parametersOf(objectives), 1)
await using step = await compileStep({
  step: stepGraph(objectives[0], shape),
  state,
  frozen: new Map(),
  pools: noisePools(1),
  seed: 1 + ranks.rank,
  runtime: nodeRuntime({ threads: 1 }),
})
const times = { compute: [] as number[], exchange: [] as number[] }
for (let at = 1; at <= warming + steps; at++) {
  const windows = windowsOf(at)
  const fill = (buffers: InputBuffers): number => {
    model.batches.fill(windows as never, shape, buffers)
    return shape.targets
  }
  await ranks.together()
  const begun = performance.now()
  const result = await step.run({ fill }, at)
  const computed = performance.now()
  // Ranks that wait for a slower one wait for its step, which is no part of the exchange.
  await ranks.together()
  const sending = performance.now()
  const { gradients, parts } = step
  const shared = await exchanged(state, { gradients, parts, result, stop: false }, ranks)
  if (at > warming) {
    times.compute.push(computed - begun)
    times.exchange.push(performance.now() - sending)
  }
  applyGradients(state, shared.gradients, adam(), 1e-3)
}
const bytes = [...state.buffers.values()].reduce((sum, { gradient }) => sum + gradient.byteLength, 0)
const found: RankTimes = {
  compute: median(times.compute),
  exchange: median(times.exchange),
  megabytes: bytes / 1e6,
}
if (ranks.rank === 0) console.log(JSON.stringify(found))

function windowsOf(at: number): Window[] {
  const stream = randomStream(at, 'windows', String(ranks.rank))
  return Array.from({ length: rows }, () => ({
    history: {
      user: 0,
      item: Int32Array.from({ length }, () => 1 + stream.integer(items)),
      behavior: new Uint8Array(length),
      time: new Float64Array(length),
    },
    targets: Array.from({ length: targetsPerRow }, (_, target) => ({
      item: 1 + stream.integer(items),
      prefix: 2 * target + 1,
      weight: 1,
      behavior: 0,
    })),
  }))
}
