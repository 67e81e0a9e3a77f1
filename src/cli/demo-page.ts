/** @file What ends the demo: a page on the run it made, until Ctrl-C. */
import { createServer } from 'node:net'
import { builtPage, holdsPage } from '../http/page-files.ts'

/** Runs the command `serve` with arguments. */
export type ServeCommand = (args: readonly string[]) => Promise<unknown>

/** Whether and how the demo ends with a page. */
export interface DemoPage {
  /** Not with --no-serve. */
  readonly wanted: boolean
  /** Whether somebody sits at a terminal, and can end it. */
  readonly terminal: boolean
  readonly serve: ServeCommand
  readonly say: (line: string) => void
}

/** Serves a run until it is stopped, and says where its page is; does nothing where nobody wants it. */
export async function serveDemo(run: string, { wanted, terminal, serve, say }: DemoPage): Promise<void> {
  if (!wanted || !terminal) return
  const port = await freePort()
  // Where no page was built, the list of routes is what a browser can open.
  say(`\nopen http://127.0.0.1:${port}/${holdsPage(builtPage) ? '' : 'docs'} in a browser; Ctrl-C ends it`)
  await serve([run, '--port', String(port), '--quiet'])
}

/** The port that `serve` has by default, or another one where that is in use. */
async function freePort(): Promise<number> {
  return (await tried(8080)) ?? (await tried(0)) ?? 8080
}

function tried(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined))
    })
  })
}
