/** @file The model in this browser: its files are loaded once, and then a list is made without any request. */
import type * as Module from '../../../src/browser/recommend-module.ts'
import type { PrivateFile, Recommended } from '../../../src/serve/service.ts'
import { ask, send } from '../api.ts'
import { type Asked, givenHistory } from './request.ts'

/** How far the download is, in bytes over the wire. */
export interface Loaded {
  readonly done: number
  readonly all: number
}
/** A model in this browser. */
export interface PrivateModel {
  /** How many bytes went over the wire. */
  readonly bytes: number
  recommend(asked: Pick<Asked, 'history' | 'top' | 'hidden'>): Promise<Recommended>
}

/** What the service tells of the files. */
interface Told {
  readonly run: string
  readonly folder: string
  readonly files: readonly PrivateFile[]
  readonly unavailable: readonly string[]
}

/** By folder: switched on again, the model is here already. */
const models = new Map<string, Module.Recommender>()

/** Loads the run that is served. @throws ServiceProblem saying why it cannot be had */
export async function loadModel(progress: (loaded: Loaded) => void): Promise<PrivateModel> {
  const told = await ask<Told>({ path: '/v1/private' })
  const bytes = told.files.reduce((sum, { sent }) => sum + sent, 0)
  const recommender = models.get(told.folder) ?? (await loaded(told, bytes, progress))
  models.set(told.folder, recommender)
  return { bytes, recommend: (asked) => listOf(recommender, told, asked) }
}

async function loaded(
  { folder, files }: Told,
  all: number,
  progress: (loaded: Loaded) => void,
): Promise<Module.Recommender> {
  // What a browser imports tells nobody how far it is; it is the smallest part.
  const counted = files.filter(({ name }) => !/\.m?js$/.test(name)).reduce((sum, file) => sum + file.bytes, 0)
  let done = 0
  progress({ done, all })
  const fetched = async (url: string): Promise<Response> => {
    const response = await send({ path: `/${folder}${url.split('/').at(-1)}` })
    const counting = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        done += chunk.byteLength
        progress({ done: (all * done) / counted, all })
        controller.enqueue(chunk)
      },
    })
    return new Response(response.body?.pipeThrough(counting) ?? null)
  }
  const address = new URL(`${folder}recommend.js`, document.baseURI).href
  const { load } = (await import(/* @vite-ignore */ address)) as typeof Module
  return load(folder, { fetch: fetched })
}

async function listOf(
  recommender: Module.Recommender,
  { run, unavailable }: Told,
  { history, top, hidden }: Pick<Asked, 'history' | 'top' | 'hidden'>,
): Promise<Recommended> {
  const known = new Set(recommender.items.map(({ id }) => id))
  // The service too skips events on what the model does not have.
  const events = givenHistory({ history: history.filter(({ id }) => known.has(id)) })
  const gone = new Set([...unavailable, ...hidden])
  const { items, popular } = await recommender.recommend(events, { top: top + gone.size })
  return {
    run,
    items: items
      .filter(({ id }) => !gone.has(id))
      .slice(0, top)
      // No picture is asked for: that would tell what is on the list.
      .map((item) => ({ ...item, fields: {}, numbers: {}, picture: false })),
    events: { read: events.length, fresh: 0 },
    ...(popular && { fallback: 'popular' as const }),
  }
}
