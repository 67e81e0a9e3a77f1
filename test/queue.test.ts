import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OwnServer, redisProgram, startRedis } from './fixtures/own-servers.ts'
import { compiled, type Ended, siftrec, start, succeed, succeedHere, workplace } from './fixtures/siftrec.ts'
import { tinyPlace, tinyResults } from './fixtures/tiny-places.ts'
import { prepareTinyShop, writeTinyShop } from './fixtures/tiny-shop.ts'

/** Long enough that a worker can be stopped in the middle of a training. */
const epochs = '20'
const folder = workplace()
const place = (name: string): string => tinyPlace(folder, name)
const startTiny = (cwd: string, how: string) =>
  start([how, epochs], { cwd, through: compiled('test/fixtures/tiny-experiment.js') })
/** The jobs of the tiny experiment: two option sets, then item-kNN and two seeds. */
const jobs = [
  'SASRec, option set 1 of 2',
  'SASRec, option set 2 of 2',
  'SASRec, seed 1',
  'SASRec, seed 2',
  'item-kNN, seed 1',
]
/** The jobs that workers said they did so, in order of their names. */
const jobsThat = (what: 'begun' | 'ended', ended: readonly Ended[]): string[] =>
  ended
    .flatMap(({ stderr }) => [...stderr.matchAll(new RegExp(`^(.+): ${what}`, 'gm'))])
    .map(([, label = '']) => label)
    .sort()

describe.skipIf(!redisProgram())('a queue', () => {
  let server: OwnServer
  beforeAll(async () => {
    writeTinyShop(folder)
    const alone = startTiny(place('alone'), '1').ended
    server = await startRedis()
    const { code, stderr } = await alone
    if (code !== 0) throw new Error(stderr)
  })
  afterAll(() => server[Symbol.asyncDispose]())
  const startWorker = (cwd: string, ...more: string[]) => start(['worker', '--queue', server.url, ...more], { cwd })

  it('gives an experiment the same table from two workers, each cell from one; a worker elsewhere ends in a sentence', async () => {
    const [cwd, elsewhere] = [place('two'), place('elsewhere')]
    const misplaced = startWorker(elsewhere)
    await misplaced.said('waits for jobs')
    const experiment = startTiny(cwd, server.url)
    const { code, stderr } = await misplaced.ended
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(
        /\nruns\/experiments: mismatched: no such folder here, expected \S+:\S+two\/runs\/experiments\. start the worker in/,
      ) as string,
    })
    expect(readdirSync(elsewhere).sort()).toEqual(['events.csv', 'items.csv'])
    const workers = [startWorker(cwd), startWorker(cwd, '--jobs', '2')]
    const whole = await experiment.ended
    for (const { child } of workers) child.kill('SIGINT')
    const ended = await Promise.all(workers.map((worker) => worker.ended))
    expect([whole, ...ended].map((one) => one.code)).toEqual([0, 0, 0])
    expect(jobsThat('begun', ended)).toEqual(jobs)
    expect(jobsThat('ended', ended)).toEqual(jobs)
    expect(whole.stderr).toMatch(/\n\[3\/3\] .*: validation NDCG@10 0\.\d{4}.*, \d+ s, \S+:\d+\n/)
    expect(tinyResults(cwd)).toEqual(tinyResults(join(folder, 'alone')))
  })

  it('goes on with what a worker saved that was stopped, and with what one did that was killed', async () => {
    const cwd = place('killed')
    const cells = join(cwd, 'runs', 'experiments', 'cells')
    const inCell = async (): Promise<void> => {
      const has = (cell: string, file: string): boolean => existsSync(join(cells, cell, file))
      const begun = (): boolean =>
        existsSync(cells) &&
        readdirSync(cells).some((cell) => has(cell, 'checkpoint.safetensors') && !has(cell, 'trained.json'))
      while (!begun()) await sleep(2)
    }
    const experiment = startTiny(cwd, server.url)
    const stopped = startWorker(cwd)
    await inCell()
    stopped.child.kill('SIGINT')
    const saved = await stopped.ended
    expect({ code: saved.code, stderr: saved.stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(/: saved, back in the queue\n$/) as string,
    })
    const killed = startWorker(cwd, '--dead-after', '2')
    await experiment.said(`begun by ${hostname()}:${killed.child.pid}`)
    killed.child.kill('SIGKILL')
    const last = startWorker(cwd, '--dead-after', '2')
    const { code, stderr } = await experiment.ended
    last.child.kill('SIGINT')
    const ended = [saved, await killed.ended, await last.ended]
    expect(code).toBe(0)
    expect(stderr).toMatch(/: \S+ stopped and saved it; the next free worker goes on with it\n/)
    expect(stderr).toMatch(/: \S+ gives no sign of life; the next free worker goes on with it\n/)
    expect(jobsThat('ended', ended)).toEqual(jobs)
    expect(tinyResults(cwd)).toEqual(tinyResults(join(folder, 'alone')))
  })

  it('gives a search for options the same trials as one process has, side by side and from workers', async () => {
    const cwd = place('search')
    writeTinyShop(cwd)
    writeFileSync(join(cwd, 'fixed.yaml'), 'hiddenSize: 8\nlayers: 1\nthreads: 1\n')
    await succeedHere(prepareTinyShop, cwd)
    const search = (out: string, ...more: string[]): Promise<Ended> => {
      const size = ['--trials', '3', '--epochs', '3', '--options', 'learningRate', '--config', 'fixed.yaml']
      return succeed(['tune', 'sasrec', 'data', ...size, '--out', out, ...more], cwd)
    }
    const worker = startWorker(cwd, '--jobs', '2')
    const [, , queued] = await Promise.all([
      search('alone'),
      search('both', '--jobs', '2'),
      search('queued', '--queue', server.url),
    ])
    worker.child.kill('SIGTERM')
    const found = (out: string): string => readFileSync(join(cwd, out, 'tune.json'), 'utf8')
    expect(found('both')).toBe(found('alone'))
    expect(found('queued')).toBe(found('alone'))
    expect(queued.stderr).toMatch(/\nround 2, trial \d: validation NDCG@10 0\.\d{4}, \d+ s, \S+:\d+\n/)
    const begun = jobsThat('begun', [await worker.ended])
    expect(begun.filter((label) => label.startsWith('round 1'))).toEqual(
      [0, 1, 2].map((trial) => `round 1, trial ${trial}`),
    )
    expect(begun).toHaveLength(4)
  })

  it('refuses an address that is none, a server that is away, and a number of jobs beside a queue', async () => {
    const told = async (...args: string[]): Promise<string> => {
      const { code, stderr } = await siftrec(args, folder)
      expect(code).toBe(2)
      return stderr
    }
    const [http, away, both, single] = await Promise.all([
      told('worker', '--queue', 'http://127.0.0.1'),
      told('worker', '--queue', 'redis://127.0.0.1:1'),
      told('experiment', 'movies', '--queue', server.url, '--jobs', '2'),
      told('experiment', 'statistics', '--queue', server.url),
    ])
    expect(http).toBe('--queue: unsupported: http:, expected redis://HOST:PORT or rediss://HOST:PORT\n')
    expect(away).toMatch(
      /^--queue: missing: redis at 127\.0\.0\.1:1 cannot be reached \(ECONNREFUSED\), expected a Redis/,
    )
    expect(both).toMatch(/^--jobs: unsupported: 2, expected none with --queue/)
    expect(single).toBe('--queue: unsupported: an address, expected none: statistics trains nothing\n')
  })
})
