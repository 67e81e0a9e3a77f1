/** @file Options that several of the comparisons for clicks share. */
import * as z from 'zod'

/** Width of embeddings. */
export const embeddingSize = z.int().min(1).max(1024).default(16).describe('width of each field’s embedding')
/** Whether the history is read. */
export const history = z.boolean().default(true).describe('read the items of the history')
/** Events read. */
export const maxLength = z.int().min(1).max(1000).default(50).describe('L, how many of the last events are read')
/** Width of hidden layers. */
export const hiddenSize = z.int().min(1).max(2048).default(128)
/** Hidden layers. */
export const layers = z.int().min(1).max(8).default(2).describe('hidden layers')
/** Dropout of hidden layers. */
export const dropout = z
  .number()
  .min(0)
  .max(0.95)
  .default(0)
  .describe('share of the hidden values dropped while training')
