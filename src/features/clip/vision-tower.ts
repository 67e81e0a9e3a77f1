/** @file The part of a model that reads pictures: CLIP's, SigLIP's and others that are laid out like them. */
import { basename } from 'node:path'
import { UserError } from '../../errors.ts'
import { type ModelFile, openModelFile } from '../../runtime/node.ts'
import { normalizeRows } from '../encoder.ts'
import { fingerprintOf, type KeptEncoder } from '../kept-encoder.ts'
import { decodePicture, pictureBytes } from '../picture-file.ts'
import { hashOfModel, type ModelFolder, type TowerOptions, towerFile } from './model-folder.ts'
import { type PixelValues, type Preprocessing, pixelValues, preprocessingOf } from './pixel-values.ts'

/** Changes when the same picture would get another vector. */
const version = 1

/**
 * Opens the part of a model that reads pictures; undefined where its folder has none.
 * @throws UserError for a folder that lacks a file, or a model that is not laid out as CLIP's
 */
export async function openVisionTower(
  folder: ModelFolder,
  { precision, threads = 2 }: TowerOptions = {},
): Promise<KeptEncoder<PixelValues> | undefined> {
  const file = towerFile(folder, 'vision', precision)
  if (file === undefined) return undefined
  const preprocessing = preprocessingOf(folder.required('preprocessor_config.json'), 'preprocessor_config.json')
  const hash = await hashOfModel(file)
  const model = await openModelFile(file, { threads, spin: false })
  try {
    const output = outputOf(model, folder, file)
    const encode = (batch: readonly PixelValues[]): Promise<Float32Array> => encodeBatch(model, output, batch)
    const width = (await encode([blank(preprocessing)])).length
    return {
      name: `clip-image-${version} (${basename(file)}, sha256 ${hash.slice(0, 16)}, ${width})`,
      fingerprint: fingerprintOf('image', version, hash, preprocessing, output),
      width,
      batchSize: 16,
      content: pictureBytes,
      async prepare(bytes) {
        const pixels = await decodePicture(bytes)
        return pixels && pixelValues(pixels, preprocessing)
      },
      encode,
      [Symbol.asyncDispose]: () => model[Symbol.asyncDispose](),
    }
  } catch (error) {
    await model[Symbol.asyncDispose]()
    throw error
  }
}

/** A black picture, of which the width of the vectors is learned. */
const blank = (preprocessing: Preprocessing): PixelValues =>
  pixelValues({ width: 8, height: 8, data: new Uint8Array(192) }, preprocessing)

/**
 * The output that is a picture's vector.
 * @throws UserError `unsupported` where no output is known to be one
 */
function outputOf({ inputs, outputs }: ModelFile, { config }: ModelFolder, where: string): string {
  if (inputs.join() !== 'pixel_values')
    throw new UserError({
      where,
      problem: 'unsupported',
      value: `inputs ${inputs.join(', ')}`,
      expected: 'pixel_values',
    })
  if (outputs.includes('image_embeds')) return 'image_embeds'
  if (outputs.includes('pooler_output') && config.model_type?.startsWith('siglip')) return 'pooler_output'
  const expected = 'image_embeds, or pooler_output of a SigLIP'
  throw new UserError({ where, problem: 'unsupported', value: `outputs ${outputs.join(', ')}`, expected })
}

async function encodeBatch(model: ModelFile, output: string, batch: readonly PixelValues[]): Promise<Float32Array> {
  const { width, height, values } = batch[0] as PixelValues
  const pixels = new Float32Array(batch.length * values.length)
  for (const [row, picture] of batch.entries()) pixels.set(picture.values, row * values.length)
  const { data } = await model.run({ pixel_values: { data: pixels, shape: [batch.length, 3, height, width] } }, output)
  return normalizeRows(data, batch.length)
}
