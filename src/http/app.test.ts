import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { askApp } from '../../test/fixtures/ask-app.ts'
import { type StubService, stubService } from '../../test/fixtures/stub-service.ts'
import { UserError } from '../errors.ts'
import { type AppOptions, createApp } from './app.ts'
import { serviceLog } from './log.ts'
import { type Route, routes } from './routes.ts'

const folder = mkdtempSync(join(tmpdir(), 'siftrec-http-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let service: StubService
let lines: string[]
let app: ReturnType<typeof createApp>
const make = (more: Partial<AppOptions> = {}): void => {
  const log = serviceLog({ quiet: false, out: { write: (line) => lines.push(line) } })
  app = createApp({ service, log, version: '1.2.3', ...more })
}
beforeEach(() => {
  service = stubService()
  lines = []
  make()
})
const ask = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  askApp(app, [method, path, body], headers)
const event = { user: 'u1', item: 'i1', behavior: 'click', time: 1_700_000_000_000 }

describe('events', () => {
  it('come one at a time or in a batch, once by their id, now where they have no time', async () => {
    expect((await ask('POST', '/v1/events', event)).json).toEqual({ stored: 1, repeated: 0 })
    const named = { ...event, id: 'e1' }
    expect((await ask('POST', '/v1/events', [named, event])).json).toEqual({ stored: 2, repeated: 0 })
    expect((await ask('POST', '/v1/events', [named])).json).toEqual({ stored: 0, repeated: 1 })
    const { time: _, ...timeless } = event
    await ask('POST', '/v1/events', timeless)
    expect(Date.now() - (service.events.at(-1)?.time ?? 0)).toBeLessThan(5000)
  })

  it.each([
    [
      'one bad event of a batch, which is not stored',
      [event, { ...event, item: 'i9' }],
      422,
      'unknown',
      /events\[1\]\.item: unknown: "i9"/,
    ],
    ['an unknown behavior', { ...event, behavior: 'clik' }, 422, 'unknown', /"clik".*did you mean "click"/],
    ['an event from the future', { ...event, time: Date.now() + 1e9 }, 422, 'invalid', /events\[0\]\.time/],
    [
      'an event before 1970',
      [event, { ...event, time: -1 }],
      400,
      'invalid',
      /body \[1\]\.time: invalid: -1, expected a whole number from 0/,
    ],
    ['a wrong type', [{ ...event, user: 7 }], 400, 'invalid', /body \[0\]\.user: invalid: 7, expected an id/],
    ['a missing part', [event, { user: 'u1', item: 'i1' }], 400, 'missing', /body \[1\]\.behavior: missing/],
    ['an unknown part', { ...event, behaviour: 'click' }, 400, 'unknown', /"behaviour"/],
    ['no events', [], 400, 'invalid', /expected a list of 1 to 1000 events/],
    [
      'too many events',
      Array.from({ length: 1001 }, () => event),
      400,
      'invalid',
      /a list of 1001, expected a list of 1 to 1000/,
    ],
    ['something else', 'true', 400, 'invalid', /body: invalid: true, expected an event/],
    ['half a character', '{"user":"\\ud800","item":"i1","behavior":"click"}', 400, 'invalid', /body user/],
    ['malformed JSON', '{"user":', 400, 'invalid', /body: invalid: .*expected JSON/],
    ['nothing', undefined, 400, 'missing', /body: missing/],
  ])('refuse %s', async (_, body, status, code, told) => {
    const answer = await ask('POST', '/v1/events', body)
    expect(answer.json).toMatchObject({ status, code, detail: expect.stringMatching(told) })
    expect(answer.status).toBe(status)
    expect(service.events).toEqual([])
  })

  it('refuse deep JSON in a sentence', async () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    expect((await ask('POST', '/v1/events', deep)).status).toBe(400)
  })
})

describe('recommendations', () => {
  it('are asked for by filters, lists, exclusions and what is left out', async () => {
    const path =
      '/v1/users/u1/recommendations?top=2&offset=1&field.genre=Drama&field.genre=Comedy&number.price=10..30&allow=i1&allow=i2&block=i3&exclude=seen&explain=true&without.behavior=click&without.modality=text'
    const { status, json } = await ask('GET', path)
    expect(status).toBe(200)
    expect(json['items']).toHaveLength(2)
    expect(service.asked).toEqual([
      [
        'recommend',
        {
          user: 'u1',
          top: 2,
          offset: 1,
          exclude: 'seen',
          explain: true,
          filter: {
            fields: { genre: ['Drama', 'Comedy'] },
            numbers: { price: { from: 10, to: 30 } },
            allow: ['i1', 'i2'],
            block: ['i3'],
          },
          without: { behaviors: ['click'], modalities: ['text'] },
        },
      ],
    ])
  })

  it.each([
    ['top=0', 'invalid', /query top: invalid: 0, expected a whole number from 1 to 1000/],
    ['top=1e9', 'invalid', /query top: invalid: 1000000000/],
    ['top=ten', 'invalid', /query top: invalid: "ten"/],
    ['top=', 'invalid', /query top/],
    ['top=1&top=2', 'duplicate', /query top: duplicate: "2"/],
    ['tpo=1', 'unknown', /"tpo".*did you mean "top"/],
    ['number.price=1', 'invalid', /query number\.price: invalid: "1", expected a range/],
    ['number.price=3..1', 'invalid', /number\.price/],
    ['number.price=1..2..3', 'invalid', /number\.price/],
    ['explain=yes', 'invalid', /query explain: invalid: "yes", expected true or false/],
    ['exclude=all', 'invalid', /expected one of "seen", "target", "none"/],
    ['without.modality=id', 'invalid', /query without\.modality/],
    ['field.=x', 'unknown', /query: unknown: "field\."/],
    ['field.__proto__=x', 'unknown', /query: unknown/],
  ])('refuse the query %s', async (query, code, told) => {
    const { status, json } = await ask('GET', `/v1/users/u1/recommendations?${query}`)
    expect(json).toMatchObject({ code, detail: expect.stringMatching(told) })
    expect(status).toBe(400)
  })

  it('are given for a history in the body', async () => {
    const history = [{ item: 'i1' }, { item: 'i2', behavior: 'click' }]
    expect((await ask('POST', '/v1/recommendations', { history, top: 3 })).json['items']).toHaveLength(3)
    const unknown = await ask('POST', '/v1/recommendations', { history: [{ item: 'i9' }] })
    expect([unknown.status, unknown.json['code']]).toEqual([422, 'unknown'])
    expect((await ask('POST', '/v1/recommendations', { top: 3 })).json).toMatchObject({
      code: 'missing',
      where: 'body history',
    })
  })

  it('rank candidates, for a user or a history', async () => {
    expect((await ask('POST', '/v1/rank', { user: 'u1', items: ['i2', 'i1'] })).json['items']).toHaveLength(2)
    const both = await ask('POST', '/v1/rank', { user: 'u1', history: [], items: ['i2'] })
    expect(both.json).toMatchObject({ status: 400, detail: expect.stringContaining('not both') })
    expect((await ask('POST', '/v1/rank', { user: 'u1', items: ['i9'] })).status).toBe(422)
  })
})

describe('users and items', () => {
  it('have histories, neighbors, records and an end', async () => {
    await ask('POST', '/v1/events', [event, { ...event, user: 'u9' }])
    expect((await ask('GET', '/v1/users/u1/history?limit=5')).json['events']).toHaveLength(1)
    expect((await ask('GET', '/v1/users?prefix=u&limit=2')).json).toEqual({ users: ['u1', 'u2'] })
    expect((await ask('DELETE', '/v1/users/u9')).json).toEqual({ removed: 1 })
    expect((await ask('GET', '/v1/items/i1/similar?top=3&number.price=..20')).status).toBe(200)
    const put = { title: 'a/b', fields: { genre: 'Drama' } }
    expect((await ask('PUT', '/v1/items/new%2Fone', put)).json).toMatchObject({
      id: 'new/one',
      available: true,
      title: 'a/b',
    })
    expect((await ask('GET', '/v1/items/new%2Fone')).json).toMatchObject({ id: 'new/one' })
    expect((await ask('DELETE', '/v1/items/i1')).status).toBe(204)
    expect((await ask('GET', '/v1/items/i1')).json).toMatchObject({ available: false })
  })

  it.each(['/v1/users/u9/history', '/v1/items/i9', '/v1/items/i9/similar', '/v1/items/i9/picture'])(
    'unknown in the path are not found: %s',
    async (path) => expect((await ask('GET', path)).status).toBe(404),
  )

  it('give pictures by id only', async () => {
    const file = join(folder, 'one.png')
    writeFileSync(file, 'picture')
    service.pictures = { i1: file, i2: join(folder, 'gone.png') }
    const answer = await ask('GET', '/v1/items/i1/picture')
    expect([answer.status, answer.headers.get('content-type'), answer.text]).toEqual([200, 'image/png', 'picture'])
    expect((await ask('GET', '/v1/items/i2/picture')).status).toBe(404)
    for (const path of ['..%2f..%2fetc%2fpasswd', encodeURIComponent(file)])
      expect((await ask('GET', `/v1/items/${path}/picture`)).status).toBe(404)
  })
})

describe('any route', () => {
  it('gives JSON as its schema says', async () => {
    const told: AppOptions['told'] = {
      runs: () => ({ runs: [{ name: 'movies' }], evaluations: [] }),
      recommendBy: (run, request) => service.recommendBy(run, request),
      data: async () => ({ users: 1 }),
    }
    service.privateFolder = folder
    make({ told })
    await ask('POST', '/v1/events', event)
    const bodies: Record<string, unknown> = {
      addEvents: event,
      recommendFor: { history: [] },
      recommendBy: { user: 'u1', top: 2 },
      rank: { items: ['i1'] },
      putItem: { available: true },
    }
    for (const [name, route] of Object.entries<Route>(routes)) {
      const path = route.path.replace('{id}', route.path.includes('users') ? 'u1' : 'i1')
      const { status, json, text } = await ask(route.method, path, bodies[name])
      if (name === 'picture') continue
      expect([name, status]).toEqual([name, name === 'removeItem' ? 204 : 200])
      expect(text.length > 0).toBe(name !== 'removeItem')
      expect(route.answer?.parse(json) ?? {}).toEqual(json)
    }
  })

  it('unknown is 404, and another method 405', async () => {
    expect((await ask('GET', '/v1/nothing')).json).toMatchObject({ status: 404, code: 'unknown' })
    const { status, headers, json } = await ask('PATCH', '/v1/items/i1')
    expect([status, headers.get('allow'), json['code']]).toEqual([405, 'GET, PUT, DELETE', 'unsupported'])
    expect((await ask('GET', '/v1/about?x=1')).status).toBe(400)
  })

  it('has headers that keep browsers safe, and a request id', async () => {
    const { headers } = await ask('GET', '/v1/about', undefined, { 'x-request-id': 'mine-1' })
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(headers.get('x-request-id')).toBe('mine-1')
    const strange = await ask('GET', '/v1/about', undefined, { 'x-request-id': 'a b"c' })
    expect(strange.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('tells nobody of an error that nobody foresaw, but the log', async () => {
    service.fault = new Error('secret /etc/passwd')
    const { status, json, text } = await ask('GET', '/v1/users/u1/recommendations')
    expect([status, json['code'], text.includes('secret')]).toEqual([500, 'internal', false])
    const entry = JSON.parse(lines.find((line) => line.includes('foresaw')) ?? '{}') as Record<
      string,
      { stack: string }
    >
    expect(entry['requestId']).toBe(json['requestId'])
    expect(entry['err']?.stack).toContain('secret')
  })

  it('is 503 while the store is away, and says nothing of the store', async () => {
    service.away = true
    const answer = await ask('POST', '/v1/events', event)
    expect([answer.status, answer.headers.get('retry-after'), answer.text.includes('secret-host')]).toEqual([
      503,
      '2',
      false,
    ])
    expect((await ask('GET', '/readyz')).status).toBe(503)
    expect((await ask('GET', '/healthz')).status).toBe(200)
    // Once a minute, not once a request, the log alone says why.
    const errors = lines.map((line) => JSON.parse(line) as { level: number }).filter(({ level }) => level === 50)
    expect(errors).toMatchObject([
      { msg: 'the store cannot be reached: requests are answered by 503', why: 'redis at secret-host is away' },
    ])
  })

  it('is logged by its route, without the user', async () => {
    await ask('GET', '/v1/users/u1/recommendations')
    const entry = JSON.parse(lines[0] ?? '{}') as Record<string, unknown>
    expect(entry).toMatchObject({ msg: 'request', method: 'GET', route: '/v1/users/{id}/recommendations', status: 200 })
    expect(lines[0]).not.toContain('u1')
  })
})

describe('reload', () => {
  it('takes names and no paths, and answers without folders', async () => {
    const names: unknown[] = []
    const missing = { where: '/home/shop/runs/next', problem: 'missing', value: 'the folder' } as const
    make({
      async reload(given) {
        names.push(given)
        if (given) throw new UserError(missing)
        return service.about()
      },
    })
    expect((await ask('POST', '/v1/admin/reload')).status).toBe(200)
    const { status, text } = await ask('POST', '/v1/admin/reload', { retrieve: 'next' })
    expect([status, text.includes('/home'), text.includes('next: missing: the folder')]).toEqual([422, false, true])
    expect(names).toEqual([undefined, { retrieve: 'next' }])
    for (const retrieve of ['../next', '/etc', '..', 'a/b'])
      expect((await ask('POST', '/v1/admin/reload', { retrieve })).status).toBe(400)
  })
})

describe('metrics', () => {
  it('count requests, events and lists, and ask the store', async () => {
    await ask('POST', '/v1/events', event)
    await ask('GET', '/v1/users/u1/recommendations')
    await ask('GET', '/v1/users/u2/recommendations')
    await ask('GET', '/v1/nothing')
    const { text } = await ask('GET', '/metrics')
    for (const line of [
      'siftrec_http_requests_total{route="/v1/users/{id}/recommendations",method="GET",status="200"} 2',
      'siftrec_http_requests_total{route="unknown",method="GET",status="404"} 1',
      'siftrec_http_request_seconds_count{route="/v1/events"} 1',
      'siftrec_events_total{outcome="stored"} 1',
      'siftrec_lists_total{by="model"} 1',
      'siftrec_lists_total{by="popular"} 1',
      'siftrec_store_up 1',
    ])
      expect(text).toContain(line)
    expect(Number(/siftrec_model_age_seconds\{.*\} (\S+)/.exec(text)?.[1])).toBeGreaterThanOrEqual(60)
  })

  it('ask the store once a reading, and tell how long it took this time', async () => {
    let asked = 0
    service.ready = async () => {
      asked++
      await new Promise((resolve) => setTimeout(resolve, 30))
    }
    const { text } = await ask('GET', '/metrics')
    expect(Number(/^siftrec_store_ping_seconds (\S+)$/m.exec(text)?.[1])).toBeGreaterThan(0.02)
    await ask('GET', '/metrics')
    expect(asked).toBe(2)
  })
})
