/**
 * @file A folder with a model as transformers.js lays it out: `onnx/vision_model.onnx`, `onnx/text_model.onnx` and the
 * JSON files that say how pictures and texts become what these read.
 */
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import * as z from 'zod'
import { UserError } from '../../errors.ts'
import { hashFile } from '../../storage/file-hash.ts'
import { parsedJson } from '../../storage/json.ts'
import { regularFile } from '../../storage/regular-file.ts'

/** Weights as 32-bit numbers, or rounded to whole numbers of 8 bits: a quarter of the size. */
export type Precision = 'fp32' | 'quantized'

/** How a part of a model is opened. */
export interface TowerOptions {
  /** That of 32 bits where it is there, unless this says otherwise. */
  readonly precision?: Precision | undefined
  readonly threads?: number | undefined
}

/** Which part of a model: the one that reads pictures, or the one that reads texts. */
export type Tower = 'vision' | 'text'

const count = z.int().min(1)

/** `config.json`: what matters of it. */
const configSchema = z.looseObject({
  model_type: z.string().optional(),
  max_position_embeddings: count.optional(),
  text_config: z
    .looseObject({ max_position_embeddings: count.optional(), model_type: z.string().optional() })
    .optional(),
})

/** A model's folder. */
export interface ModelFolder {
  readonly path: string
  /** What `config.json` says. */
  readonly config: z.infer<typeof configSchema>
  /** A JSON file of the folder; undefined without it. @throws UserError `corrupted` */
  readonly json: (name: string) => unknown
  /** A JSON file that has to be there. @throws UserError `missing` */
  readonly required: (name: string) => unknown
}

/**
 * Opens a model's folder.
 * @throws UserError `missing` where it is no such folder
 */
export function openModelFolder(path: string): ModelFolder {
  const json = (name: string): unknown => {
    const file = join(path, name)
    if (!existsSync(file)) return undefined
    regularFile(file, { missing: 'the file', expected: 'a JSON file' })
    const read = parsedJson(readFileSync(file, 'utf8'))
    if (read === undefined)
      throw new UserError({ where: file, problem: 'corrupted', value: 'the file', expected: 'a JSON file' })
    return read
  }
  const required = (name: string): unknown => {
    const read = json(name)
    if (read !== undefined) return read
    const expected = 'the folder of a model as transformers.js has it'
    throw new UserError({ where: path, problem: 'missing', value: name, expected, hint: 'see docs/encoders.md' })
  }
  const { data } = configSchema.safeParse(required('config.json'))
  if (!data) throw new UserError({ where: join(path, 'config.json'), problem: 'corrupted', value: 'the file' })
  return { path, config: data, json, required }
}

const endings: Readonly<Record<Precision, string>> = { fp32: '', quantized: '_quantized' }

/**
 * The ONNX file of a tower; undefined where the folder has none. Without a precision, that of 32 bits if it is there.
 * @throws UserError `missing` where the folder has the tower, but not in this precision
 */
export function towerFile(folder: ModelFolder, tower: Tower, precision?: Precision): string | undefined {
  // A folder with a model of texts alone may call it so; beside two towers that name means both in one.
  const lone = tower === 'text' && !hasTower(folder, 'vision') && !hasTower(folder, 'text')
  const name = lone ? 'model' : `${tower}_model`
  const fileOf = (kind: Precision): string => join(folder.path, 'onnx', `${name}${endings[kind]}.onnx`)
  const there = (['fp32', 'quantized'] as const).filter((kind) => existsSync(fileOf(kind)))
  if (precision === undefined) return there[0] && fileOf(there[0])
  if (there.length === 0) return undefined
  if (there.includes(precision)) return fileOf(precision)
  const expected = `its file in the folder, which has ${there.join(' and ')}`
  throw new UserError({ where: fileOf(precision), problem: 'missing', value: precision, expected })
}

function hasTower({ path }: ModelFolder, tower: Tower): boolean {
  return Object.values(endings).some((ending) => existsSync(join(path, 'onnx', `${tower}_model${ending}.onnx`)))
}

/** The SHA-256 of a model: of its ONNX file, and of the file of weights beside it where there is one. */
export async function hashOfModel(file: string): Promise<string> {
  const weights = `${file}_data`
  const hash = await hashFile(file)
  return existsSync(weights) ? `${hash}${await hashFile(weights)}` : hash
}

/** A model's name for people: that of the hub where it was fetched from one, else that of its folder. */
export function modelName({ path, json }: ModelFolder): string {
  const fetched = z.object({ id: z.string(), revision: z.string() }).safeParse(json('siftrec-model.json'))
  return fetched.success ? `${fetched.data.id}@${fetched.data.revision.slice(0, 8)}` : basename(path)
}
