/** @file `siftrec serve`: a trained run over HTTP. */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { Command } from 'commander'
import { UserError } from '../../errors.ts'
import { modelOf } from '../../models/registry.ts'
import type { RunFolders } from '../../serve/service.ts'
import { inFileWords } from '../../storage/file-errors.ts'
import { indexWords } from '../index-words.ts'
import { dataWords } from '../later.ts'
import type { OpenService, ServeSettings } from '../serving.ts'
import { whole } from '../values.ts'

interface Flags {
  readonly retrieve?: string
  readonly rank?: string
  readonly port: number
  readonly host: string
  readonly store?: string
  readonly workers: number
  readonly keys?: string
  readonly cors: readonly string[]
  readonly rate: number
  readonly data?: string
  readonly images?: string
  readonly index?: boolean
  readonly quiet?: boolean
}

/** The variable that keys may be in. */
const keysVariable = 'SIFTREC_KEYS'

/** `serve RUN`, or `serve --retrieve RUN --rank RUN` */
export function serveCommand(version: string): Command {
  return new Command('serve')
    .description('serve a trained model over HTTP; docs/serving.md has its routes')
    .argument('[run]', 'folder of a trained model')
    .option('--retrieve <run>', 'the run that ranks the whole catalog, beside --rank')
    .option('--rank <run>', 'a run of a model of clicks, which orders what the other one retrieved')
    .option('--port <number>', 'port to listen on', (text) => port(text), 8080)
    .option('--host <address>', 'address to listen on; any but the loopback needs keys', '127.0.0.1')
    .option('--store <url>', 'where new events are kept: a folder, or a redis or postgres URL (default: RUN.events)')
    .option(
      '--workers <number>',
      'processes that serve, each with the run in memory',
      (text) => whole('--workers', text),
      1,
    )
    .option('--keys <file>', `file of keys and their scopes; without it, the variable ${keysVariable}`)
    .option('--cors <origins>', 'origins whose pages may ask, separated by commas', (text) => origins(text), [])
    .option(
      '--rate <number>',
      'requests a second of one key or address; 0 for any number',
      (text) => whole('--rate', text, 0),
      500,
    )
    .option('--data <folder>', dataWords)
    .option('--images <folder>', 'the folder of pictures, if it has moved since they were prepared')
    .option('--index', indexWords)
    .option('--quiet', 'log warnings and errors only')
    .action(async (run: string | undefined, flags: Flags) => serveRuns(await runsOf(run, flags), flags, version))
}

async function serveRuns(runs: RunFolders, flags: Flags, version: string): Promise<void> {
  const { host, port, cors, rate, quiet = false, workers } = flags
  refuseTooMany(workers)
  const { serviceLog } = await import('../../http/log.ts')
  const { besideOthers, isWorker, serveByWorkers, servedRuns } = await import('../serve-workers.ts')
  const keys = await keysOf(flags)
  const log = serviceLog({ quiet })
  if (workers > 1 && !isWorker) {
    process.exitCode = await serveByWorkers(workers, runs, log)
    return
  }
  const { data } = flags
  const settings: ServeSettings = {
    runs: servedRuns(runs),
    host,
    port,
    version,
    cors,
    rate,
    ...(keys && { keys }),
    ...(data !== undefined && { data }),
  }
  const { serve } = await import('../serving.ts')
  const together = isWorker ? await besideOthers() : undefined
  try {
    await serve(settings, openerOf(runs, flags), log, together)
  } catch (error) {
    // It would keep the worker alive. Cutting it would end the worker as one that did its work.
    process.channel?.unref()
    throw error
  }
  // What a worker shares with the first process would keep it alive.
  if (isWorker && process.connected) process.disconnect()
}

/** Which stage each run is for. @throws UserError for no run, two of one stage, or one of another kind */
async function runsOf(run: string | undefined, { retrieve, rank }: Flags): Promise<RunFolders> {
  if (run === undefined && retrieve === undefined && rank === undefined) {
    const hint = 'siftrec serve RUN, or --retrieve RUN --rank RUN'
    throw new UserError({ where: 'serve', problem: 'missing', value: 'a run', hint })
  }
  if (run !== undefined && (retrieve ?? rank) !== undefined) {
    const expected = 'either a run alone, or --retrieve and --rank'
    throw new UserError({ where: 'serve', problem: 'duplicate', value: `"${run}"`, expected })
  }
  const { readRun } = await import('../../runs/run-file.ts')
  const ofClicks = (folder: string): boolean => modelOf(readRun(folder).model).task === 'clicks'
  const ofAnotherKind = (flag: string, folder: string, expected: string): UserError =>
    new UserError({
      where: flag,
      problem: 'unsupported',
      value: `${folder}, a run of ${readRun(folder).model}`,
      expected,
    })
  if (run !== undefined) return ofClicks(run) ? { rank: run } : { retrieve: run }
  if (retrieve !== undefined && ofClicks(retrieve))
    throw ofAnotherKind('--retrieve', retrieve, 'a run of a model that ranks the next item')
  if (rank !== undefined && !ofClicks(rank)) throw ofAnotherKind('--rank', rank, 'a run of a model of clicks')
  return { ...(retrieve !== undefined && { retrieve }), ...(rank !== undefined && { rank }) }
}

/** @throws UserError where others than this machine could ask without a key */
async function keysOf({ keys: file, host }: Flags): Promise<ServeSettings['keys']> {
  const { isLoopback } = await import('../../http/loopback.ts')
  const { parseKeys } = await import('../../http/keys.ts')
  const given = process.env[keysVariable]
  if (file !== undefined) return parseKeys(readKeys(file), file)
  if (given !== undefined && given !== '') return parseKeys(given, keysVariable)
  if (isLoopback(host)) return undefined
  const hint = `give keys by --keys FILE or ${keysVariable}`
  throw new UserError({
    where: '--host',
    problem: 'unsupported',
    value: `${host} without keys`,
    expected: '127.0.0.1',
    hint,
  })
}

function readKeys(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw inFileWords(error, file)
  }
}

/** Opens the store and the runs. */
export function openerOf(
  given: RunFolders,
  { store: address, data, images, index }: Pick<Flags, 'store' | 'data' | 'images' | 'index'>,
): OpenService {
  return async (runs, log) => {
    const { openService } = await import('../../serve/open-service.ts')
    const { openStore } = await import('../../store/open-store.ts')
    const { memoryText } = await import('../../runs/memory-text.ts')
    const beside = `${(given.retrieve ?? given.rank ?? '').replace(/[/\\]+$/, '')}.events`
    const store = await openStore(address ?? beside, (line) => log.warn(line))
    try {
      const moved = { ...(data !== undefined && { data }), ...(images !== undefined && { images }) }
      const service = await openService({
        ...runs,
        ...moved,
        store,
        warm: true,
        ...(index && { index }),
        memory: (bytes) => log.info(memoryText(bytes)),
        exportsRun: async (run, folder) => (await import('../../browser/export-run.ts')).exportRun(run, folder),
        report: (line: string) => log.info(line),
      })
      const close = async (): Promise<void> => {
        await service[Symbol.asyncDispose]()
        await store[Symbol.asyncDispose]()
      }
      return { service, close }
    } catch (error) {
      await store[Symbol.asyncDispose]()
      throw error
    }
  }
}

function port(text: string): number {
  const number = whole('--port', text, 0)
  if (number < 65_536) return number
  throw new UserError({ where: '--port', problem: 'invalid', value: text, expected: 'a whole number from 0 to 65535' })
}

function refuseTooMany(workers: number): void {
  const most = 4 * availableParallelism()
  if (workers <= most) return
  const expected = `at most ${most}, four for each core`
  throw new UserError({ where: '--workers', problem: 'invalid', value: String(workers), expected })
}

/** Origins, as a browser names them. @throws UserError for what is none */
function origins(text: string): string[] {
  return text.split(',').map((part) => {
    const origin = part.trim()
    if (origin === '*' || (URL.canParse(origin) && new URL(origin).origin === origin)) return origin
    const expected = 'an origin such as https://shop.example, or *'
    throw new UserError({ where: '--cors', problem: 'invalid', value: `"${origin}"`, expected })
  })
}
