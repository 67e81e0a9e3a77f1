import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { compiled } from './fixtures/siftrec.ts'

/** A line of the log. */
type Entry = Readonly<Record<string, unknown>> & { readonly msg?: string; readonly url?: string; readonly pid?: number }

const running: ChildProcess[] = []
afterAll(() => running.map((child) => child.kill('SIGKILL')))

/** A service of stubs in processes of its own, and what its log says. */
function serveStub({ port = 0, workers = 1 }: { port?: number; workers?: number } = {}) {
  const [program, script] = compiled('test/fixtures/serve-stub.js')
  const child = spawn(program, [script, String(port), String(workers)], {
    env: { ...process.env, NO_COLOR: '1' },
    detached: true,
  })
  running.push(child)
  const entries: Entry[] = []
  let [pending, errors] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => {
    const lines = (pending + chunk.toString()).split('\n')
    pending = lines.pop() ?? ''
    entries.push(...lines.map((line) => JSON.parse(line) as Entry))
  })
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  /** Waits until the log has that many entries of a message. */
  const said = async (msg: string, count = 1): Promise<Entry[]> => {
    const found = (): Entry[] => entries.filter((entry) => entry.msg === msg)
    return vi.waitFor(
      () => {
        if (found().length < count) throw new Error(`${found().length} entries of "${msg}": ${JSON.stringify(entries)}`)
        return found()
      },
      { timeout: 60_000 },
    )
  }
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, errors: () => errors }))
  const url = async (count = 1): Promise<string> => (await said('listening', count))[0]?.url ?? ''
  return { child, said, ended, url, entries }
}
/** The run that is served, by several connections, so that several processes answer. */
async function servedRuns(url: string): Promise<string[]> {
  const asked = Array.from({ length: 12 }, async () => {
    const answer = await fetch(`${url}/v1/about`, { headers: { connection: 'close' } })
    return ((await answer.json()) as { retrieve: { name: string } }).retrieve.name
  })
  return [...new Set(await Promise.all(asked))]
}
const reload = (url: string, retrieve: string): Promise<Response> =>
  fetch(`${url}/v1/admin/reload`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ retrieve }),
  })

// Most of the time passes while processes start.
describe.concurrent('serving', () => {
  it('by one process: it reloads at SIGHUP, and at SIGTERM answers what was asked and closes what it opened', async () => {
    const { child, url, ended, said } = serveStub()
    const asked = fetch(`${await url()}/v1/users/u1/recommendations`)
    child.kill('SIGHUP')
    await said('reloaded')
    child.kill('SIGTERM')
    expect((await asked).status).toBe(200)
    expect((await ended).code).toBe(0)
    await said('closed')
  })

  it('on a port in use is refused in one sentence, by several processes too', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as { port: number }
    const { code, errors } = await serveStub({ port, workers: 2 }).ended
    other.close()
    expect([code, errors()]).toEqual([2, `--port: busy: ${port}. choose another with --port\n`])
  })

  it('by several: one that begins while others reload ends up with the same run', async () => {
    const { child, url, said, ended } = serveStub({ workers: 2 })
    // The second one has just been started, with the run that was served then.
    const at = await url()
    expect((await reload(at, 'second')).status).toBe(200)
    await said('listening', 2)
    await vi.waitFor(async () => expect(await servedRuns(at)).toEqual(['second']), { timeout: 10_000 })
    child.kill('SIGTERM')
    expect((await ended).code).toBe(0)
  })

  it('by several: they reload together, are replaced, counted and stopped together', async () => {
    const { child, url, said, ended } = serveStub({ workers: 2 })
    const at = await url(2)
    expect(await servedRuns(at)).toEqual(['first'])
    const [entry] = await said('signals go to this process')
    expect(entry?.pid).toBe(child.pid)

    expect((await reload(at, 'bad')).status).toBe(422)
    expect(await servedRuns(at)).toEqual(['first'])
    expect((await reload(at, 'second')).status).toBe(200)
    expect(await servedRuns(at)).toEqual(['second'])
    await Promise.all(['a', 'b', 'c', 'd', 'second'].map((name) => reload(at, name)))
    expect(await servedRuns(at)).toHaveLength(1)
    await reload(at, 'second')

    const [, dying] = await said('listening')
    process.kill(dying?.pid ?? 0, 'SIGKILL')
    await said('listening', 3)
    expect(await servedRuns(at)).toEqual(['second'])

    const metrics = await (await fetch(`${at}/metrics`)).text()
    const line = /siftrec_http_requests_total\{route="\/v1\/about",method="GET",status="200"\} (\d+)/.exec(metrics)
    expect(Number(line?.[1])).toBeGreaterThanOrEqual(12)

    child.kill('SIGHUP')
    await said('reloaded', 2)
    // Ctrl-C in a terminal reaches all of them.
    const asked = fetch(`${at}/v1/users/u1/recommendations`)
    await new Promise((resolve) => setTimeout(resolve, 100))
    process.kill(-(child.pid ?? 0), 'SIGINT')
    expect((await asked).status).toBe(200)
    const { code, errors } = await ended
    expect([code, errors()]).toEqual([0, ''])
    expect(await said('closed', 2)).toHaveLength(2)
  })
})
