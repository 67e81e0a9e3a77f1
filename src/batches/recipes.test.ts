import { describe, expect, it } from 'vitest'
import type { History } from '../dataset/schema.ts'
import { sizeOf } from '../tensor/node.ts'
import { augmented } from './extras/augmented.ts'
import { cloze } from './extras/cloze.ts'
import { drawnItems } from './extras/drawn-items.ts'
import { duplicates } from './extras/duplicates.ts'
import { drawnPlaces, lastTargets } from './extras/histories.ts'
import { moments, times } from './extras/moments.ts'
import { negatives } from './extras/negatives.ts'
import { targetBehaviors } from './extras/target-behaviors.ts'
import type { BatchKind } from './kind.ts'
import { pairs } from './pairs.ts'
import { batchesOf } from './recipes.ts'
import { sequences } from './sequences.ts'
import type { Window } from './windows.ts'

const settings = {
  maxLength: 6,
  stride: 2,
  targetWeights: [0, 1],
  mergeBehaviors: true,
  onePerPosition: true,
  userCount: 5,
}
const plain = sequences(settings)
const kinds: Readonly<Record<string, unknown>> = {
  sequences: plain,
  pairs: pairs(2, { maxLength: 6, behaviors: 'target', userCount: 5 }),
  'moments and times': plain.with(moments()).with(times(1e12)),
  cloze: plain.with(cloze({ mask: 9, maskShare: 0.2, lastShare: 0.5, weights: [0, 1], asks: 1, hideTwins: true })),
  'what only training reads': plain
    .with(negatives(2))
    .with(duplicates())
    .with(lastTargets())
    .with(drawnPlaces(0.3))
    .with(drawnItems(4))
    .with(targetBehaviors())
    .with(augmented('view', { how: ['crop'] })),
}
const history: History = {
  user: 7,
  item: Int32Array.of(3, 1, 4, 1),
  behavior: Uint8Array.of(0, 1, 1, 0),
  time: Float64Array.from([0, 0, 5, 86_400_000], (later) => 1e12 + later),
}

/** All that a kind declares for a served history, filled. */
function filled(kind: BatchKind<unknown, readonly Window[]>): Record<string, unknown> {
  const shape = { rows: 1, length: 6, targets: 0 }
  const buffers = Object.fromEntries(
    Object.entries(kind.declare(shape).inputs).map(([name, { dtype, shape: sizes }]) => {
      return [name, dtype === 'int64' ? new BigInt64Array(sizeOf(sizes)) : new Float32Array(sizeOf(sizes))]
    }),
  )
  kind.fill([{ history, targets: [] }], shape, buffers)
  return buffers
}

describe('batchesOf', () => {
  it.each(Object.entries(kinds))('makes %s again from JSON: the same inputs, filled alike', (_, made) => {
    const kind = made as BatchKind<unknown, readonly Window[]>
    const again = batchesOf(JSON.parse(JSON.stringify(kind.recipe)))
    expect(again.recipe).toEqual(kind.recipe)
    expect(filled(again)).toEqual(filled(kind))
  })

  it('has no kind of an unknown name', () => {
    expect(() => batchesOf([{ name: 'waves' }])).toThrow('no batches are made by the name "waves"')
  })
})
