import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { askApp } from '../../test/fixtures/ask-app.ts'
import { stubService } from '../../test/fixtures/stub-service.ts'
import { type AppOptions, createApp } from './app.ts'
import { serviceLog } from './log.ts'
import type { OpenApi } from './openapi.ts'
import { type Route, routes } from './routes.ts'

const folder = mkdtempSync(join(tmpdir(), 'siftrec-page-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let app: ReturnType<typeof createApp>
const make = (more: Partial<AppOptions> = {}): void => {
  app = createApp({ service: stubService(), log: serviceLog({ quiet: true }), version: '1.2.3', ...more })
}
beforeEach(() => make())
const ask = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  askApp(app, [method, path, body], headers)

describe('the page', () => {
  it('is served where it was built, its assets to be kept', async () => {
    const page = join(folder, 'page')
    mkdirSync(join(page, 'assets'), { recursive: true })
    writeFileSync(join(page, 'index.html'), '<html>page</html>')
    writeFileSync(join(page, 'assets', 'index-Ab12Cd34.js'), 'script')
    make({ page })
    const html = { accept: 'text/html' }
    const index = await ask('GET', '/', undefined, html)
    expect([index.text, index.headers.get('cache-control')]).toEqual(['<html>page</html>', 'no-cache'])
    expect(index.headers.get('content-security-policy')).toMatch(/^default-src 'self'; (?!.*(style-src|unsafe))/)
    const asset = await ask('GET', '/assets/index-Ab12Cd34.js')
    expect([asset.text, asset.headers.get('cache-control')]).toEqual(['script', 'public, max-age=31536000, immutable'])
    expect((await ask('GET', '/users/u1', undefined, html)).text).toBe('<html>page</html>')
    expect((await ask('GET', '/assets/gone.js')).status).toBe(404)
    expect((await ask('GET', '/v1/nothing', undefined, html)).status).toBe(404)
    expect((await ask('GET', '/%2e%2e/one.png')).status).toBe(404)
    expect((await ask('GET', '/v1/about')).status).toBe(200)
  })

  it('missing, is a list of routes', async () => {
    const { text, headers } = await ask('GET', '/')
    expect([headers.get('content-type'), text.includes('/v1/rank')]).toEqual(['text/html; charset=utf-8', true])
  })
})

describe('the description', () => {
  it('has every route, and no reference that leads nowhere', async () => {
    const { text, json } = await ask('GET', '/openapi.json')
    const { openapi, info, paths, components } = json as unknown as OpenApi
    expect([openapi, info['version']]).toEqual(['3.1.0', '1.2.3'])
    const found = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )
    expect(found.sort()).toEqual(
      Object.values<Route>(routes)
        .map(({ method, path }) => `${method} ${path}`)
        .sort(),
    )
    const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name as string)
    expect(references.length).toBeGreaterThan(10)
    expect(references.filter((name) => !(name in (components['schemas'] ?? {})))).toEqual([])
    expect(text).not.toContain('anonymous')
  })

  it('has the parameters of queries with their ranges', async () => {
    const { paths } = (await ask('GET', '/openapi.json')).json as unknown as OpenApi
    const { parameters = [] } = paths['/v1/users/{id}/recommendations']?.['get'] ?? {}
    expect(parameters.find(({ name }) => name === 'top')).toMatchObject({
      in: 'query',
      schema: { minimum: 1, maximum: 1000 },
    })
    const filters = parameters.find(({ name }) => name === 'filters')
    expect(Object.keys(filters?.schema['patternProperties'] ?? {})).toEqual(['^field\\..+', '^number\\..+'])
  })

  it('is a page that loads nothing from elsewhere', async () => {
    const { text, headers } = await ask('GET', '/docs')
    expect(headers.get('content-type')).toContain('text/html')
    expect(headers.get('content-security-policy')).toMatch(/; style-src 'sha256-[\w+/]{43}=';/)
    expect(text).not.toMatch(/(?:src|href)="(?!\/)|@import|url\(|<script|\sstyle=/)
    for (const { path } of Object.values<Route>(routes)) expect(text).toContain(path)
  })
})
