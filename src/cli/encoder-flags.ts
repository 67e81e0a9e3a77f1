/** @file The flags that say how titles and pictures become vectors, and the maker of features that they mean. */
import { type Command, Option } from 'commander'
import type { FeatureMaker } from '../dataset/schema.ts'
import { UserError } from '../errors.ts'
import type { LabelOptions } from '../features/clip/labels.ts'
import type { Precision } from '../features/clip/model-folder.ts'
import { whole } from './values.ts'

/** The flags as they were given. */
export interface EncoderFlags {
  readonly encoder: 'local' | 'sentence' | 'clip' | 'precomputed' | 'none'
  readonly model?: string
  readonly textModel?: string
  readonly precision?: Precision
  readonly cache?: string
  readonly labels?: string
  readonly labelField?: string
  readonly labelPrompt?: string
  readonly textFeatures?: string
  readonly imageFeatures?: string
  readonly featureIds?: string
  readonly featureWidth?: number
}

/** Adds the flags to a command. */
export function addEncoderFlags(command: Command): Command {
  return command
    .addOption(
      new Option('--encoder <name>', 'how titles and pictures become vectors; see docs/encoders.md')
        .choices(['local', 'sentence', 'clip', 'precomputed', 'none'])
        .default('local'),
    )
    .option('--model <folder>', 'with --encoder clip: the folder of the model, or OWNER/NAME@REVISION of a fetched one')
    .option('--text-model <folder>', 'with --encoder clip: another model for titles, such as a multilingual one')
    .addOption(
      new Option(
        '--precision <name>',
        'with --encoder clip: which files of the model; fp32 by default if it has them',
      ).choices(['fp32', 'quantized']),
    )
    .option('--cache <folder>', 'with --encoder clip or sentence: where vectors are kept for the next time')
    .option(
      '--labels <list>',
      'with --encoder clip: the label nearest to each picture becomes a field: "dress,bag,shoe"',
    )
    .option('--label-field <name>', 'with --labels: the name of that field, category by default')
    .option('--label-prompt <text>', 'with --labels: the sentence around a label, "a photo of a {}" by default')
    .option(
      '--text-features <file>',
      'with --encoder precomputed: vectors of texts, as .safetensors, .npy or raw float32',
    )
    .option('--image-features <file>', 'with --encoder precomputed: vectors of pictures, in the same formats')
    .option(
      '--feature-ids <file>',
      'item ids of the rows of vectors: one id a line, or id<TAB>row; a .safetensors file may hold them itself',
    )
    .option(
      '--feature-width <number>',
      'how many numbers a vector has; raw float32 files need it if it is not 512',
      (text) => whole('--feature-width', text),
    )
}

/**
 * What makes the features; undefined for none.
 * @throws UserError `invalid` when the flags contradict each other, `missing` for a model that is not there
 */
export async function featureMakerOf(
  flags: EncoderFlags,
  report: (line: string) => void,
): Promise<FeatureMaker | undefined> {
  refuseContradictions(flags)
  if (flags.encoder === 'none') return undefined
  if (flags.encoder === 'local') return (await import('../features/local.ts')).localFeatures(report)
  if (flags.encoder === 'clip') return await clipMaker(flags, report)
  if (flags.encoder === 'precomputed') return await precomputedMaker(flags)
  const { sentenceFeatures } = await import('../features/sentence.ts')
  const { keptFolder } = await import('../storage/home.ts')
  return sentenceFeatures(flags.cache ?? keptFolder('vectors'), report)
}

/** Which flags mean something with some encoders alone. */
const owned = [
  { names: ['model', 'textModel', 'precision', 'labels', 'labelField', 'labelPrompt'], owners: ['clip'] },
  { names: ['cache'], owners: ['clip', 'sentence'] },
  { names: ['textFeatures', 'imageFeatures', 'featureIds', 'featureWidth'], owners: ['precomputed'] },
] as const

const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

function refuseContradictions(flags: EncoderFlags): void {
  const refuse = (value: string, expected: string): UserError =>
    new UserError({ where: '--encoder', problem: 'invalid', value: `${flags.encoder} ${value}`, expected })
  for (const { names, owners } of owned) {
    const name = names.find((flag) => flags[flag] !== undefined)
    if (name !== undefined && !owners.some((owner) => owner === flags.encoder))
      throw refuse(`with ${flagOf(name)}`, `${owners.join(' or ')} with that`)
  }
  if (flags.encoder === 'precomputed' && flags.textFeatures === undefined && flags.imageFeatures === undefined)
    throw refuse(
      'without --text-features or --image-features',
      'precomputed, with --text-features, --image-features or both',
    )
  if (flags.encoder === 'clip' && flags.model === undefined)
    throw refuse('without --model', 'clip with the folder of a model')
  const label = (['labelField', 'labelPrompt'] as const).find((name) => flags[name] !== undefined)
  if (label !== undefined && flags.labels === undefined)
    throw new UserError({ where: flagOf(label), problem: 'invalid', value: 'without --labels', expected: 'labels too' })
}

async function clipMaker(
  { model = '', textModel, precision, cache, ...flags }: EncoderFlags,
  report: (line: string) => void,
): Promise<FeatureMaker> {
  const { clipFeatures } = await import('../features/clip/clip-features.ts')
  const { modelFolderOf } = await import('../hub/model-name.ts')
  const { keptFolder } = await import('../storage/home.ts')
  const folderOf = (text: string): string => modelFolderOf(text, keptFolder('models'))
  const labels = await labelsOf(flags)
  return clipFeatures({
    model: folderOf(model),
    ...(textModel !== undefined && { textModel: folderOf(textModel) }),
    ...(precision !== undefined && { precision }),
    cache: cache ?? keptFolder('vectors'),
    ...(labels && { labels }),
    report,
  })
}

async function labelsOf({
  labels,
  labelField = 'category',
  labelPrompt = 'a photo of a {}',
}: Pick<EncoderFlags, 'labels' | 'labelField' | 'labelPrompt'>): Promise<LabelOptions | undefined> {
  if (labels === undefined) return undefined
  if (!labelPrompt.includes('{}'))
    throw new UserError({
      where: '--label-prompt',
      problem: 'invalid',
      value: `"${labelPrompt}"`,
      expected: 'a sentence with {} where the label goes',
    })
  const { labelNames } = await import('../features/clip/labels.ts')
  return { names: labelNames(labels), field: labelField, prompt: labelPrompt }
}

async function precomputedMaker({
  textFeatures,
  imageFeatures,
  featureIds,
  featureWidth,
}: EncoderFlags): Promise<FeatureMaker> {
  const more = {
    ...(featureIds !== undefined && { ids: featureIds }),
    ...(featureWidth !== undefined && { width: featureWidth }),
  }
  const { precomputedFeatures } = await import('../features/precomputed.ts')
  return precomputedFeatures({
    ...(textFeatures !== undefined && { text: { vectors: textFeatures, ...more } }),
    ...(imageFeatures !== undefined && { image: { vectors: imageFeatures, ...more } }),
  })
}
