/** @file One process that serves: a service on a port, until a signal ends it. */
import { dirname, join, resolve } from 'node:path'
import { unknownName } from '../errors.ts'
import type { RunNames, Told } from '../http/handlers.ts'
import type { Keys } from '../http/keys.ts'
import type { Logger } from '../http/log.ts'
import type { RunFolders, Service } from '../serve/service.ts'
import { describedApart } from './described-apart.ts'
import { exitCodes } from './failure.ts'

/** What is served, where, and to whom. */
export interface ServeSettings {
  readonly runs: RunFolders
  readonly host: string
  readonly port: number
  readonly version: string
  readonly keys?: Keys
  readonly cors: readonly string[]
  /** Requests a second of one key or address; 0 for no limit. */
  readonly rate: number
  /** The dataset's folder, if not where the run says. */
  readonly data?: string
}
/** A service, and how to close it with all that it stands on. */
export interface OpenedService {
  readonly service: Service
  close(): Promise<void>
}
/** Opens what is served, and is told the log to write to. */
export type OpenService = (runs: RunFolders, log: Logger) => Promise<OpenedService>

/** What several processes that serve do together; one alone has none of it. */
export interface Together {
  /** Reloads all, this one first. */
  reload(runs: RunFolders): Promise<void>
  /** The metrics of all. */
  metricsText(): Promise<string>
  /** Is given how to reload this one. */
  reloads(reload: (runs: RunFolders) => Promise<void>): void
}

/** Serves until a signal, and ends once every request is answered. */
export async function serve(
  settings: ServeSettings,
  open: OpenService,
  log: Logger,
  together?: Together,
): Promise<void> {
  const stopping = untilStopped(together ? 'the first process' : 'anybody')
  const opened = await open(settings.runs, log)
  const { service } = opened
  try {
    const { createApp } = await import('../http/app.ts')
    const { listen } = await import('../http/server.ts')
    const { builtPage } = await import('../http/page-files.ts')
    const { host, port, version, keys, cors, rate } = settings
    const app = createApp({
      service,
      log,
      version,
      cors,
      rate,
      page: builtPage,
      ...(keys && { keys }),
      async reload(names) {
        const runs = foldersBeside(settings.runs, names)
        await (together ?? service).reload(runs)
        log.info(runs, 'reloaded')
        return service.about()
      },
      ...(together && { metricsText: () => together.metricsText() }),
      told: await toldOf(settings, service),
    })
    const server = await listen(app, { host, port })
    together?.reloads(async (runs) => {
      await service.reload(runs)
    })
    const onHangUp = together ? () => undefined : reloadOnSignal(service, log)
    process.on('SIGHUP', onHangUp)
    log.info({ url: server.url, pid: process.pid }, 'listening')
    await stopping
    log.info('stopping: answering what was asked')
    await server.close()
    process.off('SIGHUP', onHangUp)
  } finally {
    await opened.close()
  }
}

/** What lies beside the runs, and what their dataset is. */
async function toldOf({ runs, data }: ServeSettings, service: Service): Promise<Told> {
  const { runFacts } = await import('../serve/run-facts.ts')
  const { readRun } = await import('../runs/run-file.ts')
  const folder = runs.retrieve ?? runs.rank ?? '.'
  // Where the dataset lies is asked when it is described: what is served is opened by then.
  let describe: ReturnType<typeof describedApart> | undefined
  const plain = (value: object) => value as Readonly<Record<string, unknown>>
  return {
    runs() {
      const { runs: found, evaluations } = runFacts(folder)
      return { runs: found.map(plain), evaluations: evaluations.map(plain) }
    },
    async recommendBy(name, request) {
      const names = runFacts(folder).runs.map((run) => run.name)
      if (!names.includes(name)) throw unknownName('run', name, names)
      return service.recommendBy(join(dirname(resolve(folder)), name), request)
    },
    data: async () => {
      describe ??= describedApart(data ?? readRun(folder).dataset.folder)
      return plain(await describe())
    },
  }
}

/** Of an admin only names are taken: the folders are those beside the run that is served. */
function foldersBeside({ retrieve, rank }: RunFolders, names: RunNames = {}): RunFolders {
  const beside = (run: string | undefined, name: string): string => join(dirname(resolve(run ?? '.')), name)
  return {
    ...(names.retrieve !== undefined && { retrieve: beside(retrieve ?? rank, names.retrieve) }),
    ...(names.rank !== undefined && { rank: beside(rank ?? retrieve, names.rank) }),
  }
}

const reloadOnSignal = (service: Service, log: Logger) => (): void => {
  service.reload().then(
    () => log.info('reloaded'),
    (error: unknown) => log.error({ err: error }, 'could not reload: the runs before go on serving'),
  )
}

/**
 * Resolves at the first signal to stop; a second one exits. A worker is stopped by the process that started it: Ctrl-C
 * in a terminal reaches both, and must not count twice.
 */
export function untilStopped(by: 'anybody' | 'the first process' = 'anybody'): Promise<void> {
  return new Promise((resolve) => {
    let stopping = false
    const stop = (): void => {
      if (stopping) process.exit(exitCodes.interrupted)
      stopping = true
      resolve()
    }
    process.on('SIGINT', by === 'anybody' ? stop : () => undefined)
    process.on('SIGTERM', stop)
  })
}
