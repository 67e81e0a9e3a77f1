/**
 * @file The two views of KMCLR (eq. 12): the target graph with edges left out by chance, those to items that their
 * entities tell steadily and that a user is likely to take less often. The layout is the whole graph's; a view is what
 * its edges count, 0 for one that is left out.
 */
import { type Noise, noNoise } from '../../../nn/noise.ts'
import type { RandomStream } from '../../../random/stream.ts'
import { concat } from '../../../tensor/move.ts'
import { constant, input, type Tensor } from '../../../tensor/node.ts'
import { dims } from '../../../tensor/shape.ts'
import type { Memory, MemoryArray, StageContext } from '../../contract/model.ts'
import { edgeValues, symmetric } from '../../parts/edge-values.ts'
import type { UserItemVectors } from '../../parts/light-gcn.ts'
import type { KmclrConfig } from './config.ts'
import { type Meetings, meetingsBy } from './graphs.ts'
import { type KnowledgeSide, type Reading, readings } from './knowledge-side.ts'

/** Users whose likely items are scaled together. */
const usersAtOnce = 2048

/** Both views, one by each reading. */
export interface Views {
  /** What the edges of each count, redrawn before they are contrasted; the whole graph at first. */
  readonly memory: Memory
  /** (12) Users and items along each view, by the items of its reading. */
  along(noise: Noise): readonly UserItemVectors[]
  /** Draws both anew by today's parameters. */
  readonly redraw: (context: StageContext) => Promise<void>
}

/** How views are drawn. */
interface ViewOptions extends Pick<KmclrConfig, 'entityDropout' | 'leastKept'> {
  readonly target: number
  /** R */
  readonly relations: number
}

/** The views; memory `view.*`. @param whole what the edges of the whole graph count, [1 + edges] */
export function viewsOf(side: KnowledgeSide, whole: Float32Array, options: ViewOptions): Views {
  const views = readings.map((reading) => {
    const name = `view.${reading}`
    return { reading, name, edges_E: input(name, [whole.length]) }
  })
  return {
    memory: Object.fromEntries(views.map(({ name, edges_E: { shape } }) => [name, { shape, data: whole.slice() }])),
    along: (noise) => views.map(({ reading, edges_E }) => side.along(side.read(reading, noise), edges_E)),
    async redraw(context) {
      const { data, memory, random } = context
      const met = meetingsBy(options.target, data)
      for (const { reading, name } of views) {
        const likely = await context.evaluate(likelyItems(side, reading, { ...options, random }))
        const chance = keepChances(met, options, likely as Readonly<Record<keyof Likely, Float32Array>>)
        const kept = Uint8Array.from(chance, (one) => (random.uniform() < one ? 1 : 0))
        const values = edgeValues(met, symmetric, (edge) => kept[edge] === 1)
        ;(memory[name] as MemoryArray).data.set(values as never)
      }
    },
  }
}

/** What {@link keepChances} is made of. */
interface Likely {
  /** p [U + 1, D] and x [V + 1, D], as arrays. */
  readonly users: Float32Array
  readonly items: Float32Array
  /** ln sum_x e^(p . x) of each user [U]. */
  readonly total: Float32Array
  /** The cosine of two drawn readings of each item, [V + 1]. */
  readonly stability: Float32Array
  /** The least and the most of m among the users that are scaled together. */
  readonly least: Float32Array
  readonly most: Float32Array
}

/** The parts of m = softmax_x(p . x) stability_x of a reading. */
function likelyItems(
  side: KnowledgeSide,
  reading: Reading,
  { entityDropout, relations, random }: ViewOptions & { readonly random: RandomStream },
): Readonly<Record<keyof Likely, Tensor>> {
  const { users } = side
  const { items } = side.tables[reading]
  const [rows] = dims(items, 2)
  const kept = (): Tensor => {
    const drawn = Float32Array.from({ length: rows * relations }, () => (random.uniform() < entityDropout ? 0 : 1))
    return constant(drawn, [rows, relations])
  }
  const read = (): Tensor => side.read(reading, noNoise, relations > 0 ? kept() : undefined).l2Normalize()
  const stability = read().mul(read()).sum([1])
  const [count] = dims(users, 2)
  const catalog = items.slice(0, 1, rows)
  const steady = stability.slice(0, 1, rows).unsqueeze(0)
  const groups = Array.from({ length: Math.ceil((count - 1) / usersAtOnce) }, (_, at) => {
    const some = users.slice(0, 1 + at * usersAtOnce, Math.min(count, 1 + (at + 1) * usersAtOnce))
    const scores = some.matmul(catalog, { transposeB: true })
    const total = scores.logSumExp([1], { keep: true })
    const m = scores.sub(total).exp().mul(steady)
    return { total: total.reshape([-1]), least: m.neg().max().neg().reshape([1]), most: m.max().reshape([1]) }
  })
  const joined = (name: 'total' | 'least' | 'most'): Tensor =>
    concat(
      groups.map((group) => group[name]),
      0,
    )
  return { users, items, stability, total: joined('total'), least: joined('least'), most: joined('most') }
}

/** How likely each edge is kept, [edges]. */
export function keepChances(
  { start, column, rows }: Meetings,
  { leastKept }: Pick<ViewOptions, 'leastKept'>,
  { users, items, total, stability, least, most }: Likely,
): Float32Array {
  const width = users.length / rows
  const chance = new Float32Array(column.length)
  for (let user = 1; user < rows; user++) {
    const group = Math.floor((user - 1) / usersAtOnce)
    const low = least[group] as number
    const range = (most[group] as number) - low
    for (let edge = start[user] as number; edge < (start[user + 1] as number); edge++) {
      const item = column[edge] as number
      let score = -(total[user - 1] as number)
      for (let at = 0; at < width; at++)
        score += (users[user * width + at] as number) * (items[item * width + at] as number)
      const m = Math.exp(score) * (stability[item] as number)
      chance[edge] = leastKept + (1 - leastKept) * (range > 0 ? (m - low) / range : 0)
    }
  }
  return chance
}
