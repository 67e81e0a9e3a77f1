/** @file The side of KMCLR that reads a knowledge graph: items by their entities (eq. 7-9), and its losses. */
import type { BehaviorItems } from '../../../batches/extras/behavior-items.ts'
import type { Pairs } from '../../../batches/pairs.ts'
import type { Triples } from '../../../batches/triples.ts'
import { normal, xavier } from '../../../nn/init.ts'
import { uniformLinear } from '../../../nn/linear.ts'
import type { Noise } from '../../../nn/noise.ts'
import { where } from '../../../tensor/compare.ts'
import type { EdgeProducts } from '../../../tensor/edge-product.ts'
import { add, addAll, mul } from '../../../tensor/elementwise.ts'
import { concat } from '../../../tensor/move.ts'
import { input, integers, type Parameter, parameter, type Tensor } from '../../../tensor/node.ts'
import { norm } from '../../../tensor/reduce.ts'
import { dims } from '../../../tensor/shape.ts'
import { type CatalogShape, catalogInput } from '../../contract/catalog.ts'
import type { Losses } from '../../contract/model.ts'
import { maskBias } from '../../parts/attention-bias.ts'
import { leakyRelu } from '../../parts/leaky-relu.ts'
import { lightGcn, type UserItemVectors } from '../../parts/light-gcn.ts'
import type { KmclrConfig } from './config.ts'
import { readersOf } from './graphs.ts'

/** The two ways in which triples are judged, each with tables of its own. */
export const readings = ['transr', 'tatec'] as const
export type Reading = (typeof readings)[number]

/** The relations, as `triples` names them. */
export interface Relations {
  readonly fields: readonly { readonly name: string; readonly first: number }[]
  /** How many entities there are. */
  readonly entities: number
}

/** The fields of items as relations, their values as entities numbered from 1; none where there is nothing to tell. */
export function relationsOf(names: readonly string[], { fields }: Pick<CatalogShape, 'fields'>): Relations {
  let entities = 0
  const relations = names.flatMap((name) => {
    const values = (fields[name] as number) - 1
    if (values === 0) return []
    entities += values
    return [{ name, first: entities - values }]
  })
  return entities > 1 ? { fields: relations, entities } : { fields: [], entities: 0 }
}

/** Tables of a reading. */
interface Tables {
  /** x [V + 1, D] */
  readonly items: Parameter
  /** e [entities + 1, D], r and M [R, ..]; absent where items have no fields. */
  readonly graph?: { readonly entities: Parameter; readonly relations: Parameter; readonly matrices: Parameter }
}

/** Users and items as a knowledge graph tells them. */
export interface KnowledgeSide {
  /** P [U + 1, D] */
  readonly users: Parameter
  readonly tables: Readonly<Record<Reading, Tables>>
  /**
   * (7-8) x' of every item, [V + 1, D].
   * @param kept 1 for the entities that a view keeps, [V + 1, R]; all by default
   */
  read(reading: Reading, noise: Noise, kept?: Tensor): Tensor
  /** (9) LightGCN over the target graph. @param toUsers_E what edges count where users read items, and the reverse */
  along(items_VD: Tensor, toUsers_E: Tensor, toItems_E?: Tensor): UserItemVectors
  /** (10) or (11) of a batch of triples. */
  readonly triples: (reading: Reading, batch: Triples) => Losses
}

/** (7-11) Parameters `known.*`. */
export function knowledgeSide(
  { hiddenSize: width, layers, dropout }: Pick<KmclrConfig, 'hiddenSize' | 'layers' | 'dropout'>,
  { userCount, itemCount }: CatalogShape,
  { fields, entities }: Relations,
  target: EdgeProducts,
): KnowledgeSide {
  const drawn = normal(0.1)
  const users = parameter('known.user', [userCount + 1, width], drawn, { rows: 'users' })
  const tablesOf = (reading: Reading): Tables => ({
    items: parameter(`known.${reading}.item`, [itemCount + 1, width], drawn, { rows: 'items' }),
    ...(fields.length > 0 && {
      graph: {
        entities: parameter(`known.${reading}.entity`, [entities + 1, width], drawn),
        relations: parameter(`known.${reading}.relation`, [fields.length, width], drawn),
        matrices: parameter(`known.${reading}.matrix`, [fields.length, width, width], xavier(width, width, Math.SQRT2)),
      },
    }),
  })
  const tables = { transr: tablesOf('transr'), tatec: tablesOf('tatec') }
  const attention = uniformLinear('known.attention', [3 * width, 1])
  const output = uniformLinear('known.output', [width, width])
  const entity_VR = fields.length > 0 ? entitiesOf(fields, itemCount) : undefined
  const [ofItem, ofRelation, ofEntity] = [0, 1, 2].map((at) =>
    attention.weight.slice(0, at * width, (at + 1) * width),
  ) as [Tensor, Tensor, Tensor]
  /** (7) [V + 1, D] */
  const gathered = (
    items: Tensor,
    { entities, relations }: NonNullable<Tables['graph']>,
    { ids, noise, kept }: { readonly ids: Tensor; readonly noise: Noise; readonly kept: Tensor | undefined },
  ): Tensor => {
    const [count, many] = dims(ids, 2)
    const there_VR = ids
      .greater(0)
      .cast('float32')
      .mul(kept ?? 1)
    const entity_VRD = noise.dropout(entities.rows(ids), dropout)
    const score_VR = entity_VRD
      .matmul(ofEntity)
      .reshape([count, many])
      .add(items.matmul(ofItem))
      .add(relations.matmul(ofRelation).reshape([1, many]))
      .add(attention.bias as Parameter)
    const hidden_VR = leakyRelu(score_VR).add(maskBias(there_VR))
    const share_VR = noise.dropout(hidden_VR.softmax().mul(there_VR), dropout)
    return share_VR.reshape([count, 1, many]).matmul(entity_VRD).reshape([count, width])
  }
  return {
    users,
    tables,
    read(reading, noise, kept) {
      const { items, graph } = tables[reading]
      const both_VD = graph && entity_VR ? items.add(gathered(items, graph, { ids: entity_VR, noise, kept })) : items
      return noise.dropout(output(both_VD).relu(), dropout)
    },
    along(items_VD, toUsers_E, toItems_E = toUsers_E) {
      const readers = readersOf({ products: target, toUsers_E, toItems_E })
      return lightGcn({ users_UD: users, items_VD }, readers, layers)
    },
    triples: (reading, batch) => tripleLosses(tables[reading], reading, batch),
  }
}

/** The entity of each item by each relation, 0 where the item's field is empty: [V + 1, R] int64. */
function entitiesOf(fields: Relations['fields'], itemCount: number): Tensor {
  const none = integers([0])
  const columns = fields.map(({ name, first }) => {
    const value_V1 = input(catalogInput.field(name), [itemCount + 1], 'int64').reshape([-1, 1])
    return where(value_V1.greater(0), add(value_V1, integers([first])), none)
  })
  return concat(columns, 1)
}

/** Weight of the lengths of what triples compare, and of their matrices. */
const tripleRegularization = 1e-3

/** (10-11) */
function tripleLosses(
  { items, graph }: Tables,
  reading: Reading,
  { item_B, relation_B, entity_B, other_B, weight_B }: Triples,
): Losses {
  const { entities, relations, matrices } = graph as NonNullable<Tables['graph']>
  const [count, width] = dims(relations, 2)
  const isOf_B1 = Array.from({ length: count }, (_, at) =>
    relation_B
      .equal(integers([at]))
      .cast('float32')
      .unsqueeze(1),
  )
  /** Times the matrix of each row's relation. */
  const turned = (x_BD: Tensor): Tensor =>
    addAll(isOf_B1.map((is_B1, at) => x_BD.matmul(matrices.slice(0, at, at + 1).reshape([width, width])).mul(is_B1)))
  const r_BD = relations.rows(relation_B)
  const isTransr = reading === 'transr'
  const [h_BD, t_BD, o_BD] = [items.rows(item_B), entities.rows(entity_B), entities.rows(other_B)].map((x) =>
    isTransr ? turned(x) : x,
  ) as [Tensor, Tensor, Tensor]
  // The energy of a triple by its tail, low where it is true.
  const transr = (x_BD: Tensor): Tensor => h_BD.add(r_BD).sub(x_BD).sumSquares()
  const tatec =
    (hM_BD: Tensor) =>
    (x_BD: Tensor): Tensor =>
      add(mul(addAll([hM_BD, r_BD, h_BD]), x_BD).sum([1]), mul(h_BD, r_BD).sum([1]))
  const energy = isTransr ? transr : tatec(turned(h_BD))
  const lost_B = energy(t_BD).sub(energy(o_BD)).softplus()
  const squares_B = addAll([h_BD, r_BD, t_BD, o_BD].map((x) => x.sumSquares()))
  const lengths = squares_B
    .mul(weight_B)
    .sum()
    .mul(0.5)
    .add(norm(matrices.reshape([-1])).sum())
  return {
    triples: { weight: 1, value: lost_B.mul(weight_B).sum() },
    size: { weight: tripleRegularization, value: lengths },
  }
}

/** Weight of half of the squared lengths of the tables' rows that a step reads. */
const tableRegularization = 1e-4
/** Keeps a logarithm finite where nobody else is in a batch. */
const tiny = 1e-8

/** What (9) and (12) are lost on. */
export interface KnowledgePass {
  /** (9), edges and entities dropped. */
  readonly whole: UserItemVectors
  /** (12) The two views; none where they are not contrasted. */
  readonly views: readonly UserItemVectors[]
}

/** (9, 12) of a batch of target pairs; sums where `summed`, and means otherwise. */
export function knowledgeLosses(
  { temperature, lambdaViews, passes }: Pick<KmclrConfig, 'temperature' | 'lambdaViews' | 'passes'>,
  { users, tables }: KnowledgeSide,
  { whole, views }: KnowledgePass,
  { user_B, item_B, negative_BK, weight_B }: Pairs & BehaviorItems,
): Losses {
  const [, behaviors] = dims(negative_BK, 2)
  const negative_B = negative_BK.slice(1, behaviors - 1, behaviors).reshape([-1])
  const counts_B = passes === 'turns' ? weight_B.greater(0).cast('float32') : weight_B
  const user_BD = whole.users_UD.rows(user_B)
  const scores = (item: Tensor): Tensor => user_BD.mul(whole.items_VD.rows(item)).sum([1])
  const lost_B = scores(negative_B).sub(scores(item_B)).softplus()
  const read = [
    users.rows(user_B),
    ...[item_B, negative_B].flatMap((item) => readings.map((reading) => tables[reading].items.rows(item))),
  ]
  const squares_B = addAll(read.map((row_BD) => row_BD.sumSquares())).mul(0.5)
  const [first, second] = views
  const contrast =
    first && second
      ? [
          viewContrast(user_B, [first.users_UD, second.users_UD], { temperature, counts_B }),
          viewContrast(item_B, [first.items_VD, second.items_VD], { temperature, counts_B }),
        ]
      : []
  return {
    ranking: { weight: 1, value: lost_B.mul(counts_B).sum() },
    size: { weight: tableRegularization, value: squares_B.mul(weight_B).sum() },
    ...(contrast.length > 0 && { views: { weight: lambdaViews, value: addAll(contrast) } }),
  }
}

/** (12) -log(exp(cos_bb / t) / sum over rows j of other ids of exp(cos_bj / t)). */
function viewContrast(
  id_B: Tensor,
  views: readonly [Tensor, Tensor],
  { temperature, counts_B }: { readonly temperature: number; readonly counts_B: Tensor },
): Tensor {
  const [one_BD, other_BD] = views.map((table) => table.rows(id_B).l2Normalize()) as [Tensor, Tensor]
  const own_B = one_BD.mul(other_BD).sum([1]).div(temperature)
  const all_BB = one_BD.matmul(other_BD, { transposeB: true, scale: 1 / temperature }).exp()
  const others_BB = id_B
    .unsqueeze(1)
    .equal(id_B.unsqueeze(0))
    .not()
    .cast('float32')
    .mul(counts_B.greater(0).cast('float32').unsqueeze(0))
  return all_BB.mul(others_BB).sum([1]).add(tiny).log().sub(own_B).mul(counts_B).sum()
}
