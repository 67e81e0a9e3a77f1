import { describe, expect, it } from 'vitest'
import { randomStream } from '../../random/stream.ts'
import type { SparseMatrix } from '../../tensor/sparse-product.ts'
import { lastTwo } from '../../testing/ranking/index.ts'
import { type TinyEvent, tinyDataset } from '../../testing/tiny-dataset.ts'
import { ssdrecConfig } from './config.ts'
import { graphLayout, laterLayout, ssdrecGraphs } from './graphs.ts'

const [users, items] = [14, 16]
const random = randomStream(4, 'graphs')
// Histories of two to nine events, items twice among them; the last two are held out.
const histories = Array.from({ length: users }, (_, user) =>
  Array.from({ length: 4 + ((3 * user) % 8) }, () => 1 + (user % 3) * 5 + random.integer(6)),
)
const events = histories.flatMap((history, user) => history.map((item, at): TinyEvent => [user + 1, item, 'click', at]))
const dataset = tinyDataset({ events, items, behaviors: ['click'] })
const options = { minimumCoOccurrence: 1, coldItems: 0.3, coldUsers: 0.25, neighbors: 100 }
const known = [[], ...histories.map((history) => history.slice(0, -2))]

type Listed = ReturnType<typeof laterLayout>[string]
type Dense = readonly (readonly number[])[]
const dense = ({ rows, columns, start, column, value }: SparseMatrix): Dense =>
  Array.from({ length: rows }, (_, row) => {
    const all = Array.from({ length: columns }, () => 0)
    for (let at = start[row] as number; at < (start[row + 1] as number); at++)
      all[column[at] as number] = value[at] as number
    return all
  })
const table = (rows: number, columns: number, valueAt: (row: number, column: number) => number): Dense =>
  Array.from({ length: rows }, (_, row) => Array.from({ length: columns }, (_, column) => valueAt(row, column)))
const averages = (rows: Dense): Dense =>
  rows.map((row) => {
    const total = row.reduce((sum, one) => sum + one, 0)
    return row.map((one) => (total > 0 ? one / total : 0))
  })
const sum = (values: readonly number[]): number => values.reduce((total, one) => total + one, 0)
const range = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1)
function expectClose(found: SparseMatrix, expected: Dense, { skip = 0 } = {}): void {
  for (const [row, values] of dense(found).entries()) {
    if (row < skip) continue
    for (const [column, value] of values.entries())
      expect(value, `row ${row}, column ${column}`).toBeCloseTo(expected[row]?.[column] as number, 5)
  }
}

/** Everything over all pairs, as the sheet has it. */
function everything() {
  const pairs = known.flatMap((history) =>
    history.flatMap((a, i) =>
      history.slice(i + 1).map((b, later) => ({ a, b, weight: (history.length - later - 1) / history.length })),
    ),
  )
  const met = (a: number, b: number) => pairs.filter((pair) => pair.a === a && pair.b === b)
  const N = table(items + 1, items + 1, (a, b) => met(a, b).length)
  const W = table(items + 1, items + 1, (a, b) =>
    (N[a]?.[b] as number) > 1 ? sum(met(a, b).map(({ weight }) => weight)) : 0,
  )
  const both = table(items + 1, items + 1, (a, b) => (a === b ? 0 : (N[a]?.[b] as number) + (N[b]?.[a] as number)))
  const counts = table(users + 1, items + 1, (user, item) => (known[user] ?? []).filter((one) => one === item).length)
  const popularity = range(items).map((item) => sum(counts.map((row) => row[item] as number)))
  const hotItems = range(items)
    .sort((a, b) => (popularity[b - 1] as number) - (popularity[a - 1] as number) || a - b)
    .slice(0, items - Math.floor(0.3 * items))
  const apart = table(items + 1, items + 1, (a, b) => {
    if (a === b || both[a]?.[b] !== 0 || !hotItems.includes(a) || !hotItems.includes(b)) return 0
    const shared = range(items).filter((x) => (both[a]?.[x] as number) > 1 && (both[b]?.[x] as number) > 1)
    return sum(shared.map((x) => (both[a]?.[x] as number) + (both[b]?.[x] as number)))
  })
  const occurrences = (u: number, v: number): number =>
    (known[v] ?? []).filter((item) => (known[u] ?? []).includes(item)).length
  const length = (user: number): number => known[user]?.length ?? 0
  const alike = table(users + 1, users + 1, (u, v) =>
    u === 0 || v === 0 ? (u === v ? 1 : 0) : (occurrences(u, v) + occurrences(v, u)) / (length(u) + length(v)),
  )
  const hotUsers = range(users)
    .sort((a, b) => length(b) - length(a) || a - b)
    .slice(0, users - Math.floor(0.25 * users))
  const unlike = table(users + 1, users + 1, (u, v) => {
    if (u === 0 || v === 0) return u === v ? 1 : 0
    if (u === v || alike[u]?.[v] !== 0 || !hotUsers.includes(u) || !hotUsers.includes(v)) return 0
    const shared = range(users).filter(
      (x) => x !== u && x !== v && (alike[u]?.[x] ?? 0) > 0 && (alike[v]?.[x] ?? 0) > 0,
    )
    return sum(shared.map((x) => (alike[u]?.[x] as number) + (alike[v]?.[x] as number)))
  })
  const turned = (rows: Dense): Dense => table(rows[0]?.length ?? 0, rows.length, (a, b) => rows[b]?.[a] as number)
  return { W, apart, counts, alike, unlike, turned }
}

describe('the graphs of SSDRec', () => {
  const graphs = ssdrecGraphs(options, { dataset, split: lastTwo(dataset) })
  const { W, apart, counts, alike, unlike, turned } = everything()

  it('are those of all pairs where no row is cut', () => {
    expect(sum(apart.flat())).toBeGreaterThan(0)
    expect(sum(unlike.flat())).toBeGreaterThan(1)
    expectClose(graphs.later, averages(W))
    expectClose(graphs.earlier, averages(turned(W)))
    expectClose(graphs.incompatible, averages(apart))
    expectClose(graphs.users.items, averages(counts), { skip: 1 })
    expectClose(graphs.readers, averages(turned(counts)))
    expectClose(graphs.users.similar, averages(alike))
    expectClose(graphs.users.incompatible, averages(unlike))
  })

  it('have the average of all users in row 0 of the items of users', () => {
    const rows = averages(counts).slice(1)
    const [average] = dense(graphs.users.items)
    for (const [item, share] of (average as number[]).entries())
      expect(share).toBeCloseTo(sum(rows.map((row) => row[item] as number)) / users, 5)
  })

  it('keep the strongest of a row, which still sum to 1', () => {
    const few = ssdrecGraphs({ ...options, neighbors: 2 }, { dataset, split: lastTwo(dataset) })
    for (const graph of [few.later, few.earlier, few.incompatible, few.users.similar]) {
      const rows = dense(graph).map((row) => row.filter((value) => value > 0))
      for (const kept of rows) expect(kept.length).toBeLessThanOrEqual(2)
      for (const kept of rows.filter(({ length }) => length > 0)) expect(sum(kept)).toBeCloseTo(1, 5)
    }
    const long = W.findIndex((row) => row.filter((value) => value > 0).length > 2)
    const strongest = (W[long] ?? []).toSorted((one, other) => other - one).slice(0, 2)
    expect(Math.max(...(dense(few.later)[long] ?? []))).toBeCloseTo((strongest[0] as number) / sum(strongest), 5)
  })

  it('read training alone', () => {
    const other = tinyDataset({
      events: events.map(([user, item, behavior, at]): TinyEvent => {
        const held = at >= (histories[user - 1]?.length ?? 0) - 2
        return [user, held ? 1 + ((item + 2) % items) : item, behavior, at]
      }),
      items,
      behaviors: ['click'],
    })
    expect(ssdrecGraphs(options, { dataset: other, split: lastTwo(other) })).toEqual(graphs)
  })

  it('are laid out as the model reads them, and have a key of the options that they depend on', () => {
    const layout = graphLayout(graphs)
    expect(layout['users.similar.ids']?.shape[0]).toBe(users + 1)
    expect(layout['items.readers.forward.0.ids']).toBeDefined()
    expect(ssdrecConfig.parse({}).neighbors).toBe(50)
  })

  it('stay on a later dataset, without users that are gone; a new one is read as the average user', () => {
    const now = Int32Array.of(
      0,
      0,
      ...range(users)
        .filter((user) => user !== 4)
        .toReversed(),
    )
    const places = { before: users, now }
    const all = { before: items, now: Int32Array.of(0, ...range(items)) }
    const later = laterLayout(graphLayout(graphs), { users: places, items: all })
    for (const name of ['similar', 'incompatible'] as const) {
      const [ids, weights] = ['ids', 'weights'].map((what) => later[`users.${name}.${what}`]) as [Listed, Listed]
      const width = ids.shape[1] as number
      const read = Array.from({ length: now.length }, (_, row) => {
        const own = Array.from(now, () => 0)
        for (let at = row * width; at < (row + 1) * width; at++)
          own[Number(ids.data[at])] = (own[Number(ids.data[at])] as number) + Number(weights.data[at])
        return own
      })
      const before = dense(graphs.users[name])
      const expected = averages(
        Array.from(now, (was) =>
          Array.from(now, (other, at) => (at > 0 && other === 0 ? 0 : (before[was]?.[other] as number))),
        ),
      )
      for (const [row, values] of read.entries())
        for (const [at, value] of values.entries())
          expect(value, `${name}: row ${row}, column ${at}`).toBeCloseTo(expected[row]?.[at] as number, 5)
    }
    expect(later['users.items.forward.order']?.data[1]).toBe(later['users.items.forward.order']?.data[0])
  })
})
