/**
 * @file What CMCLRec knows of a user who has done little: fields and numbers of the user, or what the first items look
 * like, as one vector.
 */
import type { FeatureModality } from '../../../dataset/schema.ts'
import { UserError } from '../../../errors.ts'
import { normal } from '../../../nn/init.ts'
import { linear } from '../../../nn/linear.ts'
import type { Noise } from '../../../nn/noise.ts'
import { addAll } from '../../../tensor/elementwise.ts'
import { concat, split } from '../../../tensor/move.ts'
import { input, parameter, type Tensor } from '../../../tensor/node.ts'
import { type CatalogShape, catalogInput } from '../../contract/catalog.ts'
import { meanOverHistory } from '../../parts/mean-over-history.ts'
import { presentModalities } from '../../parts/modalities.ts'
import { frozenVectors, projectedVectors } from '../../parts/projected-vectors.ts'

/** Whose profile is asked for. */
export interface Asked {
  /** [B] int64; 0 for somebody the model does not know. */
  readonly user_B: Tensor
  /** Items of the first events, zeros behind them: [B, C] int64. */
  readonly item_BC: Tensor | undefined
  /** Whether anybody may ask, known or not. */
  readonly serving: boolean
}

/** Makes profiles. */
export interface Profiles {
  /** What they are made of. */
  readonly of: 'fields' | 'content'
  /** g, [B, D] */
  read(asked: Asked, noise: Noise): Tensor
}

/** What a profile may be made of, and its sizes. */
export interface ProfileConfig {
  readonly profile: 'fields' | 'content'
  readonly hiddenSize: number
  readonly fieldSize: number
}

const dropped = 0.2

/** Whether anything is known of users. */
export const hasUserFields = ({ userFields, userNumbers }: CatalogShape): boolean =>
  Object.keys(userFields).length + userNumbers > 0

/**
 * (2) Of fields where there are any, unless content is asked for; parameters `user.{field.NAME,in.*,MODALITY.*}` and
 * `user.out.weight`.
 * @param warm_U 1 for users that training knows well: the mean of those stands for somebody unknown
 * @throws UserError `missing` where nothing is known of users, nor of items
 */
export function profiles(config: ProfileConfig, catalog: CatalogShape, warm_U: Tensor): Profiles {
  const { hiddenSize } = config
  const of = config.profile === 'fields' && hasUserFields(catalog) ? 'fields' : 'content'
  const first = of === 'fields' ? fromFields(config, catalog, warm_U) : fromContent(config, catalog)
  const out = linear('user.out', [hiddenSize, hiddenSize], { bias: false })
  return { of, read: (asked, noise) => out(noise.dropout(first(asked).relu(), dropped)) }
}

/** W_1 f + b of fields and numbers. */
function fromFields({ hiddenSize, fieldSize }: ProfileConfig, catalog: CatalogShape, warm_U: Tensor) {
  const { userCount, userFields, userNumbers } = catalog
  const names = Object.keys(userFields)
  const tables = names.map((name) =>
    parameter(`user.field.${name}`, [userFields[name] as number, fieldSize], normal(0.1)),
  )
  // The first column is the id, which says nothing of somebody new.
  const columns = 1 + names.length
  const known = names.length > 0 ? input(catalogInput.fields('user'), [userCount + 1, columns], 'int64') : undefined
  const numbers = userNumbers > 0 ? input(catalogInput.numbers('user'), [userCount + 1, userNumbers]) : undefined
  const layer = linear('user.in', [names.length * fieldSize + userNumbers, hiddenSize])
  const features = (rows: Tensor | undefined, ofNumbers: Tensor | undefined): Tensor => {
    const fields = rows ? split(rows, 1, Array<number>(columns).fill(1)).slice(1) : []
    const embedded = fields.map((value, at) => (tables[at] as Tensor).rows(value.reshape([-1])))
    return concat([...embedded, ...(ofNumbers ? [ofNumbers] : [])], 1)
  }
  /** [1, F] */
  const mean = (): Tensor => {
    const all_UF = features(known, numbers)
    return meanOverHistory(all_UF.unsqueeze(0), warm_U.unsqueeze(0))
  }
  return ({ user_B, serving }: Asked): Tensor => {
    const own = features(known?.rows(user_B), numbers?.rows(user_B))
    return layer(serving ? user_B.equal(0).unsqueeze(1).where(mean(), own) : own)
  }
}

/** W_1 f + b of the pictures and texts of some items. */
function fromContent({ hiddenSize }: ProfileConfig, catalog: CatalogShape) {
  const read: readonly FeatureModality[] = presentModalities(catalog)
  if (read.length === 0)
    throw new UserError({
      where: 'cmclrec',
      problem: 'missing',
      value: 'nothing known of users, and no item with a picture or text',
      expected: 'a dataset with fields or numbers of users, or with pictures or texts of items',
      hint: 'without them cmclrec would be sasrec: train that',
    })
  const projected = read.map((modality) =>
    projectedVectors(frozenVectors(modality, catalog), hiddenSize, `user.${modality}`),
  )
  return ({ item_BC }: Asked): Tensor => {
    const items = item_BC as Tensor
    return meanOverHistory(addAll(projected.map((project) => project(items))), items.greater(0).cast('float32'))
  }
}
