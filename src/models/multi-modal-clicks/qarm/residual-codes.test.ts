import { describe, expect, it } from 'vitest'
import type { Memory, StageContext } from '../../../models/contract/model.ts'
import { randomStream } from '../../../random/stream.ts'
import { constant } from '../../../tensor/node.ts'
import { evaluateTensors } from '../../../testing/evaluate-tensor.ts'
import type { AlignedVectors } from './aligned-vectors.ts'
import { config } from './config.ts'
import { knownNeighbors } from './neighbors.ts'
import { residualCodes } from './residual-codes.ts'

/** Vectors of items from 1 on; null where an item has none. */
function vectorsOf(rows: readonly (readonly number[] | null)[]): AlignedVectors {
  const width = rows.find((row) => row)?.length ?? 0
  const whole = [null, ...rows].flatMap((row) => row ?? Array.from({ length: width }, () => 0))
  const table = constant(Float32Array.from(whole), [rows.length + 1, width])
  const present = constant(Float32Array.from([0, ...rows.map((row) => (row ? 1 : 0))]), [rows.length + 1])
  return { name: 'joined', width, of: (ids) => (ids ? table.rows(ids) : table), present }
}

const copied = (memory: Memory): Memory =>
  Object.fromEntries(Object.entries(memory).map(([name, one]) => [name, { ...one, data: one.data.slice() }]))

function contextOf(memory: Memory, seed = 1, itemRow: readonly number[] = []): StageContext {
  const feeds = Object.fromEntries(Object.entries(memory).map(([name, { data }]) => [name, data]))
  return {
    data: { samples: { vocabulary: { itemRow } } } as unknown as StageContext['data'],
    memory,
    random: randomStream(seed, 'codes'),
    evaluate: async (outputs) => ({ ...(await evaluateTensors(outputs, feeds)) }),
  }
}

/** The codes of items from 1 on, as they are remembered and as they are served, and what is left after each level. */
async function codesOf(rows: readonly (readonly number[] | null)[], options: object, seed = 1) {
  const vectors = vectorsOf(rows)
  const settings = config.parse({ clusterPasses: 5, ...options })
  const { served, memory: first, fit } = residualCodes(vectors, settings, { itemCount: rows.length })
  const memory = copied(first)
  const context = contextOf(memory, seed)
  await fit(context)
  const { levels, centers } = settings
  const codes = memory['codes.joined']?.data as Float32Array
  const found = (await context.evaluate({ served }))['served']
  expect(Array.from(found ?? [], Number)).toEqual([...codes])
  const each = rows.map((_, at) => [...codes.subarray((at + 1) * levels, (at + 2) * levels)])
  const book = memory['centers.joined']?.data as Float32Array
  const centerOf = (level: number, code: number): Float32Array => {
    const from = (level * centers + code - 1) * vectors.width
    return book.subarray(from, from + vectors.width)
  }
  const left = rows.map((row) => row && [...row])
  const errors = Array.from({ length: levels }, (_, level) => {
    let sum = 0
    for (const [item, rest] of left.entries()) {
      const center = centerOf(level, each[item]?.[level] as number)
      for (const [at, value] of (rest ?? []).entries()) {
        if (rest) rest[at] = value - (center[at] as number)
        sum += (rest?.[at] as number) ** 2
      }
    }
    return sum
  })
  return { codes: each, errors, memory }
}

const random = randomStream(3, 'vectors')
const drawn = Array.from({ length: 64 }, () => {
  const row = Array.from({ length: 4 }, () => random.normal())
  const length = Math.hypot(...row)
  return row.map((value) => value / length)
})

describe('residual codes', () => {
  it('leave less at each level', async () => {
    const { errors } = await codesOf(drawn, { levels: 3, centers: 8 })
    expect(errors[0]).toBeGreaterThan(1)
    expect(errors[1]).toBeLessThan(0.7 * (errors[0] as number))
    expect(errors[2]).toBeLessThan(0.7 * (errors[1] as number))
  })

  it('are the same for equal vectors, and for the same seed', async () => {
    const rows = [...drawn, ...drawn.slice(0, 8)]
    const { codes } = await codesOf(rows, { levels: 2, centers: 4 })
    expect(codes.slice(64)).toEqual(codes.slice(0, 8))
    expect((await codesOf(rows, { levels: 2, centers: 4 })).codes).toEqual(codes)
    expect((await codesOf(rows, { levels: 2, centers: 4 }, 2)).codes).not.toEqual(codes)
  })

  it('leave nothing where there are as many centers as vectors', async () => {
    const rows = Array.from({ length: 32 }, (_, at) => drawn[at % 4] as number[])
    const { codes, errors } = await codesOf(rows, { levels: 2, centers: 4 })
    expect(errors[0]).toBeCloseTo(0, 10)
    expect(new Set(codes.map(([first]) => first)).size).toBe(4)
  })

  it('have one center for eight items at most, and 0 for an item without a vector', async () => {
    const { codes } = await codesOf([...drawn.slice(0, 30), null], { levels: 2, centers: 256 })
    expect(new Set(codes.slice(0, 30).map(([first]) => first))).toEqual(new Set([1, 2, 3]))
    expect(codes[30]).toEqual([0, 0])
  })

  it('of an item that came later are those of its nearest centers', async () => {
    const options = { levels: 2, centers: 4 }
    const { codes, memory } = await codesOf(drawn, options)
    const later = [...drawn, drawn[5] as number[], null]
    const { served } = residualCodes(vectorsOf(later), config.parse(options), { itemCount: 66 })
    const all = (await contextOf(memory).evaluate({ served }))['served'] as Float32Array
    expect([...all.subarray(2 * 65, 2 * 67)]).toEqual([...(codes[5] as number[]), 0, 0])
  })
})

describe('the nearest items', () => {
  const circle = [0, 10, 25, 90, 100].map((degrees) => [
    Math.cos((degrees * Math.PI) / 180),
    Math.sin((degrees * Math.PI) / 180),
  ])
  const nearestOf = async (count: number, itemRow: readonly number[]): Promise<number[][]> => {
    const rows = [...circle, null]
    const { memory: first, fit } = knownNeighbors([vectorsOf(rows)], count, { itemCount: rows.length })
    const memory = copied(first)
    await fit(contextOf(memory, 1, itemRow))
    const found = memory['neighbors']?.data as Float32Array
    return rows.map((_, at) => [...found.subarray((at + 1) * count, (at + 2) * count)])
  }

  it('come nearest first, never the item itself, none for an item without a vector', async () => {
    expect(await nearestOf(2, [0, 2, 3, 4, 5, 6, 7])).toEqual([
      [2, 3],
      [1, 3],
      [2, 1],
      [5, 3],
      [4, 3],
      [0, 0],
    ])
  })

  it('are items that training knows, as many as there are', async () => {
    // Items 2 and 5 share the row of the unknown.
    expect(await nearestOf(3, [0, 2, 1, 3, 4, 1, 5])).toEqual([
      [3, 4, 0],
      [1, 3, 4],
      [1, 4, 0],
      [3, 1, 0],
      [4, 3, 1],
      [0, 0, 0],
    ])
    expect(await nearestOf(2, [0, 1, 1, 1, 1, 1, 1])).toEqual(circle.map(() => [0, 0]).concat([[0, 0]]))
  })
})
