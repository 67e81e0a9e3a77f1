/** @file The service over HTTP: a value that answers requests, without a port. */
import { randomUUID } from 'node:crypto'
import type { HttpBindings } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { cors } from 'hono/cors'
import { UserError } from '../errors.ts'
import type { Service } from '../serve/service.ts'
import { readJson } from './body.ts'
import { docsPage, documentStyle, indexPage } from './docs-page.ts'
import { type Given, type Handled, type Handlers, handlersOf, type Raw } from './handlers.ts'
import { type Keys, requireScope } from './keys.ts'
import type { Logger } from './log.ts'
import { isLoopback } from './loopback.ts'
import { serviceMetrics } from './metrics.ts'
import { type OpenApi, openApi } from './openapi.ts'
import { holdsPage, servePage } from './page-files.ts'
import { pagePolicy } from './page-policy.ts'
import { servePrivateFiles } from './private-files.ts'
import { problemAnswer } from './problems.ts'
import { queryReader } from './query.ts'
import { rateLimit } from './rate-limit.ts'
import { issueError, pathText, Refusal } from './refusal.ts'
import { type Route, type RouteName, routes } from './routes.ts'
import { id as idSchema } from './schemas.ts'
import { storeAway } from './store-away.ts'

/** What an app is made of. */
export interface AppOptions {
  readonly service: Service
  readonly log: Logger
  readonly version: string
  /** Without keys everybody may do everything, so only the same machine may ask. */
  readonly keys?: Keys
  /** Origins of pages that may ask. */
  readonly cors?: readonly string[]
  /** Requests a second of one key or address; no limit by default. */
  readonly rate?: number
  /** The most bytes of a body; a mebibyte by default. */
  readonly bodyBytes?: number
  /** The folder of a built page. */
  readonly page?: string
  /** By default of this process alone. */
  readonly reload?: Handled['reload']
  readonly metricsText?: Handled['metricsText']
  /** By default nothing is. */
  readonly told?: Handled['told']
}

interface Env {
  Bindings: Partial<HttpBindings>
  Variables: { requestId: string; route: string; id?: string }
}
type Asked = Context<Env>

const untold = (where: string): never => {
  throw new UserError({ where, problem: 'unsupported', value: 'this service tells nothing of files' })
}
const nothingTold: Handled['told'] = {
  runs: () => untold('runs'),
  recommendBy: async () => untold('run'),
  data: async () => untold('data'),
}

const everywhere = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' } as const
/** Headers of data, which is nobody's page. */
const ofData = {
  ...everywhere,
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
} as const
/** Headers of the built page. */
const ofPage = { ...everywhere, 'content-security-policy': pagePolicy() } as const
/** Headers of the documents that are written here, with their style. */
const ofDocuments = { ...everywhere, 'content-security-policy': pagePolicy(documentStyle) } as const

/** Makes the app. */
export function createApp(options: AppOptions): Hono<Env> {
  const { service, log } = options
  const metrics = serviceMetrics(service)
  const handlers = handlersOf({
    service,
    metrics,
    metricsText: options.metricsText ?? (() => metrics.text()),
    reload: options.reload ?? (() => service.reload()),
    told: options.told ?? nothingTold,
  })
  const tellAway = storeAway(log)
  const app = new Hono<Env>()

  app.use(async (c, next) => {
    const began = performance.now()
    c.set('requestId', requestIdOf(c.req.header('x-request-id')))
    await next()
    const route = c.get('route') ?? (c.res.status < 400 ? 'page' : 'unknown')
    const { method } = c.req
    const { status } = c.res
    const took = performance.now() - began
    metrics.answered({ route, method, status, seconds: took / 1000 })
    // Of the path only the route is logged: the rest is a user's or an item's.
    const entry = { requestId: c.get('requestId'), method, route, status, ms: Number(took.toFixed(2)) }
    log.info(entry, 'request')
  })
  app.onError((error, c) => refused(c, error))
  if (options.cors && options.cors.length > 0) app.use(crossOrigin(options.cors))
  if (!options.keys) app.use((c, next) => (refuseOtherHosts(c), next()))

  const admit = admission(options)
  for (const [name, route] of Object.entries<Route>(routes)) {
    const answer = answerer(name as RouteName, route, handlers, options.bodyBytes)
    app.on(route.method, route.path.replaceAll(/\{(\w+)\}/g, ':$1'), (c) => {
      c.set('route', route.path)
      admit(c, route)
      return answer(c)
    })
  }
  servePrivateFiles(app as unknown as Hono, {
    service,
    headers: ofPage,
    admit(c, path, needed) {
      const asked = c as unknown as Asked
      asked.set('route', path)
      if (needed === 'read') admit(asked, routes.privateModel)
    },
  })
  serveDocuments(app, options)
  app.notFound((c) => refused(c, noRoute(c.req.method, c.req.path)))
  return app

  /** An error as an answer; one that nobody foresaw goes to the log whole. */
  function refused(c: Asked, error: Error): Response {
    const requestId = c.get('requestId')
    const id = c.get('id')
    const { status, headers, body, unforeseen } = problemAnswer(error, { requestId, ...(id !== undefined && { id }) })
    tellAway(error)
    if (unforeseen) log.error({ requestId, route: c.get('route'), err: error }, 'an error that nobody foresaw')
    return new Response(JSON.stringify(body), {
      status,
      headers: { ...ofData, ...headers, 'content-type': 'application/problem+json', 'x-request-id': requestId },
    })
  }
}

/** What is to be read: the description, its page, and the page that was built or what stands for it. */
function serveDocuments(app: Hono<Env>, { version, page }: AppOptions): void {
  let made: OpenApi | undefined
  // Made when it is first asked for: it takes longer than all the rest of the start.
  const described = (): OpenApi => (made ??= openApi(version))
  const html = (text: string): Raw => ({ type: 'text/html; charset=utf-8', bytes: text })
  const built = page !== undefined && holdsPage(page)
  const documents: Readonly<Record<string, () => Raw>> = {
    '/openapi.json': () => ({ type: 'application/json', bytes: JSON.stringify(described()) }),
    '/docs': () => html(docsPage(described())),
    ...(!built && { '/': () => html(indexPage(described())) }),
  }
  for (const [path, document] of Object.entries(documents))
    app.get(path, (c) => {
      c.set('route', path)
      const { type, bytes } = document()
      return new Response(bytes, {
        headers: { ...ofDocuments, 'content-type': type, 'x-request-id': c.get('requestId') },
      })
    })
  if (built) servePage(app as unknown as Hono, page, ofPage)
}

/** A caller's own id of a request, if it is one that a log may have. */
const requestIdOf = (given: string | undefined): string =>
  given !== undefined && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID()

const crossOrigin = (origins: readonly string[]) =>
  cors({
    origin: origins.includes('*') ? '*' : [...origins],
    allowMethods: ['GET', 'POST', 'PUT', 'DELETE'],
    allowHeaders: ['authorization', 'content-type', 'x-request-id'],
    exposeHeaders: ['x-request-id', 'retry-after'],
    maxAge: 600,
  })

/**
 * Without keys the machine itself may ask, and nobody who has made a browser believe that his name is this machine's.
 * @throws Refusal 421 for a request to another name
 */
function refuseOtherHosts(c: Asked): void {
  const host = c.req.header('host')
  if (host === undefined || isLoopback(host.replace(/:\d*$/, ''))) return
  const hint = 'a service that others may ask needs keys'
  const told = { where: 'host', problem: 'invalid', value: `"${host}"`, expected: 'localhost', hint } as const
  throw new Refusal(421, new UserError(told))
}

/** Lets a request through, or throws what it is refused with: for its key, its scope, or its number. */
function admission({ keys, rate = 0 }: AppOptions): (c: Asked, route: Route) => void {
  const limit = rate > 0 ? rateLimit(rate) : undefined
  return (c, { scope }) => {
    const address = c.env?.incoming?.socket.remoteAddress ?? 'unknown'
    if (scope === undefined) return
    if (!keys) {
      limit?.take(address)
      return
    }
    try {
      const caller = keys.callerOf(c.req.header('authorization'))
      limit?.take(`key ${caller.name}`)
      requireScope(caller, scope)
    } catch (error) {
      // Whoever tries keys is slowed down by address.
      if (error instanceof Refusal && error.status === 401) limit?.take(address)
      throw error
    }
  }
}

/** Reads what a route takes, asks its handler, and makes its answer a response. */
function answerer(
  name: RouteName,
  route: Route,
  handlers: Handlers,
  bodyBytes = 2 ** 20,
): (c: Asked) => Promise<Response> {
  const read = route.query && queryReader(route.query)
  const handle = handlers[name] as (given: Given<RouteName>) => Promise<unknown>
  return async (c) => {
    const id = route.path.includes('{id}') ? idOf(c) : undefined
    if (id !== undefined) c.set('id', id)
    const { url } = c.req
    const at = url.indexOf('?')
    const query = read?.(new URLSearchParams(at < 0 ? '' : url.slice(at)))
    if (!read && at >= 0 && at < url.length - 1) throw new Refusal(400, noParameters)
    const body = route.body && bodyOf(route, await readJson(c.req, bodyBytes))
    const answer = await handle({ id, query, body } as unknown as Given<RouteName>)
    const headers = { ...ofData, 'x-request-id': c.get('requestId') }
    if (answer === undefined) return new Response(null, { status: 204, headers })
    if (route.answer)
      return new Response(JSON.stringify(answer), { headers: { ...headers, 'content-type': 'application/json' } })
    const { type, bytes, keep } = answer as Raw
    const cached = keep === undefined ? {} : { 'cache-control': `private, max-age=${keep}` }
    return new Response(bytes, { headers: { ...headers, ...cached, 'content-type': type } })
  }
}

const noParameters = new UserError({ where: 'query', problem: 'unknown', value: 'a parameter', expected: 'none' })

function idOf(c: Asked): string {
  const { data, error } = idSchema.safeParse(c.req.param('id'))
  if (error)
    throw new Refusal(
      400,
      issueError(error, c.req.param('id'), () => 'id in the path'),
    )
  return data
}

function bodyOf({ body, bodyOptional }: Route, given: unknown): unknown {
  if (given === undefined && bodyOptional) return undefined
  const { data, error } = (body as NonNullable<Route['body']>).safeParse(given)
  if (error)
    throw new Refusal(
      400,
      issueError(error, given, (path) => `body ${pathText(path)}`.trim()),
    )
  return data
}

const patterns = Object.values<Route>(routes).map(({ method, path }) => ({
  method,
  pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
}))

/** 404 for a path that no route has, 405 for another method than its own. */
function noRoute(method: string, path: string): Refusal {
  const allowed = patterns.filter(({ pattern }) => pattern.test(path)).map((route) => route.method)
  if (allowed.length === 0) {
    const told = { where: 'path', problem: 'unknown', value: `"${path}"`, expected: 'a route of /docs' } as const
    return new Refusal(404, new UserError(told))
  }
  const expected = allowed.join(', ')
  const told = new UserError({ where: path, problem: 'unsupported', value: method, expected })
  return new Refusal(405, told, { allow: expected })
}
