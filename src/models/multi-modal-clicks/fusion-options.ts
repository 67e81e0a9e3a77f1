/** @file Options that models of this room share, each written once; what differs between models is its default. */
import * as z from 'zod'
import { dropout } from '../parts/options.ts'

const width = (value: number) => z.int().min(1).max(1024).default(value)

/** D */
export const modalitySize = (value: number) =>
  width(value).describe('width that ids and the vectors of pictures and texts are projected to (D)')
/** O */
export const fusionSize = (value: number) => width(value).describe('width of the fused vector of an item (O)')
/** R */
export const rank = (value: number) =>
  z
    .int()
    .min(1)
    .max(256)
    .default(value)
    .describe('rank of the fusion (R): how many products of the modalities are added up for each number')
/** How modalities meet. */
export const fusion = z
  .enum(['product', 'concat'])
  .default('product')
  .describe('product multiplies the modalities; concat is one linear map of them side by side, to compare')
/** What is done first, fusing or averaging. */
export const fuse = z
  .enum(['events', 'pooled'])
  .default('events')
  .describe(
    'events fuses each event and averages what comes of it; pooled averages each modality over the events and fuses once, which costs less and forgets which picture went with which text',
  )
/** Dropped of what is fused. */
export const inputDropout = (value: number) =>
  dropout.default(value).describe("share of each modality's values set to 0 before the fusion while training")
