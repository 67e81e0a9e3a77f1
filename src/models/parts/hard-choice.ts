/** @file A choice of one among several, drawn in training with a gradient, made for good when serving. */
import { equal } from '../../tensor/compare.ts'
import { straightThrough } from '../../tensor/custom-gradient.ts'
import { argmax } from '../../tensor/largest.ts'
import { cast, reshape } from '../../tensor/move.ts'
import { integers, type Tensor } from '../../tensor/node.ts'
import { softmax } from '../../tensor/normalize.ts'

/** What was chosen. */
export interface Choice {
  /** [..] int64 */
  readonly place: Tensor
  /** 1 at that place, else 0: [.., K]; in training with the gradient of the softmax that it was drawn from. */
  readonly chosen: Tensor
}

/** How a choice is drawn. */
export interface Draw {
  /** Standard Gumbel values, [.., K]; undefined when serving, where the largest is chosen. */
  readonly gumbel: Tensor | undefined
  readonly temperature: Tensor
}

/**
 * The largest of logits + Gumbel, [.., K]: a draw from their softmax (Jang et al., ICLR 2017). Its gradient is that of
 * softmax((logits + Gumbel) / temperature), straight through.
 */
export function hardChoice(logits: Tensor, { gumbel, temperature }: Draw): Choice {
  const drawn = gumbel ? logits.add(gumbel) : logits
  const count = logits.shape.at(-1) as number
  const place = argmax(drawn)
  const all = integers(Array.from({ length: count }, (_, at) => at))
  const chosen = cast(equal(reshape(place, [...place.shape, 1]), all), 'float32')
  return { place, chosen: gumbel ? straightThrough(chosen, softmax(drawn.div(temperature))) : chosen }
}
