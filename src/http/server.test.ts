import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type StubService, stubService } from '../../test/fixtures/stub-service.ts'
import { createApp } from './app.ts'
import { serviceLog } from './log.ts'
import { type Listening, type ListenOptions, listen } from './server.ts'

let server: Listening | undefined
let service: StubService
afterEach(() => server?.close(100))

async function open(more: Partial<ListenOptions> = {}, bodyBytes = 1000): Promise<Listening> {
  service = stubService()
  const app = createApp({ service, log: serviceLog({ quiet: true }), version: '1', bodyBytes })
  server = await listen(app, { host: '127.0.0.1', port: 0, ...more })
  return server
}
/** What a socket that sends this is answered until it is closed. */
async function exchange(url: string, sent: string, rest?: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  let answer = ''
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()))
  socket.on('error', () => undefined)
  socket.write(sent)
  if (rest !== undefined) setTimeout(() => socket.write(rest), 30)
  await once(socket, 'close')
  return answer
}

describe('a server', () => {
  it('answers on its port, and says when the port is taken', async () => {
    const { url } = await open()
    expect(await (await fetch(`${url}/healthz`)).text()).toBe('ok\n')
    const taken = listen(createApp({ service, log: serviceLog({ quiet: true }), version: '1' }), {
      host: '127.0.0.1',
      port: Number(new URL(url).port),
    })
    await expect(taken).rejects.toThrow(/^--port: busy: \d+\. choose another/)
    const elsewhere = listen({ fetch: () => new Response() }, { host: '192.0.2.1', port: 0 })
    await expect(elsewhere).rejects.toThrow(/^--host: invalid: 192\.0\.2\.1/)
  })

  it('takes a reload without a body, as curl -X POST sends it: without a length and without a type', async () => {
    const { url } = await open()
    const asked = 'POST /v1/admin/reload HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n'
    expect(await exchange(url, asked)).toMatch(/^HTTP\/1\.1 200 /)
    const nothing = 'POST /v1/events HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n'
    expect(await exchange(url, nothing)).toMatch(/^HTTP\/1\.1 400 /)
  })

  it('refuses a body that is too large, announced or in pieces', async () => {
    const { url } = await open()
    const large = JSON.stringify('x'.repeat(2000))
    const headers = { 'content-type': 'application/json' }
    const announced = await fetch(`${url}/v1/events`, { method: 'POST', headers, body: large })
    const pieces = new Blob([large]).stream()
    const chunked = await fetch(`${url}/v1/events`, {
      method: 'POST',
      headers,
      body: pieces,
      duplex: 'half',
    })
    for (const answer of [announced, chunked]) {
      expect(answer.status).toBe(413)
      expect(await answer.json()).toMatchObject({ code: 'invalid', where: 'body' })
    }
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
  })

  it('does not wait for slow clients', async () => {
    const { url } = await open({ headersMs: 100, requestMs: 200 })
    expect(await exchange(url, 'GET /healthz HTTP/1.1\r\n')).toContain('408')
    const post =
      'POST /v1/events HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 90\r\n\r\n{'
    expect(await exchange(url, post, '"u')).toMatch(/ 408 | 400 |^$/)
    expect(service.events).toEqual([])
  })

  it('finishes requests before it closes', async () => {
    const { url } = await open()
    service.slow = 150
    const answer = fetch(`${url}/v1/users/u1/recommendations`)
    await new Promise((resolve) => setTimeout(resolve, 50))
    const began = performance.now()
    await server?.close()
    // The connection would be kept for ten seconds.
    expect(performance.now() - began).toBeLessThan(6000)
    expect((await answer).status).toBe(200)
    await expect(fetch(`${url}/healthz`)).rejects.toThrow('fetch failed')
  })

  it('closes at last on whoever does not finish', async () => {
    const { url } = await open()
    service.slow = 3000
    const answer = fetch(`${url}/v1/users/u1/recommendations`).catch(() => 'cut')
    await new Promise((resolve) => setTimeout(resolve, 50))
    await server?.close(50)
    expect(await answer).toBe('cut')
  })
})
