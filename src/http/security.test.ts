import { beforeEach, describe, expect, it } from 'vitest'
import { askApp } from '../../test/fixtures/ask-app.ts'
import { stubService } from '../../test/fixtures/stub-service.ts'
import { UserError } from '../errors.ts'
import { type AppOptions, createApp } from './app.ts'
import { parseKeys } from './keys.ts'
import { serviceLog } from './log.ts'
import { rateLimit } from './rate-limit.ts'
import { type Route, routes } from './routes.ts'

let app: ReturnType<typeof createApp>
const log = serviceLog({ quiet: true })
const make = (more: Partial<AppOptions> = {}): void => {
  app = createApp({ service: stubService(), log, version: '1.2.3', ...more })
}
beforeEach(() => make())
const ask = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  askApp(app, [method, path, body], headers)
const event = { user: 'u1', item: 'i1', behavior: 'click', time: 1_700_000_000_000 }

describe('bodies', () => {
  it('of another media type are refused', async () => {
    const { status, json } = await ask('POST', '/v1/events', event, { 'content-type': 'text/plain' })
    expect([status, json['where']]).toEqual([415, 'content-type'])
  })

  it('too large are refused by their length, and in pieces by what came', async () => {
    make({ bodyBytes: 100 })
    const large = JSON.stringify([event, event])
    const said = await ask('POST', '/v1/events', large, { 'content-length': String(large.length) })
    const counted = await ask('POST', '/v1/events', large)
    for (const { status, json } of [said, counted]) expect([status, json['where']]).toEqual([413, 'body'])
    expect((await ask('POST', '/v1/events', event)).status).toBe(200)
  })

  it('that are no UTF-8 are refused', async () => {
    const headers = { 'content-type': 'application/json' }
    const response = await app.request('/v1/events', { method: 'POST', headers, body: Uint8Array.of(34, 0xff, 34) })
    expect(response.status).toBe(400)
  })
})

describe('keys', () => {
  const read = 'read-key-0123456789'
  const admin = 'admin-key-0123456789'
  const bearer = (key: string) => ({ authorization: `Bearer ${key}` })
  beforeEach(() => make({ keys: parseKeys(`read ${read} page\nread,write,admin ${admin}`, 'keys') }))

  it('open what their scopes allow', async () => {
    expect((await ask('GET', '/v1/about', undefined, bearer(read))).status).toBe(200)
    expect((await ask('POST', '/v1/events', event, bearer(admin))).status).toBe(200)
    const refused = await ask('POST', '/v1/events', event, bearer(read))
    expect(refused.json).toMatchObject({
      status: 403,
      code: 'missing',
      detail: expect.stringContaining('the scope "write"'),
    })
  })

  it('are needed for everything but health, the page and its docs', async () => {
    for (const { method, path, scope } of Object.values<Route>(routes)) {
      const { status, headers } = await ask(method, path.replace('{id}', 'i1'))
      expect([path, status]).toEqual([path, scope === undefined ? 200 : 401])
      expect(headers.get('www-authenticate')).toBe(scope === undefined ? null : 'Bearer')
    }
    for (const path of ['/', '/docs', '/openapi.json']) expect((await ask('GET', path)).status).toBe(200)
    expect((await ask('GET', '/v1/about', undefined, bearer('a-key-that-is-none'))).status).toBe(401)
  })

  it('missing, only the machine itself may ask', async () => {
    make()
    const { status, json } = await ask('GET', '/v1/about', undefined, { host: 'evil.example:80' })
    expect([status, json['where']]).toEqual([421, 'host'])
    for (const host of ['localhost:8080', '127.0.0.1', '[::1]:8080'])
      expect((await ask('GET', '/v1/about', undefined, { host })).status).toBe(200)
  })
})

describe('too many requests', () => {
  it('are refused by key, saying when to come again', async () => {
    make({ keys: parseKeys('read first-key-0123456789\nread other-key-0123456789', 'keys'), rate: 1 })
    const get = (key: string) => ask('GET', '/v1/about', undefined, { authorization: `Bearer ${key}` })
    const statuses: number[] = []
    for (let at = 0; at < 3; at++) statuses.push((await get('first-key-0123456789')).status)
    expect(statuses).toEqual([200, 200, 429])
    const refused = await get('first-key-0123456789')
    expect([refused.headers.get('retry-after'), refused.json['code']]).toEqual(['1', 'busy'])
    expect((await get('other-key-0123456789')).status).toBe(200)
  })
})

describe('other origins', () => {
  it('may ask if they are on the list', async () => {
    make({ cors: ['https://shop.example'] })
    const origin = async (name: string) =>
      (await ask('GET', '/v1/about', undefined, { origin: name })).headers.get('access-control-allow-origin')
    expect([await origin('https://shop.example'), await origin('https://evil.example')]).toEqual([
      'https://shop.example',
      null,
    ])
    const asked = { origin: 'https://shop.example', 'access-control-request-method': 'POST' }
    expect((await ask('OPTIONS', '/v1/events', undefined, asked)).status).toBe(204)
  })
})

describe('a file of keys', () => {
  const told = (text: string): string => {
    try {
      parseKeys(text, 'keys.txt')
    } catch (error) {
      if (error instanceof UserError) return error.message
    }
    return ''
  }
  it.each([
    ['', /^keys\.txt: empty/],
    ['# nothing', /^keys\.txt: empty/],
    ['raed secret-key-0123456789', /^keys\.txt line 1: unknown: a scope, expected read, write, admin/],
    ['\nread secret', /^keys\.txt line 2: invalid: the key.*16 characters/],
    ['secret-key-0123456789', /^keys\.txt line 1: unknown: a scope/],
    ['read secret-key-0123456789 a\nadmin secret-key-0123456789 b', /^keys\.txt: duplicate: the key of b/],
  ])('is refused without telling its keys: %j', (text, sentence) => {
    expect(told(text)).toMatch(sentence)
    expect(told(text)).not.toContain('secret')
  })

  it('may have comments, names and semicolons', () => {
    const keys = parseKeys(
      '# ours\nread first-key-0123456789 # page\n;write,admin other-key-0123456789 shop',
      'keys.txt',
    )
    const caller = keys.callerOf('bearer other-key-0123456789')
    expect([caller.name, [...caller.scopes]]).toEqual(['shop', ['write', 'admin']])
  })
})

describe('a bucket', () => {
  it('has a burst, then fills at its rate', () => {
    let now = 0
    const limit = rateLimit(10, () => now)
    const taken = (): number => {
      for (let count = 0; ; count++) {
        try {
          limit.take('one')
        } catch {
          return count
        }
      }
    }
    const first = taken()
    now = 500
    const half = taken()
    now = 1_000_000
    expect([first, half, taken()]).toEqual([20, 5, 20])
  })
})
