/** @file Options that several behavior models share. */
import * as z from 'zod'

/** Heads of target attention. */
export const heads = z
  .int()
  .min(1)
  .max(64)
  .default(2)
  .describe('heads of the behavior model’s attention; must divide embeddingSize')
/** How many events a search keeps. */
export const topItems = z
  .int()
  .min(1)
  .max(1000)
  .default(16)
  .describe('how many events, or patterns, the behavior model’s search keeps for a candidate')
/** Width of DIN's unit. */
export const attentionSize = z
  .int()
  .min(1)
  .max(1024)
  .default(64)
  .describe('hidden width of DIN’s activation unit; its second layer has half of it')
/** Hidden widths of DIN's unit, the second half of the first. */
export const unitSizes = (width: number): [number, number] => [width, Math.max(1, width >> 1)]

/** What {@link headsDivide} reads. */
interface HeadOptions {
  readonly embeddingSize: number
  readonly heads?: number | undefined
}

/** For a configuration's `refine`: heads that do not divide the width of an embedding are refused. */
export const headsDivide = [
  ({ embeddingSize, heads = 1 }: HeadOptions): boolean => embeddingSize % heads === 0,
  { path: ['heads'], message: 'must divide embeddingSize' },
] satisfies [unknown, unknown]
