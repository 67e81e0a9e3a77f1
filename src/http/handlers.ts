/** @file What each route asks of the service. */
import type { About, RecommendedBy, RecommendRequest, Service } from '../serve/service.ts'
import { StoreUnavailable } from '../store/event-store.ts'
import type { Metrics } from './metrics.ts'
import { pictureOf } from './pictures.ts'
import { withoutPaths } from './problems.ts'
import type { AnswerOf, BodyOf, QueryOf, RouteName } from './routes.ts'

/** What a route is given. Parts that it does not have are not there. */
export interface Given<Name extends RouteName> {
  readonly id: string
  readonly query: QueryOf<Name>
  readonly body: BodyOf<Name>
}
/** An answer that is no JSON. */
export interface Raw {
  readonly type: string
  readonly bytes: string | Uint8Array<ArrayBuffer>
  /** How long a caller may keep it, in seconds. */
  readonly keep?: number
}
/** An answer: JSON, or what is none; undefined for a route that answers nothing. */
export type Handlers = {
  readonly [Name in RouteName]: (
    given: Given<Name>,
  ) => Promise<[AnswerOf<Name>] extends [never] ? Raw | undefined : AnswerOf<Name>>
}

/** What other runs are called by. */
export interface RunNames {
  readonly retrieve?: string
  readonly rank?: string
}
/** What is told beside what the service answers. */
export interface Told {
  /** What lies beside the run that is served. */
  runs(): AnswerOf<'runs'>
  /** A list of one of those runs. */
  recommendBy(run: string, request: RecommendRequest): Promise<RecommendedBy>
  /** What the dataset is. */
  data(): Promise<AnswerOf<'data'>>
}
/** What handlers work with. */
export interface Handled {
  readonly service: Service
  readonly metrics: Metrics
  /** The text of `/metrics`, of all processes that serve. */
  readonly metricsText: () => Promise<string>
  /** Opens the runs anew, or others by their names, in all processes that serve. */
  readonly reload: (names?: RunNames) => Promise<About>
  readonly told: Told
}

const plain = (bytes: string): Raw => ({ type: 'text/plain; charset=utf-8', bytes })

/** Of folders in an error only their names are told. */
const inNames = <T>(asked: Promise<T>): Promise<T> =>
  asked.catch((error: unknown) => {
    throw withoutPaths(error)
  })

/** The handlers of all routes. */
export function handlersOf({ service, metrics, metricsText, reload, told }: Handled): Handlers {
  return {
    async addEvents({ body }) {
      const now = Date.now()
      const counts = await service.add([body].flat().map((event) => ({ ...event, time: event.time ?? now })))
      metrics.appended(counts)
      return counts
    },
    async recommend({ id, query }) {
      const list = await service.recommend({ ...query, user: id })
      metrics.listed(list)
      return list
    },
    async recommendFor({ body }) {
      const list = await service.recommend(body)
      metrics.listed(list)
      return list
    },
    history: async ({ id, query }) => ({ events: await service.history(id, query.limit) }),
    users: async ({ query }) => ({ users: service.users(query.prefix, query.limit) }),
    forget: ({ id }) => service.forget(id),
    rank: ({ body }) => service.rank(body),
    similar: ({ id, query }) => service.similar(id, query),
    item: ({ id }) => service.item(id),
    putItem: ({ id, body }) => service.putItem({ ...body, id }),
    async removeItem({ id }) {
      await service.removeItem(id)
      return undefined
    },
    picture: async ({ id }) => ({ ...(await pictureOf(id, service.picture(id))), keep: 3600 }),
    map: () => service.map(),
    async privateModel() {
      const { run, key, files, unavailable } = await inNames(service.privateModel())
      return { run, folder: `private/${key}/`, files: [...files], unavailable: [...unavailable] }
    },
    about: async () => service.about(),
    runs: async () => told.runs(),
    recommendBy: ({ id, body }) => inNames(told.recommendBy(id, body)),
    data: () => told.data(),
    reload: ({ body }) => inNames(reload(body)),
    healthz: async () => plain('ok\n'),
    async readyz() {
      // Whatever the reason is, whoever spreads requests must send none here.
      await service.ready().catch((cause: unknown) => {
        throw new StoreUnavailable('not ready', { cause })
      })
      return plain('ready\n')
    },
    metrics: async () => ({ type: 'text/plain; version=0.0.4; charset=utf-8', bytes: await metricsText() }),
  }
}
