import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { askApp } from '../../test/fixtures/ask-app.ts'
import { stubService } from '../../test/fixtures/stub-service.ts'
import { type AppOptions, createApp } from './app.ts'
import { parseKeys } from './keys.ts'
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
    expect(index.headers.get('content-security-policy')).toMatch(
      /^default-src 'self'; (?!.*(style-src|unsafe-inline|'unsafe-eval'))/,
    )
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

describe('private mode', () => {
  const service = stubService()
  const web = join(folder, 'web')
  beforeEach(() => {
    mkdirSync(web, { recursive: true })
    for (const [name, text] of Object.entries({ 'model.onnx': 'model', 'recommend.js': 'module', 'index.html': 'no' }))
      writeFileSync(join(web, name), text)
    service.privateFolder = web
    make({ service, keys: parseKeys('read read-key-0123456789', 'keys') })
  })
  const key = { authorization: 'Bearer read-key-0123456789' }

  it('has files by the key of the model, with their lengths and types', async () => {
    const told = await ask('GET', '/v1/private', undefined, key)
    expect(told.json).toMatchObject({ run: 'stub', folder: 'private/k1/', unavailable: ['i5'] })
    expect(told.text).not.toContain(web)
    const model = await ask('GET', '/private/k1/model.onnx', undefined, key)
    expect([model.text, model.headers.get('content-length')]).toEqual(['model', '5'])
    expect(model.headers.get('cache-control')).toContain('immutable')
    for (const path of ['/private/k2/model.onnx', '/private/k1/index.html', '/private/k1/%2e%2e%2fpage'])
      expect((await ask('GET', path, undefined, key)).status).toBe(404)
  })

  it('asks for a key for what was trained, and for none for code, which a page imports', async () => {
    expect((await ask('GET', '/v1/private')).status).toBe(401)
    expect((await ask('GET', '/private/k1/model.onnx')).status).toBe(401)
    const { status, headers } = await ask('GET', '/private/k1/recommend.js')
    expect([status, headers.get('content-type')]).toEqual([200, expect.stringContaining('text/javascript')])
    expect(headers.get('content-security-policy')).toContain("script-src 'self' 'wasm-unsafe-eval'")
  })

  it('says of a run without a graph why there is none', async () => {
    service.privateFolder = undefined
    const { status, json } = await ask('GET', '/v1/private', undefined, key)
    expect([status, json['detail']]).toEqual([409, 'stub: unsupported: stub counts and has no graph'])
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
