/** @file A table that scrolls sideways where it is wider than its panel. */
import type { ComponentChildren } from 'preact'

/** The head of a column: its words alone, or more about it. */
export type Column =
  | string
  | {
      readonly said: ComponentChildren
      /** Whether its figures stand right-aligned. */
      readonly number?: true
      /** For whoever points at it. */
      readonly title?: string
    }

/** A table with its heads; its children are rows. */
export const Table = ({
  columns,
  children,
}: {
  readonly columns: readonly Column[]
  readonly children: ComponentChildren
}) => (
  <div class="scroll">
    <table>
      <thead>
        <tr>
          {columns.map((column, at) => {
            const { said, number, title } = typeof column === 'string' ? { said: column } : column
            return (
              <th scope="col" key={at} class={number && 'number'} title={title}>
                {said}
              </th>
            )
          })}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  </div>
)

/** The head of a column of figures. */
export const numeric = (said: string): Column => ({ said, number: true })
