/** @file A service of made-up answers that serves the built page under the service's policy: for tests of the page alone. */
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { pagePolicy } from '../../src/http/page-policy.ts'
import type {
  About,
  AnsweredItem,
  HistoryEvent,
  ItemMap,
  Recommended,
  RecommendRequest,
} from '../../src/serve/service.ts'
import { stubDescription } from './stub-description.ts'
import { stubMetrics } from './stub-metrics.ts'
import { stubRuns } from './stub-runs.ts'

/** What a test may look at and change. */
export interface StubService extends AsyncDisposable {
  readonly address: string
  /** Events that were stored. */
  readonly events: Record<string, unknown>[]
  /** Requests that were made: method and path. */
  readonly asked: string[]
  /** Set to true, the store is away. */
  away: boolean
  /** How long a list takes, in milliseconds. */
  slow: number
  /** The key that requests must carry, if any. */
  key: string | undefined
}

const titles = [
  'Finding Nemo',
  'The Incredibles',
  'Toy Story 2',
  'Harry Potter and the Sorcerer’s Stone',
  'Batman Begins',
  'Raiders of the Lost Ark',
  'Pirates of the Caribbean: Dead Man’s Chest',
  'Spider-Man',
  'Ocean’s Eleven',
  'Kill Bill: Vol. 1',
  'Catch Me If You Can',
  'The Green Mile',
  'Iron Man',
  'X-Men',
  'The Godfather',
  'Amelie',
  'Snatch',
  'Monsters, Inc.',
  'Shrek',
  'Gladiator',
  'Spirited Away',
  'Fight Club',
]
const genres = ['Adventure|Animation', 'Action', 'Comedy|Drama', 'Crime']
const behaviors = ['view', 'favorite']
const past: readonly HistoryEvent[] = [17, 18, 19, 20, 21].map((at, back) => ({
  id: `${at}`,
  title: titles[at] as string,
  behavior: behaviors[at % 2] as string,
  time: Date.UTC(2011, 0, 19) - back * 86_400_000,
  fresh: false,
  picture: at !== 21,
}))

const served = { name: 'films-m3bsr', model: 'm3bsr', fingerprint: 'f00', trained: Date.now() - 8_040_000 }
const about: About = {
  dataset: 'films',
  items: titles.length,
  users: 3,
  behaviors,
  target: 'favorite',
  fields: { genre: [...genres, 'Film-Noir'] },
  numbers: ['year'],
  modalities: ['id', 'text', 'image'],
  pictures: true,
  retrieve: served,
  store: 'memory',
  noun: { one: 'film', many: 'films' },
}

/** Films in a row before, and on a circle after. */
const stubMap: ItemMap = {
  run: 'films-m3bsr',
  model: 'm3bsr',
  denoises: true,
  of: 1000,
  field: 'genre',
  items: titles.map((title, at) => ({ id: `${at}`, title, category: genres[at % 4] as string, picture: at % 5 !== 4 })),
  before: {
    points: titles.flatMap((_, at) => [at, at % 3]),
    near: titles.flatMap((_, at) => Array.from({ length: 10 }, (_one, back) => (at + back + 1) % titles.length)),
  },
  after: {
    points: titles.flatMap((_, at) => [Math.sin(at), Math.cos(at)]),
    near: titles.flatMap((_, at) => Array.from({ length: 10 }, (_one, back) => (at + 4 * (back + 1)) % titles.length)),
  },
}

/** A list that depends on the latest event, on what is left out and on what is filtered. */
function listOf(request: RecommendRequest, events: readonly { id: string; behavior: string }[]): Recommended {
  const { top = 10, filter = {}, without = {} } = request
  const seed = Number(events[0]?.id ?? 0) + 7 * (without.modalities?.length ?? 0) + 3 * (without.behaviors?.length ?? 0)
  const seen = new Set([...events.map(({ id }) => id), ...(filter.block ?? [])])
  const genre = filter.fields?.['genre']
  const left = titles
    .map((title, at) => ({ title, at, score: ((at * 5 + seed) % 23) / 23 }))
    .filter(({ at }) => !seen.has(`${at}`) && (!genre || genre.includes(genres[at % 4] as string)))
    .sort((a, b) => b.score - a.score)
  const item = ({ title, at, score }: (typeof left)[number]): AnsweredItem => ({
    id: `${at}`,
    title,
    score,
    fields: { genre: genres[at % 4] as string },
    numbers: { year: 1990 + at },
    picture: at % 5 !== 4,
    ...(events.length > 0 && {
      behaviors: { view: 0.3 + (at % 5) / 20, favorite: 0.7 - (at % 5) / 20 },
      modalities: { id: 0.6, text: 0.4 - (at % 4) / 10, image: (at % 4) / 10 },
      because: events.slice(0, 3).map(({ id, behavior }, place) => ({
        id,
        title: titles[Number(id)] as string,
        behavior,
        share: [0.28, 0.21, 0.07][place] as number,
      })),
    }),
  })
  return {
    items: left.slice(0, top).map(item),
    run: 'films-m3bsr',
    ...(events.length === 0 && { fallback: 'popular' as const }),
    events: { read: events.length, fresh: 0 },
    stages: [
      { stage: 'catalog', left: titles.length },
      { stage: 'available', left: left.length },
      { stage: 'retrieved', left: Math.min(top, left.length) },
    ],
  }
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
}
const picture = (id: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 144"><rect width="96" height="144" fill="hsl(${Number(id) * 47} 45% 42%)"/><circle cx="48" cy="60" r="26" fill="hsl(${Number(id) * 83} 60% 70%)"/></svg>`

interface Answer {
  readonly status?: number
  readonly type?: string
  readonly body: string | Buffer
}
const json = (value: unknown, status = 200): Answer => ({
  status,
  type: 'application/json',
  body: JSON.stringify(value),
})
const refused = (status: number, code: string, detail: string): Answer =>
  json({ type: `/docs#${code}`, title: code, status, detail, code, requestId: 'a-request' }, status)

/** Starts the service on a free port of the loopback. @param page the folder of the built page */
export async function stubService(page: string): Promise<StubService> {
  const server: Server = createServer((request, response) => {
    void answer(request).then(({ status = 200, type = 'text/plain', body }) => {
      response.writeHead(status, { 'content-type': type, 'content-security-policy': pagePolicy() })
      response.end(body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const stub: StubService = {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    events: [],
    asked: [],
    away: false,
    slow: 0,
    key: undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return stub

  async function answer(request: IncomingMessage): Promise<Answer> {
    const url = new URL(request.url ?? '/', 'http://stub')
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = chunks.length > 0 ? (JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>) : {}
    stub.asked.push(`${request.method} ${url.pathname}`)
    const [, first, second, id = '', third] = url.pathname.split('/')
    const isData = first === 'metrics' || first === 'v1'
    if (isData && stub.key !== undefined && request.headers.authorization !== `Bearer ${stub.key}`)
      return refused(401, 'missing', 'authorization: missing: a key')
    if (first === 'metrics') return { body: stubMetrics(stub.asked.length) }
    if (first !== 'v1') return file(url.pathname)
    if (second === 'admin') Object.assign(served, { name: body['retrieve'] })
    if (second === 'private')
      return refused(409, 'unsupported', 'films-knn: unsupported: item-knn counts and has no graph')
    if (second === 'about' || second === 'admin') return json(about)
    if (second === 'map') return json(stubMap)
    if (second === 'runs' && third === 'recommendations') {
      if (id === 'films-popular')
        return refused(409, 'unsupported', 'films-popular: unsupported: a run of another kind')
      const asked = body as unknown as RecommendRequest
      const answer = listOf({ ...asked, without: { behaviors: ['view'] } }, past)
      return json({ ...answer, run: id, modalities: ['id'] })
    }
    if (second === 'runs') return json(stubRuns)
    if (second === 'data') return json(stubDescription)
    if (second === 'items' && third === 'picture') return { type: 'image/svg+xml', body: picture(id) }
    if (second === 'users' && id === '') return json({ users: ['186'] })
    if (stub.away) return refused(503, 'unavailable', 'the store cannot be reached now. try again in a moment')
    if (second === 'events') {
      stub.events.push(body)
      return json({ stored: 1, repeated: 0 })
    }
    if (stub.slow > 0) await new Promise((resolve) => setTimeout(resolve, stub.slow))
    if (second === 'recommendations') {
      const asked = body as unknown as RecommendRequest
      const history = (asked.history ?? []).map(({ item, behavior = 'favorite' }) => ({ id: item, behavior })).reverse()
      return json(listOf(asked, history))
    }
    if (id !== '186') return refused(404, 'unknown', `user: unknown: "${id}"`)
    const events = [
      ...stub.events
        .map(({ item, behavior }) => ({
          id: String(item),
          title: titles[Number(item)] as string,
          behavior: String(behavior),
          time: Date.now(),
          fresh: true,
          picture: true,
        }))
        .reverse(),
      ...past,
    ]
    return third === 'history' ? json({ events }) : json(listOf(queryOf(url.searchParams), events))
  }

  function file(path: string): Answer {
    try {
      const name = path === '/' ? '/index.html' : path
      return { type: types[extname(name)] ?? 'text/plain', body: readFileSync(join(page, name)) }
    } catch {
      return { status: 404, body: 'nothing' }
    }
  }
}

const queryOf = (query: URLSearchParams): RecommendRequest => ({
  top: Number(query.get('top') ?? 10),
  filter: {
    block: query.getAll('block'),
    ...(query.has('field.genre') && { fields: { genre: query.getAll('field.genre') } }),
  },
  without: { behaviors: query.getAll('without.behavior'), modalities: query.getAll('without.modality') as 'text'[] },
})
