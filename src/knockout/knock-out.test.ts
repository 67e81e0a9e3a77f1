import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { plantedSignals } from '../../test/fixtures/planted-signals.ts'
import { temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import type { TrainingData } from '../batches/kind.ts'
import { readRun } from '../runs/run-file.ts'
import { taskOf } from '../runs/tasks.ts'
import { trainRun } from '../runs/train-run.ts'
import { type KnockOut, knockOut, refuseUnread, type Untouched, untouchedOf } from './knock-out.ts'
import { retrained } from './retrained.ts'
import { signalsOf } from './signals.ts'
import { headOf, rowsOf, sentencesOf } from './told.ts'

const place = temporaryFolder()
afterAll(() => place[Symbol.dispose]())
const dataset = plantedSignals()

/** A run that was trained on the planted shop. */
async function trained(model: string, more: { config?: object; training?: object } = {}): Promise<string> {
  const out = join(place.path, model)
  await trainRun({
    model,
    dataset,
    out,
    config: { hiddenSize: 16, layers: 1, heads: 1, dropout: 0, maxLength: 8, ...more.config },
    training: { epochs: 14, threads: 1, learningRate: 0.01, batchSize: 32, ...more.training },
  })
  return out
}

function untouched(folder: string, only?: readonly string[]): Untouched & { readonly data: TrainingData } {
  const run = readRun(folder)
  const data = taskOf(run.model).split(dataset, run.split)
  return { folder, run, data, signals: signalsOf(folder, run, data, only) }
}

describe('a run on a shop where texts and views say what is bought', () => {
  let result: KnockOut
  beforeAll(async () => {
    result = await knockOut(untouched(await trained('sasrec-bf')), { part: 'test', seed: 1 })
  })
  const lossOf = (name: string, way: string) =>
    result.signals.find((signal) => signal.name === name)?.inference.find((one) => one.way === way)?.loss

  it.each(['text', 'view'])('loses without the %s, whatever takes its place, clear of 0', (name) => {
    for (const way of ['nothing', 'permutation', 'noise']) expect(lossOf(name, way)?.low).toBeGreaterThan(0)
  })
  it.each(['image', 'like'])('loses nothing that can be told without the %s', (name) => {
    const { low = 1, high = -1 } = lossOf(name, 'permutation') ?? {}
    expect([low <= 0, high >= 0]).toEqual([true, true])
  })
  it('says so in a sentence for each, the most valuable first', () => {
    const sentences = sentencesOf(result).map((sentence) => sentence.replace(/:.*/, '').replaceAll(/[\d.]+/g, 'N'))
    expect(sentences.slice(0, 2).sort()).toEqual(['Texts add N %', 'View events add N %'])
    expect(sentences.slice(2).sort()).toEqual(
      ['Like events', 'Pictures'].map((what) => `${what} add nothing you could measure on this data`),
    )
    for (const row of rowsOf(result)) expect(row).toHaveLength(headOf(result).length)
  })
  it('is the same with the same seed', async () => {
    const only = ['image', 'view']
    const again = await knockOut(untouched(join(place.path, 'sasrec-bf'), only), { part: 'test', seed: 1 })
    expect(again.signals).toEqual(result.signals.filter(({ name }) => only.includes(name)))
  })
})

it('trains again without a signal, goes on where it was stopped, and trains nothing twice', async () => {
  const folder = join(place.path, 'sasrec-bf')
  const own = untouched(folder, ['text', 'like'])
  const [part, ways, seed] = ['test', ['nothing'], 1] as const
  const shown = await knockOut(own, { part, seed, ways })
  const told: string[] = []
  const stop = new AbortController()
  const options = { part, seed, ways, seeds: [own.run.training?.seed ?? 0], folder: `${folder}-knockout` }
  const say = (line: string): void => void told.push(line.replace(/: .*/, line.endsWith('before') ? ' again' : ''))
  const stopped = await retrained(own, shown, {
    ...options,
    say,
    signal: stop.signal,
    report: (event) => event.kind === 'epoch' && event.epoch === 2 && stop.abort(),
  })
  expect([stopped, told]).toEqual([undefined, ['[1/3] untouched, seed 1 again']])
  const whole = await retrained(own, shown, options)
  const of = (name: string) => whole?.signals.find((signal) => signal.name === name)?.retrained?.[0]
  expect(of('text')?.loss?.low).toBeGreaterThan(0)
  expect(of('like')?.loss).toMatchObject({ low: expect.toSatisfy((low: number) => low <= 0) as number })
  expect(whole?.retrained?.untouched).toEqual(shown.untouched)
  const again = await retrained(own, shown, { ...options, say, report: () => expect.unreachable() })
  expect(again).toEqual(whole)
  expect(whole && sentencesOf(whole)[0]).toMatch(/^Texts add .* %: a model that is trained without them loses/)
})

it('names what a model does not read, and refuses one that reads nothing of it', async () => {
  const folder = await trained('sasrec', { training: { epochs: 1, threads: 1 } })
  const ways = ['noise'] as const
  const { unread, signals } = await knockOut(untouched(folder), { part: 'validation', seed: 1, ways })
  expect([unread, signals.map(({ name }) => name)]).toEqual([
    ['image', 'text'],
    ['like', 'view'],
  ])
  const blind = await knockOut(untouched(folder, ['image', 'text']), { part: 'validation', seed: 1, ways })
  expect(() => refuseUnread(blind)).toThrow(`${folder}: unsupported: sasrec reads none of image, text`)
  expect(() => untouched(folder, ['pictures'])).toThrow('--only: unknown: "pictures"')
})

it('refuses a run that counts, and data in which there is nothing to take away', async () => {
  const counted = join(place.path, 'popularity')
  await trainRun({ model: 'popularity', dataset, out: counted })
  await expect(untouchedOf(counted)).rejects.toThrow('unsupported: popularity counts events and reads nothing else')
  const { manifest } = dataset
  const bare = { ...dataset, features: {}, manifest: { ...manifest, behaviors: ['buy'], target: 'buy' } }
  const run = { model: 'sasrec', split: {} } as never
  expect(() => signalsOf('run', run, { dataset: bare } as TrainingData)).toThrow(
    'run: unsupported: tiny has the behavior buy alone, no vectors and no fields',
  )
})
