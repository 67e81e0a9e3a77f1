/** @file Every route: what it takes, what it gives, and which scope it needs. App, pages and client read it. */
import type * as z from 'zod'
import * as schemas from './schemas.ts'

/** What a key may be used for. */
export const scopes = ['read', 'write', 'admin'] as const
export type Scope = (typeof scopes)[number]

/** Where the value of a query's parameter goes. */
export interface QueryParameter {
  /** One that ends with a dot stands for many: `field.` for `field.category` and all others. */
  readonly name: string
  /** The path of its value in what the query's schema describes. */
  readonly path: readonly string[]
}
/** A query: the schema of what it comes to, and the parameters that differ from the schema's own keys. */
export interface Query<T = unknown> {
  readonly schema: z.ZodType<T>
  readonly parameters: readonly QueryParameter[]
}
/** One route. `{id}` in its path is the id of a user or an item, or a run's name. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly summary: string
  /** None for a route that answers anybody. */
  readonly scope?: Scope
  readonly query?: Query
  readonly body?: z.ZodType
  /** Whether the body may be left out. */
  readonly bodyOptional?: true
  /** The JSON it answers; a route without one answers a text, a picture or nothing. */
  readonly answer?: z.ZodType
  /** The media type of another answer. */
  readonly content?: string
}

const own = (...names: readonly string[]): QueryParameter[] => names.map((name) => ({ name, path: [name] }))
const filters: readonly QueryParameter[] = [
  { name: 'field.', path: ['filter', 'fields'] },
  { name: 'number.', path: ['filter', 'numbers'] },
  { name: 'allow', path: ['filter', 'allow'] },
  { name: 'block', path: ['filter', 'block'] },
]
const without: readonly QueryParameter[] = [
  { name: 'without.behavior', path: ['without', 'behaviors'] },
  { name: 'without.modality', path: ['without', 'modalities'] },
]

/** All routes, by the name of what they do. */
export const routes = {
  addEvents: {
    method: 'POST',
    path: '/v1/events',
    scope: 'write',
    summary: 'stores one event or a batch, all of it or nothing',
    body: schemas.eventsBody,
    answer: schemas.appended,
  },
  recommend: {
    method: 'GET',
    path: '/v1/users/{id}/recommendations',
    scope: 'read',
    summary: 'the best items for a user',
    query: {
      schema: schemas.recommendQuery,
      parameters: [...own('top', 'offset', 'exclude', 'explain'), ...filters, ...without],
    },
    answer: schemas.recommended,
  },
  history: {
    method: 'GET',
    path: '/v1/users/{id}/history',
    scope: 'read',
    summary: "a user's events, newest first",
    query: { schema: schemas.historyQuery, parameters: own('limit') },
    answer: schemas.historyAnswer,
  },
  users: {
    method: 'GET',
    path: '/v1/users',
    scope: 'read',
    summary: 'some user ids that begin with these letters',
    query: { schema: schemas.usersQuery, parameters: own('prefix', 'limit') },
    answer: schemas.usersAnswer,
  },
  forget: {
    method: 'DELETE',
    path: '/v1/users/{id}',
    scope: 'admin',
    summary: 'forgets a user: stored events are removed, and prepared ones are read no more',
    answer: schemas.forgotten,
  },
  recommendFor: {
    method: 'POST',
    path: '/v1/recommendations',
    scope: 'read',
    summary: 'the best items for a history, of which nothing is stored',
    body: schemas.recommendBody,
    answer: schemas.recommended,
  },
  rank: {
    method: 'POST',
    path: '/v1/rank',
    scope: 'read',
    summary: 'candidates by the model of clicks, most probable first',
    body: schemas.rankBody,
    answer: schemas.recommended,
  },
  similar: {
    method: 'GET',
    path: '/v1/items/{id}/similar',
    scope: 'read',
    summary: 'the items nearest to one',
    query: { schema: schemas.similarQuery, parameters: [...own('top'), ...filters] },
    answer: schemas.recommended,
  },
  item: {
    method: 'GET',
    path: '/v1/items/{id}',
    scope: 'read',
    summary: 'what an item is now',
    answer: schemas.itemAnswer,
  },
  putItem: {
    method: 'PUT',
    path: '/v1/items/{id}',
    scope: 'write',
    summary: 'puts what is known of an item, also of a new one',
    body: schemas.itemBody,
    answer: schemas.itemAnswer,
  },
  removeItem: {
    method: 'DELETE',
    path: '/v1/items/{id}',
    scope: 'write',
    summary: 'recommends an item no more',
  },
  picture: {
    method: 'GET',
    path: '/v1/items/{id}/picture',
    scope: 'read',
    summary: "an item's picture",
    content: 'image/*',
  },
  map: {
    method: 'GET',
    path: '/v1/map',
    scope: 'read',
    summary: 'the most popular items as points: what the model takes for alike, before and after',
    answer: schemas.itemMap,
  },
  privateModel: {
    method: 'GET',
    path: '/v1/private',
    scope: 'read',
    summary: 'the run as files with which a browser ranks by itself, so that no history leaves it',
    answer: schemas.privateModel,
  },
  about: {
    method: 'GET',
    path: '/v1/about',
    scope: 'read',
    summary: 'what is served: dataset, behaviors, fields, runs and store',
    answer: schemas.about,
  },
  runs: {
    method: 'GET',
    path: '/v1/runs',
    scope: 'read',
    summary: 'the runs beside the one that is served: options, epochs, and evaluations that lie there',
    answer: schemas.runs,
  },
  recommendBy: {
    method: 'POST',
    path: '/v1/runs/{id}/recommendations',
    scope: 'admin',
    summary: 'the list of a run beside the one that is served; it is opened when it is first asked for',
    body: schemas.recommendByBody,
    answer: schemas.recommendedBy,
  },
  data: {
    method: 'GET',
    path: '/v1/data',
    scope: 'read',
    summary: 'what the dataset is and allows, as siftrec describe --json tells it',
    answer: schemas.described,
  },
  reload: {
    method: 'POST',
    path: '/v1/admin/reload',
    scope: 'admin',
    summary: 'opens the runs anew, or others beside them, and swaps them in without a pause',
    body: schemas.reloadBody,
    bodyOptional: true,
    answer: schemas.about,
  },
  healthz: { method: 'GET', path: '/healthz', summary: 'whether the process answers', content: 'text/plain' },
  readyz: {
    method: 'GET',
    path: '/readyz',
    summary: 'whether a run is open and the store answers',
    content: 'text/plain',
  },
  metrics: {
    method: 'GET',
    path: '/metrics',
    scope: 'read',
    summary: 'counts and times for Prometheus',
    content: 'text/plain',
  },
} as const satisfies Record<string, Route>

/** A route's name. */
export type RouteName = keyof typeof routes
type Of<Name extends RouteName, Part extends string> =
  (typeof routes)[Name] extends Record<Part, infer Found> ? Found : never
/** What a route's query comes to, its body, and its answer; `never` where it has none. */
export type QueryOf<Name extends RouteName> =
  Of<Name, 'query'> extends { readonly schema: infer S extends z.ZodType } ? z.output<S> : never
export type BodyOf<Name extends RouteName> = Of<Name, 'body'> extends infer S extends z.ZodType ? z.output<S> : never
export type AnswerOf<Name extends RouteName> =
  Of<Name, 'answer'> extends infer S extends z.ZodType ? z.output<S> : never
/** What a caller may send, before defaults are filled in. */
export type QueryInput<Name extends RouteName> =
  Of<Name, 'query'> extends { readonly schema: infer S extends z.ZodType } ? z.input<S> : never
export type BodyInput<Name extends RouteName> = Of<Name, 'body'> extends infer S extends z.ZodType ? z.input<S> : never
