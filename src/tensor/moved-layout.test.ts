import { describe, expect, it } from 'vitest'
import { edgeLayout } from './edge-product.ts'
import { movedLayout } from './moved-layout.ts'
import { type LayoutTensor, type SparseMatrix, sparseLayout } from './sparse-product.ts'

/** Rows 1 to 3 over columns 1 to 4; row 2 is empty, row 3 has three entries, so that it is of another group. */
const matrix: SparseMatrix = {
  rows: 4,
  columns: 5,
  start: Int32Array.of(0, 0, 2, 2, 5),
  column: Int32Array.of(1, 4, 2, 3, 4),
  value: Float32Array.of(0.5, 0.25, 1, 2, 3),
}
/** Row 3 is first now and row 1 last, with two new ones between; column 1 is 3 now, 3 is 4, 4 is 1, and 2 is gone. */
const moved = { rows: Int32Array.of(0, 3, 0, 0, 1), columns: Int32Array.of(0, 3, 0, 4, 1) }

/** What each row reads of each column: the sum of the weights of its entries. */
function dense(part: string, layout: Readonly<Record<string, LayoutTensor>>, beside = 'weights'): number[][] {
  const rows: number[][] = []
  for (let group = 0; `${part}.${group}.ids` in layout; group++) {
    const { shape, data } = layout[`${part}.${group}.ids`] as LayoutTensor
    const width = shape[1] as number
    for (let row = 0; row < (shape[0] as number); row++) {
      const read = [0, 0, 0, 0, 0]
      for (let at = row * width; at < (row + 1) * width; at++)
        read[Number(data[at])] =
          (read[Number(data[at])] as number) + Number(layout[`${part}.${group}.${beside}`]?.data[at])
      rows.push(read)
    }
  }
  const order = layout[`${part}.order`]?.data as BigInt64Array | undefined
  return order ? Array.from(order, (at) => rows[Number(at)] as number[]) : rows
}

const empty = [0, 0, 0, 0, 0]

describe('movedLayout', () => {
  const layout = sparseLayout('graph', matrix)

  it('has what rows read of columns, wherever both are now', () => {
    expect(dense('graph.forward', layout)).toEqual([empty, [0, 0.5, 0, 0, 0.25], empty, [0, 0, 1, 2, 3]])
    // Of row 3 column 2 is gone, 3 is 4 and 4 is 1; of row 1 column 1 is 3.
    const later = [empty, [0, 3, 0, 0, 2], empty, empty, [0, 0.25, 0, 0.5, 0]]
    expect(dense('graph.forward', movedLayout('graph.forward', layout, moved))).toEqual(later)
  })

  it('has the same of edges by their numbers', () => {
    const edges = edgeLayout('graph', matrix)
    expect(dense('graph.forward', edges, 'edges')).toEqual([empty, [0, 1, 0, 0, 2], empty, [0, 0, 3, 4, 5]])
    const later = [empty, [0, 5, 0, 0, 4], empty, empty, [0, 2, 0, 1, 0]]
    expect(dense('graph.forward', movedLayout('graph.forward', edges, moved), 'edges')).toEqual(later)
    const back = { rows: Int32Array.of(0, 4, 0, 1, 3), columns: Int32Array.of(0, 4, 0, 1) }
    const turned = [empty, [0, 5, 0, 0, 2], empty, [0, 0, 0, 0, 1], [0, 4, 0, 0, 0]]
    expect(dense('graph.backward', movedLayout('graph.backward', edges, back), 'edges')).toEqual(turned)
  })

  it('scales rows to the sums they had where that is asked for', () => {
    const read = dense('graph.forward', movedLayout('graph.forward', layout, { ...moved, keepsSums: true }))
    expect(read).toEqual([
      empty,
      [0, expect.closeTo(3.6, 5), 0, 0, expect.closeTo(2.4, 5)],
      empty,
      empty,
      [0, 0.25, 0, 0.5, 0],
    ])
    const without = { rows: moved.rows, columns: new Int32Array(5), keepsSums: true }
    expect(dense('graph.forward', movedLayout('graph.forward', layout, without))).toEqual(Array(5).fill(empty))
  })

  it('reads new rows as row 0, or as they are told', () => {
    const first = { ...matrix, start: Int32Array.of(0, 2, 2, 2, 5) }
    const read = dense('graph.forward', movedLayout('graph.forward', sparseLayout('graph', first), moved))
    expect([read[0], read[2], read[3], read[4]]).toEqual([...Array(3).fill([0, 0.25, 0, 0.5, 0]), empty])
    const added = new Map([
      [
        3,
        [
          [1, 0.5],
          [4, 0.25],
        ] as const,
      ],
      [2, [[2, 1]] as const],
    ])
    const told = dense('graph.forward', movedLayout('graph.forward', layout, { ...moved, added }))
    expect(told).toEqual([empty, [0, 3, 0, 0, 2], [0, 0, 1, 0, 0], [0, 0.5, 0, 0, 0.25], [0, 0.25, 0, 0.5, 0]])
  })

  it('leaves what was laid out before as it was', () => {
    const before = structuredClone(layout)
    movedLayout('graph.forward', layout, { ...moved, keepsSums: true })
    expect(layout).toEqual(before)
  })
})
