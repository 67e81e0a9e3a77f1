import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type OwnServer, redisProgram, startRedis } from './fixtures/own-servers.ts'
import { startS3, stubStorage } from './fixtures/s3-server.ts'
import { compiled, type Ended, inProcess, start, succeedHere, workplace } from './fixtures/siftrec.ts'
import { tinyPlace, tinyResults } from './fixtures/tiny-places.ts'
import { prepareTinyShop, writeTinyShop } from './fixtures/tiny-shop.ts'

/** Long enough that a worker can be stopped in the middle of a training. */
const epochs = '20'
const folder = workplace()
const place = (name: string): string => tinyPlace(folder, name)
const startTiny = (cwd: string, how: string, ...storage: string[]) =>
  start([how, epochs, ...storage], { cwd, through: compiled('test/fixtures/tiny-experiment.js') })
/** The jobs of the tiny experiment: two option sets, then item-kNN and two seeds. */
const jobs = [
  'SASRec, option set 1 of 2',
  'SASRec, option set 2 of 2',
  'SASRec, seed 1',
  'SASRec, seed 2',
  'item-kNN, seed 1',
]
type Said = Pick<Ended, 'stderr'>
/** The jobs that workers said they did so, in order of their names. */
const jobsThat = (what: 'begun' | 'ended', ended: readonly Said[]): string[] =>
  ended
    .flatMap(({ stderr }) => [...stderr.matchAll(new RegExp(`^(.+): ${what}`, 'gm'))])
    .map(([, label = '']) => label)
    .sort()

/** What a worker said until now. */
const told = (worker: ReturnType<typeof start>): Said => ({ stderr: worker.told() })
/** The bytes of a folder's files, by their names. */
const bytesIn = (at: string): Record<string, string> =>
  Object.fromEntries(readdirSync(at).map((name) => [name, readFileSync(join(at, name)).toString('base64')]))

describe.skipIf(!redisProgram())('a queue', () => {
  let server: OwnServer
  let cwd: string
  let alone: Promise<Ended>
  /** Workers that stay until the last test, together three jobs at once. */
  let staying: ReturnType<typeof start>[] = []
  beforeAll(async () => {
    writeTinyShop(folder)
    alone = startTiny(place('alone'), '1').ended
    cwd = place('shared')
    writeTinyShop(cwd)
    server = await startRedis()
  })
  afterAll(async () => {
    for (const { child } of staying) child.kill('SIGKILL')
    await server[Symbol.asyncDispose]()
  })
  const startWorker = (...more: string[]) => startWorkerIn(cwd, ...more)
  const startWorkerIn = (at: string, ...more: string[]) =>
    start(['worker', '--queue', server.url, ...more], { cwd: at })

  it('gives an experiment the same table from several workers, of which one is elsewhere, one is stopped and one is killed', async () => {
    const experiment = startTiny(cwd, server.url)
    const elsewhere = place('elsewhere')
    const { code, stderr } = await inProcess(['worker', '--queue', server.url], elsewhere)
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(
        /\nruns\/experiments: mismatched: no such folder here, expected \S+:\S+shared\/runs\/experiments\. start the worker in/,
      ) as string,
    })
    expect(readdirSync(elsewhere).sort()).toEqual(['events.csv', 'items.csv'])

    const stopped = startWorker()
    await inCell(cwd)
    // Started now, it has the next job at once.
    const killed = startWorker('--dead-after', '2')
    stopped.child.kill('SIGINT')
    const saved = await stopped.ended
    expect({ code: saved.code, stderr: saved.stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(/: saved, back in the queue\n$/) as string,
    })
    await experiment.said(`begun by ${hostname()}:${killed.child.pid}`)
    staying = [[], ['--jobs', '2']].map((more) => startWorker('--dead-after', '4', ...more))
    killed.child.kill('SIGKILL')

    const whole = await experiment.ended
    expect(whole.code).toBe(0)
    expect(whole.stderr).toMatch(/: \S+ stopped and saved it; the next free worker goes on with it\n/)
    expect(whole.stderr).toMatch(/: \S+ gives no sign of life; the next free worker goes on with it\n/)
    expect(whole.stderr).toMatch(/\n\[3\/3\] .*: validation NDCG@10 0\.\d{4}.*, \d+ s, \S+:\d+\n/)
    const workers = [saved, await killed.ended, ...staying.map(told)]
    expect(jobsThat('ended', workers)).toEqual(jobs)
    // Only what was saved or left by the dead was begun twice.
    const begun = jobsThat('begun', workers)
    expect([...new Set(begun)]).toEqual(jobs)
    expect(begun.length).toBeLessThanOrEqual(jobs.length + 2)
    expect((await alone).code).toBe(0)
    expect(tinyResults(cwd)).toEqual(tinyResults(join(folder, 'alone')))
  })

  it('gives a search for options the same trials as one process has, side by side and from workers', async () => {
    writeFileSync(join(cwd, 'fixed.yaml'), 'hiddenSize: 8\nlayers: 1\nthreads: 1\n')
    await succeedHere(prepareTinyShop, cwd)
    const search = (out: string, ...more: string[]): Promise<Ended> => {
      const size = ['--trials', '3', '--epochs', '3', '--options', 'learningRate', '--config', 'fixed.yaml']
      return succeedHere(['tune', 'sasrec', 'data', ...size, '--out', out, ...more], cwd)
    }
    await search('alone')
    await search('both', '--jobs', '2')
    const queued = await search('queued', '--queue', server.url)
    const found = (out: string): string => readFileSync(join(cwd, out, 'tune.json'), 'utf8')
    expect(found('both')).toBe(found('alone'))
    expect(found('queued')).toBe(found('alone'))
    expect(queued.stderr).toMatch(/\nround 2, trial \d: validation NDCG@10 0\.\d{4}, \d+ s, \S+:\d+\n/)
    const begun = jobsThat('begun', staying.map(told)).filter((label) => label.startsWith('round'))
    expect(begun.filter((label) => label.startsWith('round 1'))).toEqual(
      [0, 1, 2].map((trial) => `round 1, trial ${trial}`),
    )
    expect(begun).toHaveLength(4)
  })

  it('gives a search the same trials from a worker that shares no folder but has storage', async () => {
    const s3 = await startS3(join(folder, 's3-search'), false)
    stubStorage(s3)
    mkdirSync(join(folder, 'apart'))
    const url = server.url.replace(/(\/\d+)?$/, '/1')
    const worker = start(['worker', '--queue', url], { cwd: join(folder, 'apart') })
    try {
      await worker.said('waits for jobs')
      const size = ['--trials', '3', '--epochs', '3', '--options', 'learningRate', '--config', 'fixed.yaml']
      const search = (out: string, ...more: string[]) =>
        inProcess(['tune', 'sasrec', 'data', ...size, '--out', out, '--storage', 's3://shop/search', ...more], cwd)
      expect(await search('stored', '--queue', url)).toMatchObject({ code: 0 })
      worker.child.kill('SIGTERM')
      expect(jobsThat('ended', [await worker.ended])).toHaveLength(4)
      const found = (out: string): string => readFileSync(join(cwd, out, 'tune.json'), 'utf8')
      expect(found('stored')).toBe(found('alone'))
      const best = readdirSync(join(cwd, 'stored')).filter((name) => /^trial-\d+$/.test(name))
      expect(best).toHaveLength(1)
      expect(bytesIn(join(cwd, 'stored', best[0] as string))['model.safetensors']).toBe(
        bytesIn(join(cwd, 'alone', best[0] as string))['model.safetensors'],
      )
      // Another host finds all of it done; another search is refused.
      expect(await search('later')).toMatchObject({ code: 0 })
      expect(found('later')).toBe(found('alone'))
      expect(await search('other', '--seed', '2')).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(
          /^s3:\/\/shop\/search: mismatched: a search with other settings or data\. .*--storage\n$/,
        ) as string,
      })
    } finally {
      vi.unstubAllEnvs()
      worker.child.kill('SIGKILL')
      await s3[Symbol.asyncDispose]()
    }
  })

  it('gives a preparation in partitions the bytes of the whole, also where a worker dies at one', async () => {
    const how = ['--partitions', '6', '--queue', server.url]
    const killed = startWorker('--dead-after', '2')
    await killed.said('waits for jobs')
    const asking = start([...prepareTinyShop.slice(0, -1), join('parted', 'data'), ...how], { cwd })
    await asking.said(`begun by ${hostname()}:${killed.child.pid}`)
    killed.child.kill('SIGKILL')
    const { code, stderr } = await asking.ended
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(stderr).toMatch(
      /\nfilters, partition \d of 6: \S+ gives no sign of life; the next free worker goes on with it\n/,
    )
    const six = (step: string): string[] => Array.from({ length: 6 }, (_, at) => `${step}, partition ${at + 1} of 6`)
    const labels = [...six('filters'), ...six('sorting')]
    const ended = jobsThat('ended', [await killed.ended, ...staying.map(told)])
    expect(ended.filter((label) => label.includes('partition'))).toEqual(labels)
    expect(bytesIn(join(cwd, 'parted', 'data'))).toEqual(bytesIn(join(cwd, 'data')))
    expect(readdirSync(join(cwd, 'parted')).sort()).toEqual(['.siftrec-shared', 'data'])
  })

  it('lets its workers end in peace', async () => {
    for (const { child } of staying) child.kill('SIGTERM')
    const ended = await Promise.all(staying.map((worker) => worker.ended))
    expect(ended.map(({ code }) => code)).toEqual([0, 0])
  })

  it('gives an experiment the same table from workers that share no folder but have storage', async () => {
    const s3 = await startS3(join(folder, 's3'), false)
    stubStorage(s3)
    const names = ['first', 'second']
    for (const name of names) mkdirSync(join(folder, name))
    const workers = names.map((name) => startWorkerIn(join(folder, name)))
    try {
      await Promise.all(workers.map((worker) => worker.said('waits for jobs')))
      expect(await startTiny(place('asking'), server.url, 's3://shop/tiny').ended).toMatchObject({ code: 0 })
      for (const { child } of workers) child.kill('SIGTERM')
      const ended = await Promise.all(workers.map((worker) => worker.ended))
      expect(ended.map(({ code }) => code)).toEqual([0, 0])
      expect(jobsThat('begun', ended)).toEqual(jobs)
      // Both had something to do, with a dataset of their own.
      for (const name of names)
        expect(readdirSync(join(folder, name, 'runs', 'experiments')).sort()).toEqual(['cells', 'data'])
      expect((await alone).code).toBe(0)
      expect(tinyResults(join(folder, 'asking'))).toEqual(tinyResults(join(folder, 'alone')))
    } finally {
      vi.unstubAllEnvs()
      for (const { child } of workers) child.kill('SIGKILL')
      await s3[Symbol.asyncDispose]()
    }
  })

  it('refuses an address that is none, a server that is away, and a number of jobs beside a queue', async () => {
    const refused = async (...args: string[]): Promise<string> => {
      const { code, stderr } = await inProcess(args, folder)
      expect(code).toBe(2)
      return stderr
    }
    expect(await refused('worker', '--queue', 'http://127.0.0.1')).toBe(
      '--queue: unsupported: http:, expected redis://HOST:PORT or rediss://HOST:PORT\n',
    )
    expect(await refused('worker', '--queue', 'redis://127.0.0.1:1')).toMatch(
      /^--queue: missing: redis at 127\.0\.0\.1:1 cannot be reached \(ECONNREFUSED\), expected a Redis/,
    )
    expect(await refused('experiment', 'baby', '--queue', server.url, '--jobs', '2')).toMatch(
      /^--jobs: unsupported: 2, expected none with --queue/,
    )
    expect(await refused('experiment', 'statistics', '--queue', server.url)).toBe(
      '--queue: unsupported: an address, expected none: statistics trains nothing\n',
    )
    expect(await refused('experiment', 'statistics', '--storage', 's3://shop/tiny/')).toBe(
      '--storage: unsupported: s3://shop/tiny, expected none: statistics trains nothing\n',
    )
    for (const address of ['shop/tiny', 's3://shop', 's3://shop/'])
      expect(await refused('experiment', 'baby', '--storage', address)).toBe(
        `--storage: invalid: ${address}, expected s3://BUCKET/FOLDER\n`,
      )
  })
})

/** Waits until a cell of the experiments in a folder is in the middle of its training. */
async function inCell(cwd: string): Promise<void> {
  const cells = join(cwd, 'runs', 'experiments', 'cells')
  const has = (cell: string, file: string): boolean => existsSync(join(cells, cell, file))
  const begun = (): boolean =>
    existsSync(cells) &&
    readdirSync(cells).some((cell) => has(cell, 'checkpoint.safetensors') && !has(cell, 'trained.json'))
  while (!begun()) await sleep(2)
}
