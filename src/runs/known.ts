/** @file `known.json`: whom and what a run was trained on, so that a dataset prepared later can be matched with it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import type { TrainingData } from '../batches/kind.ts'
import type { ClickVocabulary, Scale } from '../dataset/click-vocabulary.ts'
import { sealed, unsealed } from '../dataset/hashes.ts'
import type { Dataset, Field } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'
import { runFiles } from '../learn/loop.ts'
import { writeAtomically } from '../storage/atomic.ts'
import { vocabularyOf } from './built-model.ts'
import { fingerprintOf, type Run } from './run-settings.ts'

const scale = z.strictObject({ mean: z.number(), deviation: z.number() }).nullable()
/** The ids of a table's rows from 1 on, and what else is known of them. */
const table = z.strictObject({
  ids: z.array(z.string()),
  /** The values of each categorical field by their index; the first is the unknown one. */
  fields: z.record(z.string(), z.array(z.string())),
  /** What each numeric field is standardized by. */
  numbers: z.record(z.string(), scale),
  /** Where rare ids share a row: the row of each id, and how many there are. */
  rows: z.strictObject({ of: z.array(z.int()), count: z.int() }).optional(),
})

const knownSchema = z.strictObject({
  format: z.literal('siftrec-known'),
  version: z.literal(1),
  /** The run's fingerprint, as in its checkpoints. */
  run: z.string(),
  behaviors: z.array(z.string()),
  target: z.string(),
  time: z.enum(['milliseconds', 'order']),
  candidates: z.enum(['unseen', 'untargeted', 'all']),
  events: z.int(),
  items: table,
  users: table,
  features: z.record(z.string(), z.strictObject({ encoder: z.string(), width: z.int() })),
  /** The two cuts of a split by time; null for one that no event reaches. */
  cuts: z.tuple([z.number().nullable(), z.number().nullable()]).optional(),
  /** The time of the last event that trained, of each user from 1 on; null for a user of whom none did. */
  trainedUntil: z.array(z.number().nullable()),
})
/** See `known.json` in docs/data.md. */
export type Known = z.infer<typeof knownSchema>

/** Writes what a run is trained on beside it. */
export async function writeKnown(folder: string, run: Run, data: TrainingData): Promise<void> {
  await writeAtomically(join(folder, runFiles.known), sealed(knownOf(run, data), 0))
}

/** @throws UserError `missing` for a run of an earlier version, `corrupted` for a file that was changed */
export function readKnown(folder: string, run: Run): Known {
  const path = join(folder, runFiles.known)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    const value = `${runFiles.known}, which says what the run was trained on`
    const hint = 'it was trained by an earlier version: train again to serve it on a later dataset'
    throw new UserError({ where: folder, problem: 'missing', value, hint })
  }
  try {
    const known = knownSchema.parse(unsealed(text))
    if (known.run === fingerprintOf(run)) return known
  } catch {
    // Told below.
  }
  const hint = 'restore the folder from a copy, or train again'
  throw new UserError({ where: path, problem: 'corrupted', value: 'it was changed, or is of another run', hint })
}

function knownOf(run: Run, data: TrainingData): Known {
  const dataset = data.dataset.asked?.of ?? data.dataset
  const { manifest, catalog, users, userIds, features } = dataset
  const vocabulary = vocabularyOf(data)
  const { cuts } = data.samples ?? data.split
  return {
    format: 'siftrec-known',
    version: 1,
    run: fingerprintOf(run),
    behaviors: manifest.behaviors,
    target: manifest.target,
    time: manifest.time,
    candidates: manifest.candidates,
    events: manifest.counts.events,
    items: {
      ids: catalog.ids.slice(1),
      fields: valuesOf(catalog.fields),
      numbers: scalesByName(catalog.numbers, vocabulary?.itemScales),
      ...(data.samples && { rows: rowsOf(data.samples.vocabulary, 'item') }),
    },
    users: {
      ids: userIds.slice(1),
      fields: valuesOf(users?.fields ?? {}),
      numbers: scalesByName(users?.numbers, vocabulary?.userScales),
      ...(data.samples && { rows: rowsOf(data.samples.vocabulary, 'user') }),
    },
    features: Object.fromEntries(
      Object.entries(features).map(([name, { width }]) => [name, { encoder: encoderOf(dataset, name), width }]),
    ),
    ...(cuts && { cuts: [finite(cuts[0]), finite(cuts[1])] }),
    trainedUntil: trainedUntil(data),
  }
}

/** The encoder of a modality, as its manifest has it. */
export const encoderOf = ({ manifest }: Dataset, modality: string): string =>
  manifest.features[modality as keyof typeof manifest.features]?.encoder ?? ''

const finite = (time: number): number | null => (Number.isFinite(time) ? time : null)

const valuesOf = (fields: Readonly<Record<string, Field>>): Record<string, string[]> =>
  Object.fromEntries(Object.entries(fields).map(([name, { vocabulary }]) => [name, [...vocabulary]]))

const scalesByName = (columns: object = {}, scales: readonly Scale[] = []): Record<string, Scale> =>
  Object.fromEntries(Object.keys(columns).map((name, at) => [name, scales[at] ?? null]))

function rowsOf(vocabulary: ClickVocabulary, of: 'item' | 'user'): Known['items']['rows'] {
  return { of: [...vocabulary[`${of}Row`].subarray(1)], count: vocabulary[`${of}Rows`] }
}

function trainedUntil({ dataset: { events, userIds }, split, samples }: TrainingData): (number | null)[] {
  const until = new Float64Array(userIds.length).fill(Number.NEGATIVE_INFINITY)
  for (const sample of samples?.train ?? []) {
    const user = samples?.user[sample] as number
    until[user] = Math.max(until[user] as number, samples?.time[sample] as number)
  }
  for (const [user, end] of split?.trainEnd.entries() ?? []) {
    if (end > (events.start[user] as number)) until[user] = events.time[end - 1] as number
  }
  return Array.from(until.subarray(1), finite)
}
