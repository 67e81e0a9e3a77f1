import { describe, expect, it } from 'vitest'
import { noNoise } from '../../nn/noise.ts'
import { buildGraph } from '../../onnx/graph.ts'
import { randomStream } from '../../random/stream.ts'
import { input, sizeOf } from '../../tensor/node.ts'
import { evaluateTensors, type Feeds } from '../../testing/evaluate-tensor.ts'
import { parseOptions } from '../contract/options.ts'
import { type BackboneOptions, backboneOf, backboneSlugs } from './backbones.ts'
import { din } from './din.ts'
import { dpn } from './dpn.ts'
import { eta } from './eta.ts'
import { twin } from './twin.ts'

const options: BackboneOptions = {
  attentionSize: 8,
  heads: 2,
  topItems: 3,
  recentItems: 2,
  hashBits: 16,
  patternLength: 3,
  patternNoise: 0.1,
}
const [width, length] = [6, 7]
const lengths = [7, 0, 1, 3, 5]

/** Interest and weights of five candidates, each with a history of its own length. */
async function measured(slug: string): Promise<{ interest: number[][]; weights: number[][] }> {
  const rows = lengths.length
  const inputs = {
    history: input('history', [rows, length, width]),
    target: input('target', [rows, width]),
    mask: input('mask', [rows, length]),
  }
  const model = backboneOf(slug).build('id', options, width)
  const made = model.read({ ...inputs, noise: noNoise })
  expect(made.interest.shape).toEqual([rows, model.width])
  const random = randomStream(3)
  const feeds: Record<string, Feeds[string]> = {}
  for (const [name, { shape }] of buildGraph({ ...made }).inputs)
    feeds[name] = Float32Array.from({ length: sizeOf(shape) }, () => random.normal())
  feeds['mask'] = Float32Array.from(lengths.flatMap((events) => Array.from({ length }, (_, at) => Number(at < events))))
  const { interest, weights } = await evaluateTensors({ interest: made.interest, weights: made.weights }, feeds)
  const rowsOf = (values: Feeds[string]): number[][] =>
    lengths.map((_, row) =>
      Array.from(values.slice((row * values.length) / rows, ((row + 1) * values.length) / rows), Number),
    )
  return { interest: rowsOf(interest), weights: rowsOf(weights) }
}

describe.each(backboneSlugs)('%s', (slug) => {
  it('finds no interest in an empty history', async () => {
    const { interest } = await measured(slug)
    expect(interest.flat().every(Number.isFinite)).toBe(true)
    expect(interest[1]?.every((value) => value === 0)).toBe(true)
    expect(interest.filter((row) => row.every((value) => value === 0))).toHaveLength(1)
  })

  it('weighs as many events as it keeps, and no padding', async () => {
    const { weights } = await measured(slug)
    const kept = slug === 'din' ? length : options.topItems
    expect(weights.map((row) => row.filter((weight) => weight !== 0).length)).toEqual(
      lengths.map((events) => Math.min(events, kept)),
    )
    for (const [row, events] of lengths.entries())
      expect(weights[row]?.slice(events).every((weight) => weight === 0)).toBe(true)
  })
})

it.each(['dpn', 'eta', 'twin'])('%s shares out one whole between the events it keeps', async (slug) => {
  const { weights } = await measured(slug)
  for (const [row, events] of lengths.entries()) expect(sumOf(weights[row]!)).toBeCloseTo(Number(events > 0), 5)
})

const sumOf = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

it('refuses a backbone it does not know, naming the nearest', () => {
  expect(() => backboneOf('twins')).toThrow(
    'backbone: unknown: "twins", expected one of din, dpn, eta, twin. did you mean "twin"?',
  )
})

it.each([dpn, eta, twin])('refuses heads that do not divide the embedding: $slug', ({ slug, config }) => {
  expect(() => parseOptions<unknown>(slug, config, { heads: 3 })).toThrow(
    `${slug}.heads: invalid: 3, expected a whole number from 1 to 64 that must divide`,
  )
})

it('refuses the options of another behavior model', () => {
  expect(() => parseOptions(din.slug, din.config, { hashBits: 8 })).toThrow('din: unknown: "hashBits"')
})
