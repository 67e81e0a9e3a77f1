import { describe, expect, it } from 'vitest'
import { clickSamples, clickSplitConfig } from '../dataset/click-samples.ts'
import { youtubeNet } from '../models/clicks/youtube-net.ts'
import { catalogShape } from '../models/contract/catalog.ts'
import { sasrec } from '../models/sequential/sasrec.ts'
import { type TinyEvent, tinyDataset } from '../testing/tiny-dataset.ts'
import { stagesOf } from './objectives.ts'
import { initialParameters, valuesOf } from './parameters.ts'
import { clickBytes, rankingBytes, type Users } from './serving-memory.ts'
import { parametersOf } from './step.ts'

/** A user with so many events, favorites every other time. */
const eventsOf = (user: number, count: number): TinyEvent[] =>
  Array.from({ length: count }, (_, at) => [user, 1 + ((7 * user + at) % 40), at % 2 === 0 ? 'click' : 'favorite', at])

const valuesOfModel = (model: Parameters<typeof stagesOf>[0]) =>
  valuesOf(initialParameters(parametersOf(stagesOf(model).flatMap(({ objectives }) => objectives)), 1))

describe('the memory of ranking', () => {
  const bytesOf = (items: number, maxLength: number, users: Users): Promise<number> => {
    const dataset = tinyDataset({ events: eventsOf(1, 4), items })
    const model = sasrec.build(sasrec.config.parse({ maxLength }), catalogShape(dataset))
    return rankingBytes({ slug: 'sasrec', model, dataset, parameters: valuesOfModel(model) }, users)
  }

  it('has the graphs of every length', async () => {
    const [short, long] = [await bytesOf(50, 16, 'many'), await bytesOf(50, 64, 'many')]
    // Lengths of 16 and 64 have five times the places of one of 16; scores and items do not grow.
    expect(long).toBeGreaterThan(3.5 * short)
    expect(long).toBeLessThan(7 * short)
  })

  it('has the scores of a batch of users, and far less for one user', async () => {
    const [few, many] = [await bytesOf(1000, 8, 'many'), await bytesOf(3000, 8, 'many')]
    // 256 histories that are measured at once, and the 128 of a compiled batch.
    expect(many - few).toBeGreaterThanOrEqual(4 * 2000 * (256 + 128))
    expect(await bytesOf(3000, 8, 'one')).toBeLessThan(many / 10)
  })
})

describe('the memory of a service', () => {
  it('has the graphs of batches of every size, and the scores of the largest twice', async () => {
    const dataset = tinyDataset({ events: eventsOf(1, 4), items: 1000 })
    const model = sasrec.build(sasrec.config.parse({ maxLength: 8 }), catalogShape(dataset))
    const parts = { slug: 'sasrec', model, dataset, parameters: valuesOfModel(model) }
    const [one, service] = [await rankingBytes(parts, 'one'), await rankingBytes(parts, { candidates: 9 })]
    // Scores of 1 + 4 + 16 + 32 + 128 histories by their graphs, of 128 twice in the queue, of one alone twice.
    expect(service - one).toBeGreaterThan(4 * 1001 * (181 + 2 * 128 - 2))
  })

  it('has what it puts in order', async () => {
    const dataset = tinyDataset({ events: [1, 2, 3, 4].flatMap((user) => eventsOf(user, 20)), items: 200 })
    const settings = { source: 'drawn', label: 'favorite', protocol: 'random', testShare: 0.3, validationShare: 0.3 }
    const samples = clickSamples(dataset, clickSplitConfig.parse(settings))
    const model = youtubeNet.build(youtubeNet.config.parse({}), catalogShape(dataset, samples.vocabulary))
    const parts = { slug: 'youtube-net', model, dataset, samples, parameters: valuesOfModel(model) }
    expect(await clickBytes(parts, { candidates: 500 })).toBeGreaterThan(10 * (await clickBytes(parts, 'one')))
  })
})

describe('the memory of predictions', () => {
  const bytesOf = (counts: readonly number[]): Promise<number> => {
    const dataset = tinyDataset({ events: counts.flatMap((count, at) => eventsOf(at + 1, count)), items: 200 })
    const settings = { source: 'drawn', label: 'favorite', protocol: 'random', testShare: 0.3, validationShare: 0.3 }
    const samples = clickSamples(dataset, clickSplitConfig.parse(settings))
    const model = youtubeNet.build(youtubeNet.config.parse({}), catalogShape(dataset, samples.vocabulary))
    return clickBytes(
      { slug: 'youtube-net', model, dataset, samples, parameters: valuesOfModel(model) },
      samples.validation,
    )
  }

  it('has the graphs of every length that the samples have', async () => {
    const [short, long] = [await bytesOf([4, 4, 4, 4]), await bytesOf([100, 100, 100, 100])]
    // Histories of up to 4 events, and of up to 4, 8, 16, 32 and 50.
    expect(long).toBeGreaterThan(5 * short)
  })
})
