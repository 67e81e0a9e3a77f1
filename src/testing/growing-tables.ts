/** @file Tables that grow with a dataset must say with what, or a later dataset would lay them wrong. */
import { stagesOf } from '../learn/objectives.ts'
import { parametersOf } from '../learn/step.ts'
import type { CatalogShape } from '../models/contract/catalog.ts'
import type { BuiltModel } from '../models/contract/model.ts'
import type { Parameter, RowsOf } from '../tensor/node.ts'

/** The parameters that have a row more where there is an item or a user more, and do not say so; or say so wrongly. */
export function misdeclaredTables(build: (shape: CatalogShape) => BuiltModel, shape: CatalogShape): string[] {
  const before = tablesOf(build(shape))
  const more: readonly (readonly [RowsOf, CatalogShape])[] = [
    ['items', { ...shape, itemCount: shape.itemCount + 1 }],
    ['users', { ...shape, userCount: shape.userCount + 1 }],
  ]
  return more.flatMap(([rows, grown]) =>
    [...tablesOf(build(grown))].flatMap(([name, { origin, shape: now }]) => {
      const grew = now.join() !== before.get(name)?.shape.join()
      return grew === (origin.rows === rows) ? [] : [`${name} ${rows}`]
    }),
  )
}

const tablesOf = (model: BuiltModel): ReadonlyMap<string, Parameter> =>
  new Map(
    parametersOf(stagesOf(model).flatMap(({ objectives }) => objectives)).map((one) => [one.origin.name, one] as const),
  )
