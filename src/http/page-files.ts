/** @file The page that was built beside the service, if it was. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { serveStatic } from '@hono/node-server/serve-static'
import type { Hono } from 'hono'

/** Where the page is built, of the sources and of the package alike. */
export const builtPage = fileURLToPath(new URL('../../dist/page', import.meta.url))

/** Whether a folder holds a page. */
export const holdsPage = (folder: string): boolean => existsSync(join(folder, 'index.html'))

/** Names with a hash of their content never change what they name. */
const hashed = /[.-][\w-]{8,}\.\w+$/

/** Serves a page's files; a path of no file that is asked for as a page is the page's own business. */
export function servePage(app: Hono, folder: string, headers: Readonly<Record<string, string>>): void {
  const file = serveStatic({ root: folder })
  const index = serveStatic({ root: folder, path: 'index.html' })
  const nothing = async (): Promise<void> => undefined
  app.use('*', async (c, next) => {
    if (c.req.path.startsWith('/v1/')) return next()
    const found = await file(c, nothing)
    const isPage = c.req.method === 'GET' && (c.req.header('accept') ?? '').includes('text/html')
    const response = found ?? (isPage ? await index(c, nothing) : undefined)
    if (!response) return next()
    for (const [name, value] of Object.entries(headers)) response.headers.set(name, value)
    const kept = found && hashed.test(c.req.path)
    response.headers.set('cache-control', kept ? 'public, max-age=31536000, immutable' : 'no-cache')
    return response
  })
}
