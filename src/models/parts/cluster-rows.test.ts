import { describe, expect, it } from 'vitest'
import { buildGraph } from '../../onnx/graph.ts'
import { randomStream } from '../../random/stream.ts'
import { nodeRuntime } from '../../runtime/node.ts'
import { constant } from '../../tensor/node.ts'
import type { StageContext } from '../contract/model.ts'
import { clusterRows } from './cluster-rows.ts'

const runtime = nodeRuntime({ threads: 1 })
const evaluate: StageContext['evaluate'] = async (outputs) => {
  await using program = await runtime(buildGraph(outputs))
  await program.run()
  return Object.fromEntries(Object.entries(program.outputs).map(([name, values]) => [name, values.slice()]))
}
const clusters = async (rows: readonly (readonly number[])[], count: number, passes = 5, seed = 1) => {
  const found = await clusterRows(
    constant(Float32Array.from(rows.flat()), [rows.length, rows[0]?.length ?? 0]),
    { count, passes },
    { evaluate, random: randomStream(seed, 'clusters') },
  )
  return { members: Array.from(found.members, Number), centers: [...found.centers] }
}

describe('clusterRows', () => {
  const rows = [
    [0, 0],
    [10, 1],
    [0, 2],
    [10, -1],
    [4, 50],
  ]

  it('brings rows together that lie together, around their means, whatever the seed', async () => {
    for (const seed of [1, 2, 3, 4]) {
      const { members, centers } = await clusters(rows, 3, 5, seed)
      const [a, b, c] = [members[0] as number, members[1] as number, members[4] as number]
      expect(members).toEqual([a, b, a, b, c])
      expect(new Set([a, b, c]).size).toBe(3)
      expect([a, b, c].map((at) => centers.slice(2 * at, 2 * at + 2))).toEqual([
        [0, 1],
        [10, 0],
        [4, 50],
      ])
    }
  })

  it('gives the same for the same seed, and lets centers be left over', async () => {
    expect(await clusters(rows, 2)).toEqual(await clusters(rows, 2))
    const alike = await clusters(
      [
        [1, 1],
        [1, 1],
        [1, 1],
      ],
      2,
    ) // prettier-ignore
    expect(alike).toEqual({ members: [0, 0, 0], centers: [1, 1, 1, 1] })
    expect((await clusters(rows, 5)).members.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4])
  })
})
