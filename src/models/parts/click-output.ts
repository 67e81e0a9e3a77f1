/**
 * @file The output of models that sum up a history in a vector (R-D7): an MLP over it, the candidate and the user, each
 * with its numbers, and PReLU between.
 */
import type * as z from 'zod'
import type { Impressions } from '../../batches/impressions.ts'
import { mlp } from '../../nn/mlp.ts'
import type { Noise } from '../../nn/noise.ts'
import { concat } from '../../tensor/move.ts'
import type { Tensor } from '../../tensor/node.ts'
import type { CatalogShape } from '../contract/catalog.ts'
import type { outputOptions } from './click-options.ts'
import { type Embedded, embeddedFields, type Numbers, numbersOf, withNumbers } from './field-embeddings.ts'

/** How an output is made. */
interface ClickOutputConfig extends z.infer<z.ZodObject<typeof outputOptions>> {
  /** Width of each of the user's fields. */
  readonly embeddingSize: number
  /** Widths of what joins the outputs of hidden layers, from the first on; nothing by default. */
  readonly joins?: readonly number[]
}

/** What the rest of a model reads too, where it does: inputs and tables of one name are made once. */
interface SharedReaders {
  /** The user's embedded fields. */
  readonly users?: Embedded
  readonly itemNumbers?: Numbers | undefined
}

/** What an output reads of one batch. */
interface ClickOutputInputs {
  /** What the history says of each candidate, [B, width], or of all, [H, width]; none where the width is 0. */
  readonly interest?: Tensor | undefined
  /** The candidates' embeddings, [B, D]. */
  readonly target: Tensor
  readonly batch: Impressions
  readonly noise: Noise
  /** What joins the outputs of hidden layers, [B, width] each. */
  readonly joined?: readonly Tensor[]
}

/** The widths of an MLP's hidden layers: each has half of the one before. */
export const halvedSizes = (hiddenSize: number, layers: number): number[] =>
  Array.from({ length: layers }, (_, layer) => Math.max(1, hiddenSize >> layer))

/**
 * Logits [B]; parameters `field.user.*` and `output.*`.
 * @param widths of the interest and of a candidate's embedding
 */
export function clickOutput(
  catalog: CatalogShape,
  [interestWidth, targetWidth]: readonly [interest: number, target: number],
  { embeddingSize, hiddenSize, layers, dropout, joins = [] }: ClickOutputConfig,
  shared: SharedReaders = {},
): (inputs: ClickOutputInputs) => Tensor {
  const users = withNumbers(catalog, 'user', shared.users ?? embeddedFields(catalog, 'user', embeddingSize))
  const numbers = shared.itemNumbers ?? numbersOf(catalog, 'item')
  const width = interestWidth + targetWidth + catalog.itemNumbers + users.width
  const sizes = [width, ...halvedSizes(hiddenSize, layers), 1]
  const output = mlp('output', sizes, { activation: 'prelu', dropout, joins })
  return ({ interest, target, batch: { rows, user_H, item_B }, noise, joined = [] }) => {
    // One user's row serves all candidates.
    const ofAll = (x: Tensor): Tensor => (x.shape[0] === rows ? x : x.expand([rows, x.shape[1] as number]))
    const known = numbers ? [numbers(item_B)] : []
    const past = interest ? [ofAll(interest)] : []
    const read = concat([...past, target, ...known, ofAll(users.read(user_H))], 1)
    return output(read, noise, joined).sum([1])
  }
}
