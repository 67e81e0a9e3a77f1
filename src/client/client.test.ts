import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { type StubService, stubService } from '../../test/fixtures/stub-service.ts'
import { createApp } from '../http/app.ts'
import { parseKeys } from '../http/keys.ts'
import { serviceLog } from '../http/log.ts'
import { ServiceError, type SiftrecClient, siftrecClient } from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'siftrec-client-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const key = 'client-key-0123456789'

let service: StubService
let client: SiftrecClient
let other: SiftrecClient
beforeEach(() => {
  service = stubService()
  const keys = parseKeys(`read,write,admin ${key}`, 'keys')
  const app = createApp({
    service,
    log: serviceLog({ quiet: true }),
    version: '1',
    keys,
    reload: (names) => service.reload(names),
  })
  const ask = async (input: string | URL | Request, init?: RequestInit) => app.request(input, init)
  client = siftrecClient({ url: 'http://localhost/', key, fetch: ask })
  other = siftrecClient({ url: 'http://localhost', fetch: ask })
})
const refused = (call: Promise<unknown>): Promise<ServiceError> =>
  call.then(
    () => Promise.reject(new Error('it was answered')),
    (error: unknown) => error as ServiceError,
  )

describe('a client', () => {
  it('asks for lists as the service understands them', async () => {
    const options = {
      top: 2,
      offset: 1,
      explain: true,
      exclude: 'none' as const,
      filter: {
        fields: { genre: ['Drama', 'Comedy & more'] },
        numbers: { price: { from: 10 } },
        allow: ['i1', 'i2'],
        block: ['i3'],
      },
      without: { behaviors: ['click'], modalities: ['text' as const] },
    }
    const { items } = await client.recommend('u1', options)
    expect(items.length).toBeGreaterThan(0)
    expect(service.asked[0]).toEqual(['recommend', { user: 'u1', ...options }])
    await client.similar('i1', { top: 3, filter: { numbers: { price: { to: 20 } } } })
    expect(service.asked[1]).toEqual(['similar', 'i1', { top: 3, filter: { numbers: { price: { to: 20 } } } }])
    await client.recommendFor({ history: [{ item: 'i1' }] })
    await client.rank({ items: ['i2', 'i1'], user: 'u1' })
    expect(service.asked[3]).toEqual(['rank', { items: ['i2', 'i1'], user: 'u1' }])
  })

  it('sends events, keeps items and forgets users', async () => {
    const event = { user: 'a/b', item: 'i1', behavior: 'click', time: 5 }
    expect(await client.addEvents([event, { ...event, user: 'u1' }])).toEqual({ stored: 2, repeated: 0 })
    expect((await client.history('a/b', { limit: 5 })).events).toHaveLength(1)
    expect(await client.forget('a/b')).toEqual({ removed: 1 })
    expect((await client.users({ prefix: 'u', limit: 1 })).users).toEqual(['u1'])
    expect(await client.putItem('new one', { title: 'New' })).toMatchObject({ id: 'new one', title: 'New' })
    await client.removeItem('new one')
    expect((await client.item('new one')).available).toBe(false)
    expect((await client.about()).dataset).toBe('stub')
    await client.reload({ retrieve: 'next' })
    expect(service.asked.at(-1)).toEqual(['reload', { retrieve: 'next' }])
  })

  it('has pictures, or none', async () => {
    const file = join(folder, 'one.png')
    writeFileSync(file, 'picture')
    service.pictures = { i1: file }
    expect(await (await client.picture('i1'))?.text()).toBe('picture')
    expect(await client.picture('i2')).toBeUndefined()
  })

  it('throws the code and the sentence of a problem', async () => {
    const unknown = await refused(client.item('i9'))
    expect(unknown).toBeInstanceOf(ServiceError)
    expect(unknown).toMatchObject({ status: 404, code: 'unknown', message: expect.stringContaining('"i9"') })
    expect(await refused(other.about())).toMatchObject({ status: 401, code: 'missing' })
    service.away = true
    expect(await refused(client.recommend('u1'))).toMatchObject({ status: 503, code: 'unavailable', retryAfter: 2 })
  })

  it('does not leave out a filter that lets nothing pass', async () => {
    expect(await refused(client.recommend('u1', { filter: { allow: [] } }))).toMatchObject({
      status: 400,
      where: 'query allow',
    })
    expect(await refused(client.recommend('u1', { filter: { fields: { genre: [] } } }))).toMatchObject({ status: 400 })
  })

  it("tells a proxy's page as its status", async () => {
    const proxied = siftrecClient({
      url: 'http://localhost',
      fetch: async () => new Response('<html>', { status: 502 }),
    })
    expect(await refused(proxied.about())).toMatchObject({ status: 502, code: 'http', message: 'the answer is 502' })
  })
})
