import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type OwnServer, redisProgram, startRedis } from '../../test/fixtures/own-servers.ts'
import { temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import { startS3, stubStorage } from '../../test/fixtures/s3-server.ts'
import type { UserError } from '../errors.ts'
import { connectRedis } from '../storage/redis.ts'
import type { Job, JobEvent, JobKind } from './job.ts'
import { openQueue } from './queue.ts'
import { runWorker, type WorkerOptions } from './queue-worker.ts'

/** A number to be doubled. */
interface Doubling extends Job {
  readonly value: number
  readonly data: string
}
/** Doubles, some numbers slowly; cannot double 13, and dies of 0. */
const script = `
process.on('disconnect', () => process.exit(0))
process.on('message', ({ kind, job }) => {
  if (kind !== 'run') return
  if (job.value === 0) process.exit(9)
  const refused = { where: 'double', problem: 'invalid', value: '13' }
  const send = () => process.send(job.value === 13 ? { kind: 'refused', parts: refused } : { kind: 'ended', result: 2 * job.value })
  setTimeout(send, job.slow ? 2000 : 0)
})`

const folder = temporaryFolder()
afterAll(() => folder[Symbol.dispose]())
const kind: JobKind<Doubling, number> = {
  name: 'cell',
  script: pathToFileURL(folder.write({ 'double.mjs': script, 'data/manifest.json': '{}' })),
  run: () => Promise.reject(new Error('nothing is done here')),
  id: ({ value }) => String(value),
  dataOf: ({ data }) => data,
  withData: (job, data) => ({ ...job, data }),
  isHere: () => true,
}
const doubling = (value: number, data = join(folder.path, 'data')): Doubling => ({ label: `${value}`, value, data })

describe.skipIf(!redisProgram())('jobs through a queue', () => {
  let server: OwnServer
  let redis: Awaited<ReturnType<typeof connectRedis>>
  beforeAll(async () => {
    server = await startRedis()
    const unreachable = (told: string): Error => new Error(told)
    redis = await connectRedis(server.url, { name: 'redis', options: {}, unreachable })
  })
  afterAll(async () => {
    redis.disconnect()
    await server[Symbol.asyncDispose]()
  })
  const waiting = (): Promise<number> => redis.llen('{siftrec}:jobs:wait')

  /** Works until it is disposed of. */
  function startWorker(more: Partial<WorkerOptions> = {}): AsyncDisposable & { readonly ended: Promise<unknown> } {
    const stop = new AbortController()
    const settings = { kinds: [kind], jobs: 1, deadAfter: 2, signal: stop.signal, say: () => undefined, ...more }
    const ended = runWorker(server.url, settings).catch((error: unknown) => error)
    return {
      ended,
      async [Symbol.asyncDispose]() {
        stop.abort()
        await ended
      },
    }
  }

  /** Asks for jobs; tells what became of them. */
  async function ask(jobs: readonly Doubling[], signal?: AbortSignal, at = folder.path) {
    const [told, said]: [string[], string[]] = [[], []]
    const report = (event: JobEvent<Doubling, number>): void => {
      const more = event.kind === 'ended' ? event.result : event.kind === 'returned' ? event.why : ''
      told.push(`${event.job.label} ${event.kind} ${more}`.trim())
    }
    await using queue = await openQueue(server.url, () => undefined)
    const options = { folder: at, dataRoot: 'there', say: (line: string) => said.push(line), report, signal }
    const status = await queue.run(kind, jobs, options).catch((error: unknown) => (error as UserError).message)
    return { status, told, said }
  }

  it('are each done once, and told of', async () => {
    await using _ = startWorker()
    const { status, told } = await ask([doubling(1), doubling(2)])
    expect(status).toBe('finished')
    expect(told).toEqual(['1 begun', '1 ended 2', '2 begun', '2 ended 4'])
  })

  it('fail as their job does, and leave the others out of the queue', async () => {
    await using _ = startWorker()
    const slow = { ...doubling(3), slow: true }
    expect((await ask([doubling(13), slow, doubling(4)])).status).toBe('double: invalid: 13')
    expect(await waiting()).toBe(0)
  })

  it('are given up where their process is lost three times', async () => {
    await using _ = startWorker()
    const { status, told } = await ask([doubling(0)])
    expect(status).toMatch(/^--queue: invalid: 0: its process on \S+ ended by itself with code 9\. if memory ran out/)
    expect(told).toEqual(Array.from({ length: 3 }, () => ['0 begun', '0 returned lost']).flat())
  })

  it('go back to the queue from a worker that has not their dataset, whose data sets may lie elsewhere', async () => {
    const job = doubling(6, join('there', 'data'))
    const stop = new AbortController()
    const asked = ask([job], stop.signal)
    const { message } = (await startWorker().ended) as UserError
    expect(message).toMatch(/^there\/data: missing: the dataset of a job\. share its folder at the same path/)
    await using _ = startWorker({ dataRoot: folder.path })
    expect(await asked).toMatchObject({ status: 'finished', told: ['6 begun', '6 ended 12'] })
  })

  it('go back to the queue from a worker that sees another storage, or may not write there', async () => {
    const ours = await startS3(join(folder.path, 'ours'), false)
    const other = await startS3(join(folder.path, 'other'), false)
    try {
      stubStorage(ours)
      const stop = new AbortController()
      const asked = ask([doubling(10, 'elsewhere')], stop.signal, 's3://shop/doubled')
      while ((await waiting()) < 1) await sleep(20)
      stubStorage(other)
      expect(((await startWorker().ended) as UserError).message).toMatch(
        /^s3:\/\/shop\/doubled: mismatched: not the storage that the results go to\. start the worker with the AWS_/,
      )
      vi.stubEnv('AWS_ACCESS_KEY_ID', 'another')
      expect(((await startWorker().ended) as UserError).message).toMatch(
        /^s3:\/\/shop\/doubled\/\.siftrec-writable: invalid: the server refuses: .* may write to the bucket$/,
      )
      expect(await waiting()).toBe(1)
      stop.abort()
      expect((await asked).said).toEqual(['no worker is there: start some with siftrec worker --queue URL anywhere'])
    } finally {
      vi.unstubAllEnvs()
      for (const one of [ours, other]) await one[Symbol.asyncDispose]()
    }
  })

  it('are put there again by whoever waits for them when the server lost them', async () => {
    const asked = ask([doubling(7), doubling(8)])
    while ((await waiting()) < 2) await sleep(20)
    await redis.flushall()
    await using _ = startWorker()
    const { status, said } = await asked
    expect([status, said]).toEqual(['finished', [expect.stringMatching(/^no worker is there/)]])
  })

  it('leave the queue when whoever waits for them stops', async () => {
    const stop = new AbortController()
    const asked = ask([doubling(9)], stop.signal)
    while ((await waiting()) < 1) await sleep(20)
    stop.abort()
    expect((await asked).status).toBe('interrupted')
    expect(await waiting()).toBe(0)
  })
})
