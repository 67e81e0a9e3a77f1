/** @file A graph of training's users and items on a later dataset, where who and what is new has no edges. */
import { movedLayout } from '../../tensor/moved-layout.ts'
import type { Offline } from '../contract/model.ts'
import { type Places, placesAfter } from '../contract/places.ts'

/** Both directions of a layout, what its rows are, and what its columns. Edges of those that are gone count nothing. */
export function laterGraph(name: string, made: Offline, [rows, columns]: readonly [Places, Places]): Offline {
  return {
    ...movedLayout(`${name}.forward`, made, { rows: rows.now, columns: placesAfter(columns) }),
    ...movedLayout(`${name}.backward`, made, { rows: columns.now, columns: placesAfter(rows) }),
  }
}
