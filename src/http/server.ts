/** @file The app on a port. */
import type { Server } from 'node:http'
import { createAdaptorServer } from '@hono/node-server'
import { UserError } from '../errors.ts'

/** What an app is to a server. */
interface Answers {
  fetch(request: Request, env: object): Response | Promise<Response>
}
/** Where to listen, and how long to wait for whom. */
export interface ListenOptions {
  readonly host: string
  /** 0 for any that is free. */
  readonly port: number
  /** Milliseconds that a caller has to send its headers, and its whole request. */
  readonly headersMs?: number
  readonly requestMs?: number
}
/** A server that listens. */
export interface Listening {
  readonly url: string
  /** Accepts nobody any more, and ends once all requests are answered; after `graceMs` those left are cut off. */
  close(graceMs?: number): Promise<void>
}

/** @throws UserError where the port is in use or may not be had, or the host is none of this machine's */
export async function listen(app: Answers, options: ListenOptions): Promise<Listening> {
  const { host, port, headersMs = 10_000, requestMs = 30_000 } = options
  const server = createAdaptorServer({
    fetch: (request, env) => app.fetch(request, env),
    serverOptions: {
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      connectionsCheckingInterval: Math.min(1000, headersMs / 2),
      keepAliveTimeout: 10_000,
    },
  }) as Server
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)))
    server.listen(port, host, resolve)
  })
  const address = server.address()
  const open = typeof address === 'object' && address ? address.port : port
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${open}`,
    close: (graceMs = 10_000) =>
      new Promise((resolve) => {
        const cut = setTimeout(() => server.closeAllConnections(), graceMs)
        // A connection whose last request was answered would be kept for the next one.
        const idle = setInterval(() => server.closeIdleConnections(), 50)
        server.close(() => {
          clearInterval(idle)
          clearTimeout(cut)
          resolve()
        })
      }),
  }
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): unknown {
  if (error.code === 'EADDRINUSE')
    return new UserError({ where: '--port', problem: 'busy', value: String(port), hint: 'choose another with --port' })
  if (error.code === 'EACCES')
    return new UserError({
      where: '--port',
      problem: 'invalid',
      value: String(port),
      expected: 'a port that you may use',
    })
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND')
    return new UserError({ where: '--host', problem: 'invalid', value: host, expected: 'an address of this machine' })
  return error
}
