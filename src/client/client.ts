/** @file A client whose types are those of the service's schemas: nothing is written twice, and no schema is loaded. */
import type { AnswerOf, BodyInput, QueryInput } from '../http/routes.ts'
import { ServiceError, type ServiceProblem } from './service-error.ts'

/** Which service, and how to reach it. */
export interface ClientOptions {
  /** `https://recommend.example`; a path before `/v1` is kept. */
  readonly url: string
  /** A key of the service, if it has keys. */
  readonly key?: string
  /** Another fetch than the global one. */
  readonly fetch?: typeof fetch
}
/** What any call may have. */
export interface CallOptions {
  /** Ends the call early. */
  readonly signal?: AbortSignal
}

type ListOptions = QueryInput<'recommend'>
/** The calls of a client. Each throws {@link ServiceError} for an answer that is an error. */
export interface SiftrecClient {
  /** Stores one event or a batch, all of it or nothing. */
  addEvents(events: BodyInput<'addEvents'>, call?: CallOptions): Promise<AnswerOf<'addEvents'>>
  /** The best items for a user. */
  recommend(user: string, options?: ListOptions, call?: CallOptions): Promise<AnswerOf<'recommend'>>
  /** The best items for a history, of which nothing is stored. */
  recommendFor(request: BodyInput<'recommendFor'>, call?: CallOptions): Promise<AnswerOf<'recommendFor'>>
  /** Candidates by the model of clicks. */
  rank(request: BodyInput<'rank'>, call?: CallOptions): Promise<AnswerOf<'rank'>>
  /** The items nearest to one. */
  similar(item: string, options?: QueryInput<'similar'>, call?: CallOptions): Promise<AnswerOf<'similar'>>
  /** A user's events, newest first. */
  history(user: string, options?: QueryInput<'history'>, call?: CallOptions): Promise<AnswerOf<'history'>>
  /** Some user ids that begin with these letters. */
  users(options?: QueryInput<'users'>, call?: CallOptions): Promise<AnswerOf<'users'>>
  /** Forgets a user. */
  forget(user: string, call?: CallOptions): Promise<AnswerOf<'forget'>>
  item(id: string, call?: CallOptions): Promise<AnswerOf<'item'>>
  putItem(id: string, record: BodyInput<'putItem'>, call?: CallOptions): Promise<AnswerOf<'putItem'>>
  /** Recommends an item no more. */
  removeItem(id: string, call?: CallOptions): Promise<void>
  /** An item's picture; undefined without one. */
  picture(id: string, call?: CallOptions): Promise<Blob | undefined>
  /** What the model takes for alike. */
  map(call?: CallOptions): Promise<AnswerOf<'map'>>
  /** The run as files with which a browser ranks by itself. */
  privateModel(call?: CallOptions): Promise<AnswerOf<'privateModel'>>
  /** What is served. */
  about(call?: CallOptions): Promise<AnswerOf<'about'>>
  /** The runs beside the one that is served, and evaluations of them. */
  runs(call?: CallOptions): Promise<AnswerOf<'runs'>>
  /** The list of one of those runs, for a user or a history. */
  recommendBy(run: string, request: BodyInput<'recommendBy'>, call?: CallOptions): Promise<AnswerOf<'recommendBy'>>
  /** What the dataset is and allows. */
  data(call?: CallOptions): Promise<AnswerOf<'data'>>
  /** Opens the runs anew, or others beside them. */
  reload(runs?: BodyInput<'reload'>, call?: CallOptions): Promise<AnswerOf<'reload'>>
}

/** Makes a client. */
export function siftrecClient({ url, key, fetch: ask = globalThis.fetch }: ClientOptions): SiftrecClient {
  const base = url.replace(/\/+$/, '')

  async function send(method: string, path: string, { body, signal }: { body?: unknown } & CallOptions = {}) {
    const response = await ask(`${base}/v1/${path}`, {
      method,
      headers: {
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    })
    if (!response.ok) throw await errorOf(response)
    return response
  }
  const json = async <T>(method: string, path: string, options?: { body?: unknown } & CallOptions): Promise<T> =>
    (await (await send(method, path, options)).json()) as T

  const user = (id: string): string => `users/${encodeURIComponent(id)}`
  const item = (id: string): string => `items/${encodeURIComponent(id)}`
  return {
    addEvents: (events, call) => json('POST', 'events', { ...call, body: events }),
    recommend: (id, options = {}, call) => json('GET', `${user(id)}/recommendations${listQuery(options)}`, call),
    recommendFor: (request, call) => json('POST', 'recommendations', { ...call, body: request }),
    rank: (request, call) => json('POST', 'rank', { ...call, body: request }),
    similar: (id, options = {}, call) => json('GET', `${item(id)}/similar${listQuery(options)}`, call),
    history: (id, options = {}, call) => json('GET', `${user(id)}/history${plainQuery(options)}`, call),
    users: (options = {}, call) => json('GET', `users${plainQuery(options)}`, call),
    forget: (id, call) => json('DELETE', user(id), call),
    item: (id, call) => json('GET', item(id), call),
    putItem: (id, record, call) => json('PUT', item(id), { ...call, body: record }),
    async removeItem(id, call) {
      await send('DELETE', item(id), call)
    },
    async picture(id, call) {
      try {
        return await (await send('GET', `${item(id)}/picture`, call)).blob()
      } catch (error) {
        if (error instanceof ServiceError && error.status === 404) return undefined
        throw error
      }
    },
    map: (call) => json('GET', 'map', call),
    privateModel: (call) => json('GET', 'private', call),
    about: (call) => json('GET', 'about', call),
    runs: (call) => json('GET', 'runs', call),
    recommendBy: (run, request, call) =>
      json('POST', `runs/${encodeURIComponent(run)}/recommendations`, { ...call, body: request }),
    data: (call) => json('GET', 'data', call),
    reload: (runs, call) => json('POST', 'admin/reload', { ...call, ...(runs && { body: runs }) }),
  }
}

async function errorOf(response: Response): Promise<ServiceError> {
  const { status } = response
  const text = await response.text()
  const after = Number(response.headers.get('retry-after') ?? Number.NaN)
  const retryAfter = Number.isNaN(after) ? undefined : after
  // A proxy in between answers with pages of its own.
  const isProblem = response.headers.get('content-type')?.includes('problem+json') ?? false
  const problem = isProblem ? (JSON.parse(text) as ServiceProblem) : undefined
  return new ServiceError(problem ?? { status, code: 'http', detail: `the answer is ${status}` }, retryAfter)
}

type Pairs = [name: string, value: string][]

const queryText = (pairs: Pairs): string => (pairs.length === 0 ? '' : `?${new URLSearchParams(pairs).toString()}`)

const plainQuery = (options: Readonly<Record<string, string | number | boolean | undefined>>): string =>
  queryText(textsOf(options))

const textsOf = (options: Readonly<Record<string, string | number | boolean | undefined>>): Pairs =>
  Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]))

/** The options of a list as the service's query has them: `field.genre=Drama&number.price=10..20`. */
function listQuery({ filter = {}, without = {}, ...plain }: ListOptions): string {
  const each = (name: string, values: readonly string[] = []): Pairs => values.map((value) => [name, value])
  // Of a list that is empty the service must hear: without it, every item would pass.
  const only = (name: string, values?: readonly string[]): Pairs => each(name, values?.length === 0 ? [''] : values)
  return queryText([
    ...textsOf(plain),
    ...Object.entries(filter.fields ?? {}).flatMap(([name, values]) => only(`field.${name}`, values)),
    ...Object.entries(filter.numbers ?? {}).flatMap(([name, { from = '', to = '' }]) =>
      each(`number.${name}`, [`${from}..${to}`]),
    ),
    ...only('allow', filter.allow),
    ...each('block', filter.block),
    ...each('without.behavior', without.behaviors),
    ...each('without.modality', without.modalities),
  ])
}
