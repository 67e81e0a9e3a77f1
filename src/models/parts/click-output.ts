/** @file The output of models that sum up a history in a vector (R-D7): an MLP over it, the candidate and the user, each with its numbers, PReLU between. */
import * as z from 'zod'
import { mlp } from '../../nn/mlp.ts'
import type { Noise } from '../../nn/noise.ts'
import { concat, expand } from '../../tensor/move.ts'
import type { Tensor } from '../../tensor/node.ts'
import { sum } from '../../tensor/reduce.ts'
import type { ClickBatch, ClickShape } from '../contract/click-model.ts'
import { embeddedFields, numbersOf, withNumbers } from './field-embeddings.ts'

/** The options of an output; each hidden layer has half the width of the one before. */
export const outputOptions = {
  hiddenSize: z
    .int()
    .min(1)
    .max(2048)
    .default(128)
    .describe('width of the output’s first hidden layer; each further one has half'),
  layers: z.int().min(1).max(8).default(2).describe('hidden layers of the output'),
  dropout: z
    .number()
    .min(0)
    .max(0.95)
    .default(0)
    .describe('share of the output’s hidden values dropped while training'),
}
/** How an output is made. */
interface ClickOutputConfig extends z.infer<z.ZodObject<typeof outputOptions>> {
  /** Width of each of the user's fields. */
  readonly embeddingSize: number
}

/** What an output reads of one batch. */
interface ClickOutputInputs {
  /** What the history says of each candidate, [B, width]. */
  readonly interest: Tensor
  /** The candidates' embeddings, [B, D]. */
  readonly target: Tensor
  readonly batch: ClickBatch
  readonly noise: Noise
}

/**
 * Logits [B]; parameters `field.user.*` and `output.*`.
 * @param widths of the interest and of a candidate's embedding
 */
export function clickOutput(
  shape: ClickShape,
  widths: readonly [interest: number, target: number],
  config: ClickOutputConfig,
) {
  const { embeddingSize, hiddenSize, layers, dropout } = config
  const users = withNumbers(shape, 'user', embeddedFields(shape, 'user', embeddingSize))
  const numbers = numbersOf(shape, 'item')
  const hidden = Array.from({ length: layers }, (_, layer) => Math.max(1, hiddenSize >> layer))
  const output = mlp('output', [widths[0] + widths[1] + shape.itemNumbers + users.width, ...hidden, 1], {
    activation: 'prelu',
    dropout,
  })
  return ({ interest, target, batch: { rows, histories, user_H, item_B }, noise }: ClickOutputInputs): Tensor => {
    const user = users(user_H)
    // One user's row serves all candidates.
    const ofUser = rows === histories ? user : expand(user, [rows, users.width])
    return sum(output(concat([interest, target, ...(numbers ? [numbers(item_B)] : []), ofUser], 1), noise), [1])
  }
}
