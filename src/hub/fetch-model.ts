/** @file Fetches a model from a hub: one commit of it, the files that an encoder reads, each checked by its hash. */
import { join } from 'node:path'
import * as z from 'zod'
import { UserError } from '../errors.ts'
import { writeAtomically } from '../storage/atomic.ts'
import { makeFolder } from '../storage/folders.ts'
import { takeLock } from '../storage/lock.ts'
import { type Asking, download, type HubFile, isWhole, reasonOf, refuseStatus } from './download.ts'
import { type HubModel, placeOf, readHubModel } from './model-name.ts'

/** What is fetched, from where, and to where. */
export interface FetchOptions {
  /** `OWNER/NAME@REVISION`. */
  readonly model: string
  /** The address of the hub. */
  readonly endpoint: string
  /** Is sent to the hub, and to nobody that it leads to. */
  readonly token?: string
  /** Which weights (default fp32). */
  readonly precision?: 'fp32' | 'quantized'
  /** The folder of all models. */
  readonly models: string
  /** How long nothing may come, in milliseconds (default a minute). */
  readonly patience?: number
  /** How often in a row a server may fail without a new byte (default 5). */
  readonly tries?: number
  readonly report?: (line: string) => void
}

/**
 * Fetches a model.
 * @returns its folder
 * @throws UserError `missing` where something cannot be had, `corrupted` for other bytes than the hub promises, `busy`
 * while another process fetches it
 */
export async function fetchModel(options: FetchOptions): Promise<string> {
  const { models, precision = 'fp32', patience = 60_000, tries = 5, report = () => undefined } = options
  const model = readHubModel(options.model)
  const endpoint = checkedEndpoint(options.endpoint, options.token)
  const headers = options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }
  const asking: Asking = { headers, patience, tries, report }
  const folder = placeOf(model, models)
  const files = wantedOf(await listFiles(endpoint, model, asking), model, precision)
  makeFolder(folder)
  await using _ = await takeLock(join(folder, '.siftrec-lock'), folder)
  for (const file of files) {
    const to = join(folder, ...file.path.split('/'))
    if (await isWhole(to, file)) {
      report(`${file.path}: already here`)
      continue
    }
    makeFolder(join(to, '..'))
    report(`${file.path}: ${(file.size / 1e6).toFixed(1)} MB`)
    await download(`${endpoint}/${model.id}/resolve/${model.revision}/${file.path}`, to, file, asking)
  }
  const about = { ...model, files: Object.fromEntries(files.map(({ path, hash }) => [path, hash.digits])) }
  await writeAtomically(join(folder, 'siftrec-model.json'), `${JSON.stringify(about, null, 2)}\n`)
  return folder
}

/**
 * The address of the hub, without a slash at its end.
 * @throws UserError `invalid` for no address, or for a token that would go through the net in the open
 */
function checkedEndpoint(text: string, token: string | undefined): string {
  const where = '--endpoint'
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:')
    throw new UserError({ where, problem: 'invalid', value: `"${text}"`, expected: 'an address, as https://...' })
  const near = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  if (token !== undefined && url.protocol === 'http:' && !near)
    throw new UserError({ where, problem: 'invalid', value: `"${text}" with a token`, expected: 'https, with a token' })
  return text.replace(/\/+$/, '')
}

const entrySchema = z.object({
  type: z.string(),
  path: z.string(),
  size: z.int().min(0),
  oid: z.string(),
  lfs: z.object({ oid: z.string(), size: z.int().min(0) }).optional(),
})

/** All files of a commit; the list comes in pages. */
async function listFiles(endpoint: string, { id, revision }: HubModel, asking: Asking): Promise<HubFile[]> {
  const files: HubFile[] = []
  let next: string | undefined = `${endpoint}/api/models/${id}/tree/${revision}?recursive=true`
  while (next !== undefined) {
    const url: string = next
    const response = await answerOf(url, asking)
    refuseStatus(response, url)
    const { data } = z.array(entrySchema).safeParse(response.ok ? await response.json().catch(() => null) : null)
    if (!data)
      throw new UserError({
        where: url,
        problem: 'corrupted',
        value: `the answer ${response.status}`,
        expected: 'files',
      })
    for (const { type, path, size, oid, lfs } of data) {
      if (type !== 'file') continue
      const hash = lfs ? ({ kind: 'sha256', digits: lfs.oid } as const) : ({ kind: 'git', digits: oid } as const)
      files.push({ path, size: lfs?.size ?? size, hash })
    }
    next = nextPage(response, endpoint)
  }
  return files
}

async function answerOf(url: string, { headers, patience }: Asking): Promise<Response> {
  try {
    return await fetch(url, { headers, signal: AbortSignal.timeout(patience) })
  } catch (error) {
    const hint = 'check --endpoint or SIFTREC_HUB, and the network'
    throw new UserError({ where: url, problem: 'missing', value: `no answer (${reasonOf(error)})`, hint })
  }
}

/** The next page of a list, where there is one on the same server: the token goes nowhere else. */
function nextPage({ headers }: Response, endpoint: string): string | undefined {
  const [, url] = /<([^>]+)>;\s*rel="next"/.exec(headers.get('link') ?? '') ?? []
  return url !== undefined && new URL(url, endpoint).origin === new URL(endpoint).origin ? url : undefined
}

/** What an encoder reads beside the weights. */
const described = [
  'config.json',
  'preprocessor_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'modules.json',
  'sentence_bert_config.json',
  '1_Pooling/config.json',
]

/** The files that an encoder reads. @throws UserError `missing` where the model has no weights as they are read here */
function wantedOf(files: readonly HubFile[], { id }: HubModel, precision: 'fp32' | 'quantized'): HubFile[] {
  const ending = precision === 'fp32' ? '' : '_quantized'
  const named = (names: readonly string[]): HubFile[] =>
    files.filter(({ path }) => names.some((name) => path === `${name}.onnx` || path === `${name}.onnx_data`))
  const towers = named([`onnx/vision_model${ending}`, `onnx/text_model${ending}`])
  const weights = towers.length > 0 ? towers : named([`onnx/model${ending}`])
  if (weights.length > 0) return [...files.filter(({ path }) => described.includes(path)), ...weights]
  const expected = `onnx/vision_model${ending}.onnx, onnx/text_model${ending}.onnx or onnx/model${ending}.onnx`
  throw new UserError({ where: `model ${id}`, problem: 'missing', value: `its weights (${precision})`, expected })
}
