/** @file The features of a catalog by CLIP, or by a model that is laid out like it. */
import type { FeatureMaker, FeatureSources, MadeCatalog } from '../../dataset/schema.ts'
import { UserError } from '../../errors.ts'
import { encodeKept } from '../encode-catalog.ts'
import type { KeptEncoder } from '../kept-encoder.ts'
import { chooseLabels, type LabelOptions } from './labels.ts'
import { type ModelFolder, modelName, openModelFolder, type Precision, towerFile } from './model-folder.ts'
import type { PixelValues } from './pixel-values.ts'
import { openTextTower } from './text-tower.ts'
import { openVisionTower } from './vision-tower.ts'

/** Which model, and where its vectors are kept. */
export interface ClipOptions {
  /** The model's folder. */
  readonly model: string
  /** Another folder for texts, as that of a multilingual model trained to agree with the first; by default the same. */
  readonly textModel?: string
  /** That of 32 bits where it is there, unless this says otherwise. */
  readonly precision?: Precision
  /** The folder of vectors that were made before. */
  readonly cache: string
  /** Threads of the model (default 2). */
  readonly threads?: number
  readonly labels?: LabelOptions
  readonly report?: (line: string) => void
}

/** The parts of a model that are there. */
interface Towers {
  readonly vision: KeptEncoder<PixelValues> | undefined
  readonly text: KeptEncoder<readonly number[]> | undefined
}

/**
 * Encodes pictures and titles by a model on disk. A part that the model does not have makes no vectors.
 * @throws UserError for a folder that is no model's
 */
export function clipFeatures(options: ClipOptions): FeatureMaker {
  const { model, textModel = model, precision, threads, cache, labels, report = () => undefined } = options
  const folders = { vision: openModelFolder(model), text: openModelFolder(textModel) }
  refuseEmpty(folders, options)
  const make = async (catalog: FeatureSources): Promise<MadeCatalog> => {
    const how = { precision, threads }
    await using vision = await openVisionTower(folders.vision, how)
    await using text = await openTextTower(folders.text, how)
    if (vision) report(`pictures are read by ${modelName(folders.vision)}: ${vision.name}`)
    if (text) report(`titles are read by ${modelName(folders.text)}: ${text.name}`)
    // Awaited here, since the model is given back when this ends.
    return await encode({ vision, text }, catalog, options)
  }
  const reads = [model, textModel, cache]
  return Object.assign(make, { reads, bytes, ...(labels && { fields: [labels.field] }) })
}

/** Vectors of at most 1,024 numbers, once in a table and once as the file's bytes; the model, and what it computes. */
function bytes({ items, pictures }: { items: number; pictures: boolean }): number {
  return items * (2 * 1024 * 4 * (pictures ? 2 : 1) + 500) + 1.2e9
}

/** @throws UserError `missing` where the folders have no part, or not both where labels need them */
function refuseEmpty(
  folders: { readonly vision: ModelFolder; readonly text: ModelFolder },
  { model, precision, labels }: ClipOptions,
): void {
  const vision = towerFile(folders.vision, 'vision', precision) !== undefined
  const text = towerFile(folders.text, 'text', precision) !== undefined
  const lacking = labels ? !vision || !text : !vision && !text
  if (!lacking) return
  const value = `onnx/${vision ? 'text' : 'vision'}_model.onnx`
  const expected = labels ? 'a model that reads pictures and texts, for labels' : 'a model that reads pictures or texts'
  throw new UserError({ where: model, problem: 'missing', value, expected, hint: 'see docs/encoders.md' })
}

async function encode(
  { vision, text }: Towers,
  { titles, images }: FeatureSources,
  { cache, labels, report = () => undefined }: ClipOptions,
): Promise<MadeCatalog> {
  if (labels && vision && text) refuseWidths(vision, text)
  const texts = titles.map((title) => title.trim() || null)
  const made: MadeCatalog = {
    ...(await named('text', text && encodeKept(text, { inputs: texts, what: 'titles', report }, cache))),
    ...(await named('image', vision && encodeKept(vision, { inputs: images, what: 'pictures', report }, cache))),
  }
  if (!labels || !text || Object.keys(made).length === 0) return made
  const chosen = await chooseLabels(made, labels, text)
  report(`labels: ${counted(chosen, labels.names)}`)
  return { ...made, fields: { [labels.field]: chosen } }
}

async function named<Name extends string, Made>(
  name: Name,
  making: Promise<Made | undefined> | undefined,
): Promise<Partial<Record<Name, Made>>> {
  const made = await making
  return (made === undefined ? {} : { [name]: made }) as Partial<Record<Name, Made>>
}

/** How many items have each label, the most frequent first. */
function counted(chosen: readonly string[], names: readonly string[]): string {
  const counts = names.map((name) => ({ name, count: chosen.filter((label) => label === name).length }))
  return counts
    .sort((a, b) => b.count - a.count)
    .map(({ name, count }) => `${name} ${count}`)
    .join(', ')
}

/** @throws UserError `mismatched` for parts whose vectors cannot be compared */
function refuseWidths({ width }: { width: number }, text: { width: number }): void {
  if (width === text.width) return
  const value = `pictures of width ${width}, texts of width ${text.width}`
  throw new UserError({ where: '--labels', problem: 'mismatched', value, expected: 'parts of one model' })
}
