/** @file Batches of triples of a knowledge graph: an item, one of its fields, the field's value, and another value. */
import type { Dataset } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'
import { type RandomStream, randomStream } from '../random/stream.ts'
import type { Tensor } from '../tensor/node.ts'
import { type BatchKind, batchKind, counted, inOrder } from './kind.ts'

/** Which fields are relations; the values of all of them are numbered together, from 1. */
export interface TripleSettings {
  readonly fields: readonly {
    readonly name: string
    /** How many values the fields before it have. */
    readonly first: number
  }[]
}

/** A symbolic batch of triples. */
export interface Triples {
  readonly rows: number
  /** Items [B] int64; rows that only fill up repeat the first one. */
  readonly item_B: Tensor
  /** Numbers of fields, from 0 [B] int64. */
  readonly relation_B: Tensor
  /** The value that the item has in this field, [B] int64. */
  readonly entity_B: Tensor
  /** The value of a random other item in one of its fields, which the item does not have in this field: [B] int64. */
  readonly other_B: Tensor
  /** Weights [B], which sum to 1; 0 for rows that only fill up. */
  readonly weight_B: Tensor
}

/** One row. */
interface Triple {
  readonly item: number
  readonly relation: number
  readonly entity: number
  readonly other: number
}

/** One triple for each item that has a value in some field, drawn anew each epoch, in an order drawn anew too. */
export function triples(settings: TripleSettings): BatchKind<Triples, readonly Triple[]> {
  return batchKind<Triples, readonly Triple[]>({
    smallest: { rows: 2, length: 0, targets: 2 },
    declare: ({ rows }, input) => ({
      rows,
      item_B: input('item', [rows], 'int64'),
      relation_B: input('relation', [rows], 'int64'),
      entity_B: input('entity', [rows], 'int64'),
      other_B: input('other', [rows], 'int64'),
      weight_B: input('weight', [rows]),
    }),
    fill(chosen, { rows }, buffers) {
      const weight = buffers['weight'] as Float32Array | undefined
      for (let row = 0; row < rows; row++) {
        const one = chosen[row < chosen.length ? row : 0] as Triple
        for (const name of ['item', 'relation', 'entity', 'other'] as const) {
          const buffer = buffers[name] as BigInt64Array | undefined
          if (buffer) buffer[row] = BigInt(one[name])
        }
        if (weight) weight[row] = row < chosen.length ? 1 / chosen.length : 0
      }
    },
    training({ dataset }, { slug, batchSize, seed }, fill) {
      const known = triplesOf(dataset, settings)
      const count = known.length
      if (new Set(known.flat().map(({ entity }) => entity)).size < 2) throw nothingToTell(dataset, slug, settings)
      const rows = Math.min(batchSize, count)
      const shape = { rows, length: 0, targets: rows }
      return {
        size: `${counted(count)} items with fields`,
        shapes: [shape],
        epoch(number) {
          const random = randomStream(seed, 'triples', number)
          const drawn = known.map((own) => drawnTriple(own, known, random))
          const order = random.shuffle(Int32Array.from(drawn.keys()))
          const rowsAt = (begin: number, end: number): Triple[] =>
            Array.from(order.subarray(begin, end), (row) => drawn[row] as Triple)
          return inOrder(count, shape, rowsAt, fill)
        },
      }
    },
  })
}

type Known = readonly Omit<Triple, 'other'>[]

/** The triples of each item that has some. */
function triplesOf({ catalog }: Dataset, { fields }: TripleSettings): Known[] {
  const all: Known[] = []
  for (let item = 1; item < catalog.ids.length; item++) {
    const own = fields.flatMap(({ name, first }, relation) => {
      const value = catalog.fields[name]?.values[item] ?? 0
      return value > 0 ? [{ item, relation, entity: first + value }] : []
    })
    if (own.length > 0) all.push(own)
  }
  return all
}

const chosen = <Value>(values: readonly Value[], random: RandomStream): Value =>
  values[random.integer(values.length)] as Value

/** One of an item's triples, and another value; there are at least two values. */
function drawnTriple(own: Known, all: readonly Known[], random: RandomStream): Triple {
  const triple = chosen(own, random)
  let other: number
  do other = chosen(chosen(all, random), random).entity
  while (other === triple.entity)
  return { ...triple, other }
}

function nothingToTell({ folder }: Dataset, slug: string, { fields }: TripleSettings): UserError {
  return new UserError({
    where: folder,
    problem: 'empty',
    value: `fewer than two values in ${fields.map(({ name }) => `"${name}"`).join(', ')} that ${slug} could tell apart`,
    expected: 'items with several values',
    hint: 'name other fields with --fields, or train with --without-knowledge',
  })
}
