import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { serveDemo } from './demo-page.ts'

/** What was said and served. */
async function served(choice: { wanted: boolean; terminal: boolean }) {
  const [said, asked]: [string[], (readonly string[])[]] = [[], []]
  await serveDemo('demo/runs/m3bsr', {
    ...choice,
    say: (line) => said.push(line),
    serve: async (args) => asked.push(args),
  })
  return { said, asked }
}

describe('the end of the demo', () => {
  it('serves the run and says where, on a port that is free', async () => {
    const taken = createServer()
    // If somebody else has it, it is taken all the same.
    await new Promise<void>((resolve) => taken.once('error', () => resolve()).listen(8080, '127.0.0.1', resolve))
    try {
      const { said, asked } = await served({ wanted: true, terminal: true })
      const [, url, port] =
        /(http:\/\/127\.0\.0\.1:(\d+)\/(?:docs)?) in a browser; Ctrl-C ends it$/.exec(said[0] ?? '') ?? []
      expect(url).toBeDefined()
      expect(port).not.toBe('8080')
      expect(asked).toEqual([['demo/runs/m3bsr', '--port', port, '--quiet']])
    } finally {
      taken.close()
    }
  })

  it.each([
    { wanted: false, terminal: true },
    { wanted: true, terminal: false },
  ])('serves nothing with %o', async (choice) => {
    expect(await served(choice)).toEqual({ said: [], asked: [] })
  })
})
