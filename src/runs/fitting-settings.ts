/**
 * @file Settings that fit the data, where one number cannot serve a shop of a thousand users and one of a million: the
 * size of a batch, patience, and how much of a history is read; and those that fit the model.
 */
import type { TrainingData } from '../batches/kind.ts'
import { isKnownUser } from '../dataset/click-vocabulary.ts'
import type { clickTrainingConfig } from '../learn/config.ts'
import { optionsOf } from '../models/contract/options.ts'
import { modelOf } from '../models/registry.ts'
import { taskOptions } from './task-options.ts'

/** Options of a model and of its training, by name. */
export interface FittingSettings {
  readonly config: Readonly<Record<string, number>>
  readonly training: Readonly<Partial<Record<keyof typeof clickTrainingConfig.shape, number>>>
}

/** An epoch has about so many steps, as far as batches of the smallest and the largest size allow. */
const stepsOfEpoch = 50
const batches = {
  windows: { least: 32, most: 256 },
  targets: { least: 32, most: 256 },
  // A pair is one row of a table where a window is fifty.
  pairs: { least: 256, most: 2048 },
} as const
/** Training goes on for so many steps without a better validation, and for so many epochs. */
const patientSteps = 500
const patience = { least: 10, most: 40 } as const
/** A history is read as far back as it goes for this share of the users. */
const wholeHistories = 0.95
/** How many ids are hidden in a step where most of validation is of users that training never met; else none. */
const hiddenShare = 0.3
/** Windows of a long history are about so long; see `stride` of the models. */
const windowLength = 50

/**
 * The settings that fit what a model learns from.
 * @param slug a model of the registry; one that is fitted by counting needs none
 */
export function fittingSettings(slug: string, data: TrainingData): FittingSettings {
  if (!taskOptions(slug).training) return { config: {}, training: {} }
  const lengths = trainingLengths(data)
  const model = modelOf(slug)
  const { rows = 'windows', weightDecay } = 'build' in model ? model : {}
  const examples = data.samples ? trainingSamples(data) : rows === 'windows' ? windowsOf(lengths) : eventsOf(lengths)
  const batchSize = powerWithin(examples / stepsOfEpoch, batches[rows])
  const steps = Math.max(1, Math.ceil(examples / batchSize))
  return {
    config: lengthOf(slug, lengths),
    training: {
      batchSize,
      patience: within(Math.ceil(patientSteps / steps), patience),
      ...(weightDecay !== undefined && { weightDecay }),
      ...(mostAreUnknown(data) && { unknownShare: hiddenShare }),
    },
  }
}

/** One line for the user: what was chosen, for how many users, and the flags that change it. */
export function fittingText(users: number, { config, training }: FittingSettings): string {
  const words = {
    batchSize: (value: number) => `batch ${value}`,
    patience: (value: number) => `patience ${value} epochs`,
    maxLength: (value: number) => `histories of ${value} events`,
    weightDecay: (value: number) => `weight decay ${value}`,
    unknownShare: (value: number) => `${100 * value} % of the users unknown in a step`,
  }
  const flags = {
    batchSize: '--batch-size',
    patience: '--patience',
    maxLength: '--max-length',
    weightDecay: '--weight-decay',
    unknownShare: '--unknown-share',
  }
  const chosen = Object.entries({ ...training, ...config }) as [keyof typeof words, number][]
  if (chosen.length === 0) return ''
  const told = chosen.map(([name, value]) => words[name](value)).join(', ')
  const change = chosen.map(([name]) => flags[name]).join(', ')
  return `settings for ${users.toLocaleString('en-US')} users: ${told} (${change} to change)`
}

/** The events of each user that training reads. */
function trainingLengths({ dataset: { events }, split }: TrainingData): number[] {
  const lengths: number[] = []
  for (let user = 1; user < events.start.length - 1; user++) {
    const end = split ? split.trainEnd[user] : events.start[user + 1]
    const length = (end as number) - (events.start[user] as number)
    if (length > 1) lengths.push(length)
  }
  return lengths
}

const windowsOf = (lengths: readonly number[]): number =>
  lengths.reduce((sum, length) => sum + Math.ceil(length / windowLength), 0)

const eventsOf = (lengths: readonly number[]): number => lengths.reduce((sum, length) => sum + length, 0)

const trainingSamples = ({ samples }: TrainingData): number => samples?.train.length ?? 0

/** Whether most validation impressions are of users that share the row of unknown ones. */
function mostAreUnknown({ samples }: TrainingData): boolean {
  if (!samples) return false
  const { validation, user, vocabulary } = samples
  const unknown = validation.filter((sample) => !isKnownUser(vocabulary, user[sample] as number))
  return 2 * unknown.length > validation.length
}

/** `maxLength` where a model has it and histories are shorter than its default. */
function lengthOf(slug: string, lengths: readonly number[]): Record<string, number> {
  const option = optionsOf(modelOf(slug).config).find(({ name }) => name === 'maxLength')
  if (typeof option?.default !== 'number' || lengths.length === 0) return {}
  const sorted = Int32Array.from(lengths).sort()
  const long = sorted[Math.floor(wholeHistories * (sorted.length - 1))] as number
  const tens = 10 * Math.ceil(long / 10)
  return tens < option.default ? { maxLength: tens } : {}
}

const within = (value: number, { least, most }: { least: number; most: number }): number =>
  Math.min(most, Math.max(least, value))

/** The power of two that is nearest to a number by ratio, within limits. */
const powerWithin = (value: number, limits: { least: number; most: number }): number =>
  within(2 ** Math.round(Math.log2(Math.max(1, value))), limits)
