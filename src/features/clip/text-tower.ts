/** @file The part of a model that reads texts: CLIP's, SigLIP's, and multilingual ones that were trained to agree. */
import { basename } from 'node:path'
import * as z from 'zod'
import { UserError } from '../../errors.ts'
import { type ModelFile, openModelFile, type ShapedNumbers } from '../../runtime/node.ts'
import { normalizeRows } from '../encoder.ts'
import { fingerprintOf, type KeptEncoder } from '../kept-encoder.ts'
import { hashOfModel, type ModelFolder, type TowerOptions, towerFile } from './model-folder.ts'
import { openTokens, type Tokens } from './tokens.ts'

/** Changes when the same text would get another vector. */
const version = 1

/** Which output is a text's vector, and how the vectors of its tokens become one if it is theirs. */
interface Pooling {
  readonly output: string
  /** `none` where the output is the vector of the whole text. */
  readonly how: 'none' | 'mean' | 'first'
}

/**
 * Opens the part of a model that reads texts; undefined where its folder has none.
 * @throws UserError for a folder that lacks a file, or a model that is not laid out as CLIP's
 */
export async function openTextTower(
  folder: ModelFolder,
  { precision, threads = 2 }: TowerOptions = {},
): Promise<KeptEncoder<readonly number[]> | undefined> {
  const file = towerFile(folder, 'text', precision)
  if (file === undefined) return undefined
  const tokens = await openTokens(folder)
  const hash = await hashOfModel(file)
  const model = await openModelFile(file, { threads, spin: false })
  try {
    const pooling = poolingOf(model, folder, file)
    const encode = async (batch: readonly (readonly number[])[]): Promise<Float32Array> =>
      normalizeRows(await encodeBatch(model, pooling, tokens, batch), batch.length)
    const width = (await encode([tokens.ids('a')])).length
    return {
      name: `clip-text-${version} (${basename(file)}, sha256 ${hash.slice(0, 16)}, ${width})`,
      fingerprint: fingerprintOf('text', version, hash, tokens.rules, pooling),
      width,
      batchSize: 32,
      content: (text) => Promise.resolve(Buffer.from(text)),
      prepare: (content) => Promise.resolve(tokens.ids(new TextDecoder().decode(content))),
      encode,
      [Symbol.asyncDispose]: () => model[Symbol.asyncDispose](),
    }
  } catch (error) {
    await model[Symbol.asyncDispose]()
    throw error
  }
}

const poolingSchema = z.looseObject({
  pooling_mode_mean_tokens: z.boolean().default(false),
  pooling_mode_cls_token: z.boolean().default(false),
})
const modulesSchema = z.array(z.looseObject({ type: z.string() }))

/**
 * The output that is a text's vector, or what makes one of the vectors of tokens.
 * @throws UserError `unsupported` where the files do not say
 */
function poolingOf({ inputs, outputs }: ModelFile, { config, json }: ModelFolder, where: string): Pooling {
  const known = ['input_ids', 'attention_mask', 'token_type_ids']
  const strange = inputs.filter((name) => !known.includes(name))
  if (strange.length > 0 || !inputs.includes('input_ids'))
    throw new UserError({
      where,
      problem: 'unsupported',
      value: `inputs ${inputs.join(', ')}`,
      expected: known.join(', '),
    })
  for (const output of ['text_embeds', 'sentence_embedding'])
    if (outputs.includes(output)) return { output, how: 'none' }
  if (config.model_type?.startsWith('siglip') && outputs.includes('pooler_output'))
    return { output: 'pooler_output', how: 'none' }
  const tokens = outputs.find((name) => name === 'last_hidden_state' || name === 'token_embeddings')
  const { data: said } = poolingSchema.safeParse(json('1_Pooling/config.json'))
  // A layer after the pooling is no part of such a file, and without it the vector lies in another space.
  const { data: modules = [] } = modulesSchema.safeParse(json('modules.json'))
  const more = modules.some(({ type }) => type.endsWith('.Dense'))
  if (tokens !== undefined && !more) {
    if (said?.pooling_mode_mean_tokens) return { output: tokens, how: 'mean' }
    if (said?.pooling_mode_cls_token) return { output: tokens, how: 'first' }
  }
  throw new UserError({
    where,
    problem: 'unsupported',
    value: `outputs ${outputs.join(', ')}${more ? ' before a dense layer' : ''}`,
    expected:
      'text_embeds, sentence_embedding, pooler_output of a SigLIP, or 1_Pooling/config.json to say how tokens are pooled',
  })
}

async function encodeBatch(
  model: ModelFile,
  { output, how }: Pooling,
  tokens: Tokens,
  batch: readonly (readonly number[])[],
): Promise<Float32Array> {
  const length = tokens.fixedLength ?? Math.max(...batch.map((ids) => ids.length))
  const shape = [batch.length, length]
  const made = (value: (ids: readonly number[], at: number) => number): ShapedNumbers<BigInt64Array> => ({
    shape,
    data: BigInt64Array.from(
      batch.flatMap((ids) => Array.from({ length }, (_, at) => value(ids, at))),
      BigInt,
    ),
  })
  const all: Record<string, ShapedNumbers<BigInt64Array>> = {
    input_ids: made((ids, at) => ids[at] ?? tokens.padding),
    attention_mask: made((ids, at) => (at < ids.length ? 1 : 0)),
    token_type_ids: made(() => 0),
  }
  const inputs = Object.fromEntries(model.inputs.map((name) => [name, all[name] as ShapedNumbers<BigInt64Array>]))
  const { data } = await model.run(inputs, output)
  if (how === 'none') return data
  const width = data.length / (batch.length * length)
  const pooled = new Float32Array(batch.length * width)
  for (const [row, ids] of batch.entries()) {
    const count = how === 'mean' ? ids.length : 1
    for (let token = 0; token < count; token++) {
      for (let at = 0; at < width; at++) {
        const value = data[(row * length + token) * width + at] as number
        pooled[row * width + at] = (pooled[row * width + at] as number) + value / count
      }
    }
  }
  return pooled
}
