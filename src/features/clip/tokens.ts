/** @file Texts as the numbers of a model's vocabulary, by its `tokenizer.json`; the only importer of the tokenizers. */
import * as z from 'zod'
import { UserError } from '../../errors.ts'
import type { ModelFolder } from './model-folder.ts'

/** What a text becomes. */
export interface Tokens {
  /** The tokens of a text, at most as many as the model reads. */
  ids(text: string): readonly number[]
  /** What fills up a shorter text. */
  readonly padding: number
  /** How long every text is made, where the model was trained so; else as long as the longest of the batch. */
  readonly fixedLength?: number
  /** Everything that the tokens depend on. */
  readonly rules: unknown
}

/** What is used of the tokenizers: the package's own types do not resolve. */
interface Tokenizer {
  encode(text: string, options?: { add_special_tokens?: boolean }): { readonly ids: readonly number[] }
  token_to_id(token: string): number | undefined
}

/** A special token, by its name or with more about it. */
const named = z.union([z.string(), z.looseObject({ content: z.string() })])
const settingsSchema = z.looseObject({ model_max_length: z.number().optional(), pad_token: named.nullish() })
const lengthSchema = z.looseObject({ max_seq_length: z.int().min(1).nullish() })

/** The files write a length without bounds as a number of 30 digits. */
const longest = 1e5

/**
 * Opens the tokenizer of a model.
 * @throws UserError `missing` without its file, `corrupted` where it cannot be read, `unsupported` where no file says
 * how long a text may be
 */
export async function openTokens(folder: ModelFolder): Promise<Tokens> {
  const vocabulary = folder.required('tokenizer.json')
  const settings = settingsSchema.parse(folder.json('tokenizer_config.json') ?? {})
  const tokenizer = await open(vocabulary as object, settings)
  const most = longestOf(folder, settings.model_max_length)
  const { pad_token: pad } = settings
  const padding = pad ? tokenizer.token_to_id(typeof pad === 'string' ? pad : pad.content) : 0
  const siglip = folder.config.model_type?.startsWith('siglip') ?? false
  return {
    ids: (text) => shortened(tokenizer, text, most),
    padding: padding ?? 0,
    // SigLIP reads no mask: it was trained on texts filled up to one length.
    ...(siglip && { fixedLength: most }),
    rules: { vocabulary, most, padding, siglip },
  }
}

async function open(vocabulary: object, settings: object): Promise<Tokenizer> {
  const { Tokenizer: Made } = await import('@huggingface/tokenizers')
  try {
    return new Made(vocabulary, settings) as Tokenizer
  } catch (error) {
    const value = error instanceof Error ? error.message : String(error)
    throw new UserError({ where: 'tokenizer.json', problem: 'corrupted', value, expected: 'a tokenizer' })
  }
}

/** The most tokens that the model reads: the least of what its files say. */
function longestOf({ config, json, path }: ModelFolder, said: number | undefined): number {
  const { data } = lengthSchema.safeParse(json('sentence_bert_config.json'))
  const bounds = [
    said,
    data?.max_seq_length,
    config.text_config?.max_position_embeddings,
    config.max_position_embeddings,
  ].filter((bound): bound is number => typeof bound === 'number' && bound < longest)
  if (bounds.length > 0) return Math.min(...bounds)
  const expected = 'model_max_length in tokenizer_config.json'
  throw new UserError({ where: path, problem: 'unsupported', value: 'a model without a longest text', expected })
}

/** The tokens of a text; one that is too long loses its end, but keeps the special tokens that close it. */
function shortened(tokenizer: Tokenizer, text: string, most: number): readonly number[] {
  const { ids } = tokenizer.encode(text)
  if (ids.length <= most) return ids
  const words = tokenizer.encode(text, { add_special_tokens: false }).ids
  const opening = ids.findIndex((_, at) => words.every((id, word) => ids[at + word] === id))
  const closing = ids.slice(opening + words.length)
  return [...ids.slice(0, most - closing.length), ...closing]
}
