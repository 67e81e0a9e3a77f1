import { expect, it } from 'vitest'
import type { BuiltModel } from '../models/contract/model.ts'
import { sasrec } from '../models/sequential/sasrec.ts'
import { bareCatalog } from '../testing/bare-catalog.ts'
import { relaidTensors } from './relaid.ts'

it('lays what training remembers anew: rows that are new are zeros where it says so, and values that are items move', () => {
  const model = sasrec.build(
    sasrec.config.parse({ hiddenSize: 2, heads: 1, layers: 1, maxLength: 2 }),
    bareCatalog({ itemCount: 4, userCount: 3 }),
  ) as BuiltModel
  const data = new Float32Array(8)
  const remembering: BuiltModel = {
    ...model,
    memory: {
      warm: { shape: [4], rows: 'users', fresh: 'zero', data },
      mean: { shape: [4], rows: 'users', data },
      recent: { shape: [4, 2], rows: 'users', fresh: 'zero', holds: 'items', data },
    },
  }
  const stored = (shape: readonly number[], values: readonly number[]) => ({ shape, data: Float32Array.from(values) })
  const laid = relaidTensors(
    remembering,
    {
      'memory.warm': stored([3], [0, 1, 1]),
      'memory.mean': stored([3], [0, 1, 3]),
      'memory.recent': stored([3, 2], [0, 0, 1, 2, 3, 0]),
    },
    // Item 3 is gone, item 1 became 4 and item 2 became 1; user 2 comes first, then one that is new, then user 1.
    {
      items: { before: 3, now: Int32Array.of(0, 2, 0, 0, 1) },
      users: { before: 2, now: Int32Array.of(0, 2, 0, 1) },
    },
  )
  expect([...(laid['memory.warm']?.data ?? [])]).toEqual([0, 1, 0, 1])
  expect([...(laid['memory.mean']?.data ?? [])]).toEqual([0, 3, 2, 1])
  expect([...(laid['memory.recent']?.data ?? [])]).toEqual([0, 0, 0, 0, 0, 0, 4, 1])
})
