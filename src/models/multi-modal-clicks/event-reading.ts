/** @file Histories read from several sides, content beside ids, each with weights of its own. */
import type { Impressions } from '../../batches/impressions.ts'
import { activationUnit, weightedSum } from '../../nn/activation-unit.ts'
import { addAll, mul } from '../../tensor/elementwise.ts'
import { concat } from '../../tensor/move.ts'
import type { Tensor } from '../../tensor/node.ts'
import { unitSizes } from '../clicks/din.ts'
import type { CatalogShape } from '../contract/catalog.ts'
import { withBehaviorBySide } from '../parts/field-embeddings.ts'

/** One side of an event: what it is called, and how wide it is. */
export interface Side {
  readonly name: string
  readonly width: number
}

/** What reads histories. */
export interface EventReading {
  /** Of the interest. */
  readonly width: number
  /**
   * The sides of events [H, L, width] and of candidates [B, width] -> what each side's unit weighs, side by side, [B,
   * width], and the mean of the weights, [B, L].
   */
  read(
    events: readonly Tensor[],
    targets: readonly Tensor[],
    batch: Pick<Impressions, 'behavior_HL' | 'mask_HL'>,
  ): { readonly interest: Tensor; readonly attention: Tensor }
}

/**
 * A unit of DIN for each side; what was done is added to an event's sides. Parameters `SIDE.unit.*`, and of all sides
 * side by side `field.behavior`, or what it is called here.
 */
export function eventReading(
  catalog: CatalogShape,
  sides: readonly Side[],
  { attentionSize, behavior }: { readonly attentionSize: number; readonly behavior?: string },
): EventReading {
  const units = sides.map(({ name, width }) => activationUnit(`${name}.unit`, width, unitSizes(attentionSize)))
  const widths = sides.map(({ width }) => width)
  const width = widths.reduce((sum, one) => sum + one, 0)
  const done = withBehaviorBySide(catalog, widths, behavior)
  return {
    width,
    read(events, targets, { behavior_HL, mask_HL }) {
      const histories = done(events, behavior_HL)
      const weights = units.map((unit, at) =>
        unit({ history: histories[at] as Tensor, target: targets[at] as Tensor, mask: mask_HL }),
      )
      const sums = weights.map((of, at) => weightedSum(of, histories[at] as Tensor))
      return { interest: concat(sums, 1), attention: mul(addAll(weights), 1 / weights.length) }
    },
  }
}
