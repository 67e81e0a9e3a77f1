/** @file Options that several models share, each written once: name, range, default, description. */
import * as z from 'zod'

/** D, the width of hidden states. */
export const hiddenSize = z.int().min(1).max(1024).default(64).describe('width of every hidden state (D)')
/** Width of the embeddings of models that embed several id fields. */
export const fieldSize = z
  .int()
  .min(1)
  .max(256)
  .default(16)
  .describe('width of the embedding of each id field (item, user, brand, ...)')
/** L of models that read items in order. */
export const maxLength = z
  .int()
  .min(1)
  .max(1000)
  .default(50)
  .describe("how many of a user's last items the model reads (L)")
/** L of models that read events with their behaviors. */
export const maxEvents = maxLength.describe("how many of a user's last events the model reads (L)")
/** Items between the ends of training windows. */
export const stride = z
  .int()
  .min(1)
  .max(1000)
  .default(25)
  .describe('a history longer than maxLength is cut into windows that end this many items apart')
/** Events that training leaves out. */
export const recentEvents = z
  .int()
  .min(0)
  .max(1_000_000)
  .default(0)
  .describe("train on so many of a user's last events and leave out those before them; 0 trains on all")
/** Transformer blocks. */
export const layers = z.int().min(1).max(12).default(2).describe('number of Transformer blocks')
/** Attention heads. */
export const heads = z.int().min(1).max(64).default(2).describe('number of attention heads; must divide hiddenSize')
/** Dropout of hidden values. */
export const dropout = z
  .number()
  .min(0)
  .max(0.95)
  .default(0.5)
  .describe('share of hidden values set to 0 while training')
/** Weight of targets of other behaviors. */
export const auxiliaryTargets = z
  .number()
  .min(0)
  .max(1)
  .default(1)
  .describe(
    'weight in the loss of a next event that is not of the target behavior; 0 trains on the target behavior alone',
  )

/** Where positions begin. */
export const positions = z
  .enum(['start', 'end'])
  .default('start')
  .describe('where positions are counted from: start is the earliest of the events that are read, end the last one')

/** The options of models that read a sequence of items with a Transformer. */
export const sequenceOptions = { hiddenSize, maxLength, stride, layers, heads, dropout, auxiliaryTargets }

/** The options of models that fill in masked places of a window, beside {@link sequenceOptions}. */
export const clozeOptions = {
  maxLength: z
    .int()
    .min(2)
    .max(1000)
    .default(50)
    .describe('length of the input (L): the last L - 1 items and the mask that stands for the next item'),
  dropout: dropout.default(0.2),
  maskShare: z
    .number()
    .min(0.01)
    .max(0.95)
    .default(0.2)
    .describe("share of a window's items that are masked while training"),
  lastShare: z
    .number()
    .min(0)
    .max(1)
    .default(0.1)
    .describe('probability that only the last item of a window is masked'),
  auxiliaryTargets: auxiliaryTargets.describe(
    'weight in the loss of a masked event that is not of the target behavior; 0 trains on the target behavior alone',
  ),
}

/** An ablation or a reading that is off by default. */
export const flag = (what: string) => z.boolean().default(false).describe(what)
/** The temperature of a softmax. */
export const temperature = (value: number, what: string) => z.number().min(0.01).max(10).default(value).describe(what)
/** The weight of a loss. */
export const lossWeight = (value: number, what: string) => z.number().min(0).max(10).default(value).describe(what)

/**
 * For a configuration's `refine`: heads that do not divide a width are refused.
 * @param width the option that the heads must divide
 */
export function headsDivide(width: string, heads = 'heads') {
  return [
    (config: Readonly<Record<string, unknown>>): boolean =>
      (config[width] as number) % ((config[heads] as number | undefined) ?? 1) === 0,
    { path: [heads], message: `must divide ${width}` },
  ] satisfies [unknown, unknown]
}
