/** @file The files with which a browser ranks by itself: `/private/KEY/NAME`. */
import { serveStatic } from '@hono/node-server/serve-static'
import type { Context, Hono } from 'hono'
import type { Service } from '../serve/service.ts'

/** What the files are served with. */
interface PrivateParts {
  readonly service: Pick<Service, 'privateModel'>
  readonly headers: Readonly<Record<string, string>>
  /** Notes a request, and lets it through or throws: anybody may have code, and with `read` what was trained. */
  readonly admit: (c: Context, path: string, needed: 'read' | 'nothing') => void
}

/** What is not of this service's data, but the same for all: a script that a page imports carries no key. */
const isCode = (name: string): boolean => /\.(?:js|mjs|wasm)$/.test(name)

/** Serves the files of the run that is served; those of another one are not there. */
export function servePrivateFiles(app: Hono, { service, headers, admit }: PrivateParts): void {
  app.get('/private/:key/:name', async (c, next) => {
    const { key, name } = c.req.param()
    admit(c, '/private/{key}/{name}', isCode(name) ? 'nothing' : 'read')
    const made = await service.privateModel()
    if (made.key !== key || !made.files.some((file) => file.name === name)) return next()
    const file = serveStatic({ root: made.folder, precompressed: true, rewriteRequestPath: () => `/${name}` })
    const response = await file(c, async () => undefined)
    if (!response) return next()
    for (const [header, value] of Object.entries(headers)) response.headers.set(header, value)
    // A key names what never changes.
    response.headers.set('cache-control', 'private, max-age=31536000, immutable')
    return response
  })
}
