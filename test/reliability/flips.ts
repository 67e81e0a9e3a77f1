/**
 * @file Bits flipped in, and bytes cut from, everything that siftrec reads back: it must refuse the file in a sentence,
 * or give what it gave before.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadDataset } from '../../src/dataset/load.ts'
import type { Dataset } from '../../src/dataset/schema.ts'
import { UserError } from '../../src/errors.ts'
import { randomStream } from '../../src/random/stream.ts'
import { recommend } from '../../src/rank/recommend.ts'
import { openRun } from '../../src/runs/open-run.ts'
import { resumeRun } from '../../src/runs/train-run.ts'
import { copy, filesIn, type Place } from './place.ts'

/** What came of the damaged copies of one file. */
export interface FlipCount {
  readonly file: string
  readonly tries: number
  readonly refused: number
  /** Read, with the very result of the undamaged file: a space of a JSON file, say, or a part that is made again. */
  readonly harmless: number
  readonly silent: readonly string[]
  readonly bugs: readonly string[]
}

/** A file to damage: in a copy of a folder, with what is asked of the folder afterwards. */
interface Target {
  readonly file: string
  readonly from: string
  readonly tries: number
  /** What the folder gives, as text to compare. */
  readonly ask: (folder: string, place: Place) => Promise<string>
}

/** The first recommendations of a run, with scores. */
async function recommendations(folder: string, dataset?: Dataset): Promise<string> {
  await using run = await openRun(folder, dataset ? { dataset } : {})
  const users = run.dataset.userIds.slice(1, 6)
  const lists = []
  for (const user of users) lists.push(await recommend(run, user, { top: 10 }))
  return JSON.stringify(lists)
}

/** Everything a dataset has in memory. */
async function datasetText(folder: string): Promise<string> {
  const { folder: _, ...dataset } = await loadDataset(folder)
  return JSON.stringify(dataset)
}

/** Damages every kind of file, as often in all as is asked. */
export async function flipMany(place: Place, tries: number, seed: number): Promise<FlipCount[]> {
  const dataset = await loadDataset(join(place.folder, 'data'))
  const fromRun = (folder: string): Promise<string> => recommendations(folder, dataset)
  const resumed = async (folder: string): Promise<string> => {
    await resumeRun(folder)
    return [...filesIn(folder).values()].join()
  }
  const share = (part: number): number => Math.round(tries * part)
  const targets: Target[] = [
    { file: 'model.safetensors', from: 'reference-run', tries: share(0.25), ask: fromRun },
    { file: 'run.json', from: 'reference-run', tries: share(0.1), ask: fromRun },
    { file: 'checkpoint.safetensors', from: 'half-run', tries: share(0.15), ask: resumed },
    { file: 'manifest.json', from: 'data', tries: share(0.1), ask: datasetText },
    ...['events.parquet', 'users.parquet', 'items.parquet', 'features.safetensors'].map((file) => {
      return { file, from: 'data', tries: share(0.075), ask: datasetText }
    }),
    {
      file: 'offline part',
      from: 'data',
      tries: share(0.1),
      // The run whose model has an offline part, on the dataset whose copy is damaged.
      ask: async (folder, { folder: all }) => recommendations(join(all, 'offline-run'), await loadDataset(folder)),
    },
  ]
  const counts: FlipCount[] = []
  for (const [at, target] of targets.entries()) counts.push(await flip(place, target, randomStream(seed, 'flips', at)))
  return counts
}

async function flip(place: Place, target: Target, random: ReturnType<typeof randomStream>): Promise<FlipCount> {
  const { file, from, tries, ask } = target
  const folder = join(place.folder, 'damaged')
  const fresh = (): string => {
    copy(join(place.folder, from), folder)
    if (file !== 'offline part') return join(folder, file)
    return join(folder, [...filesIn(folder).keys()].find((name) => name.startsWith('offline')) as string)
  }
  const path = fresh()
  const whole = readFileSync(path)
  const right = await ask(folder, place)
  let [refused, harmless] = [0, 0]
  const [silent, bugs]: [string[], string[]] = [[], []]
  for (let at = 0; at < tries; at++) {
    const spot = random.integer(whole.length)
    const cut = at % 2 === 1
    const damaged = cut ? whole.subarray(0, spot) : Buffer.from(whole)
    if (!cut) damaged[spot] = (whole[spot] as number) ^ (1 << random.integer(8))
    const what = `${cut ? 'cut at' : 'flipped in'} byte ${spot}`
    fresh()
    writeFileSync(path, damaged)
    try {
      if ((await ask(folder, place)) === right) harmless++
      else silent.push(what)
    } catch (error) {
      if (error instanceof UserError) refused++
      else bugs.push(`${what}: ${String(error)}`)
    }
  }
  return { file, tries, refused, harmless, silent, bugs }
}
