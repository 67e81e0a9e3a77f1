/** @file Options that several models of clicks share, each written once. The length of the history is in options.ts. */
import * as z from 'zod'
import { dropout as anyDropout } from './options.ts'

/** Width of embeddings. @param most the largest that is allowed */
export const embeddingSizeTo = (most: number) => z.int().min(1).max(most).default(16)
/** Width of embeddings. */
export const embeddingSize = embeddingSizeTo(1024).describe('width of the embedding of each categorical field')
/** Whether the history is read. */
export const history = z.boolean().default(true).describe("read the user's past items as a field; false ignores them")

/** Width of the first hidden layer; what the others have, a model says. */
export const hiddenSize = z.int().min(1).max(2048).default(128)
/** Hidden layers. */
export const layers = z.int().min(1).max(8).default(2).describe('number of hidden layers')
/** Dropout of hidden layers. */
export const dropout = anyDropout.default(0).describe('share of the hidden values set to 0 while training')

/** The options of the output network; each hidden layer has half the width of the one before. */
export const outputOptions = {
  hiddenSize: hiddenSize.describe(
    'width of the first hidden layer of the output network; each further layer has half of it',
  ),
  layers: layers.describe('number of hidden layers in the output network'),
  dropout: dropout.describe("share of the output network's hidden values set to 0 while training"),
}

/** Heads of a behavior model's attention. */
export const headsOf = (usual: number) =>
  z
    .int()
    .min(1)
    .max(64)
    .default(usual)
    .describe('number of attention heads in the behavior model; must divide embeddingSize')
/** Heads of a behavior model's attention. */
export const heads = headsOf(2)
/** How many events a search keeps. */
export const topItemsOf = (usual: number) =>
  z
    .int()
    .min(1)
    .max(1000)
    .default(usual)
    .describe('how many events (DPN: patterns) the behavior model selects from the history for a candidate')
/** How many events a search keeps. */
export const topItems = topItemsOf(16)
/** How many of the last events are read beside those that a search keeps. */
export const recentItems = z
  .int()
  .min(0)
  .max(1000)
  .default(8)
  .describe('how many of the last events ETA and TWIN read for every candidate, beside those they select; 0 is none')
/** Width of DIN's unit. */
export const attentionSize = z
  .int()
  .min(1)
  .max(1024)
  .default(64)
  .describe("width of the first hidden layer in DIN's activation unit; the second has half of it")
