/** @file What goes through a queue: the jobs that are sent, what is told of them meanwhile, and what they came to. */
import { readFileSync } from 'node:fs'
import { UserError } from '../errors.ts'
import type { TrainingEvent } from '../learn/training-run.ts'
import { connectRedis, redisRefusal } from '../storage/redis.ts'
import { schemeOf, serverPlace } from '../storage/server-address.ts'
import type { Job, JobEnd, Returned } from './job.ts'
import type { SharedFolder } from './shared-folder.ts'

/** A job, sent. */
export interface Sent<J extends Job = Job> {
  /** The sender's siftrec. */
  readonly version: string
  /** Where results go. */
  readonly folder: SharedFolder
  /** The sender's folder of data sets: a worker may have them elsewhere. */
  readonly dataRoot: string | undefined
  readonly job: J
}

/** What a worker tells of a job. */
export interface Told {
  readonly worker: string
  readonly event?: TrainingEvent
  /** Why the worker does not end it. */
  readonly returned?: Exclude<Returned, 'silent'>
}

/** What a job came to. */
export interface Answer<Result = unknown> {
  readonly worker: string
  readonly seconds: number
  readonly end: Exclude<JobEnd<Result>, { kind: 'lost' }>
}

/** The keys of a queue begin with its prefix and name; the braces keep them in one place of a cluster. */
export const queueKeys = { prefix: '{siftrec}', name: 'jobs' } as const

/** This siftrec: results of two versions are not mixed. */
export const version = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version

/** How often a connection that is lost is tried again, in milliseconds. */
const retryEvery = 1000

/**
 * Connects to the server of a queue. From then on a server that is away is waited for.
 * @throws UserError `invalid` for an address or a password, `missing` for a server that cannot be reached
 */
export async function connectQueue(url: string, say: (line: string) => void) {
  if (!/^rediss?:\/\//.test(url)) {
    const value = schemeOf(url) ?? 'an address without a scheme'
    throw new UserError({
      where: '--queue',
      problem: 'unsupported',
      value,
      expected: 'redis://HOST:PORT or rediss://HOST:PORT',
    })
  }
  const name = serverPlace('--queue', 'redis', url)
  const unreachable = (told: string): UserError =>
    new UserError({ where: '--queue', problem: 'missing', value: told, expected: 'a Redis that answers' })
  const options = { maxRetriesPerRequest: null, retryStrategy: () => retryEvery }
  const redis = await connectRedis(url, { name, options, unreachable })
  let [away, closing] = [false, false]
  redis.on('close', () => {
    if (!away && !closing) say(`${name} is away: waiting for it`)
    away = true
  })
  redis.on('ready', () => {
    if (away) say(`${name} is back`)
    away = false
  })
  return {
    name,
    redis,
    /** What the server refused, as a sentence. */
    refusal: (error: unknown): Error => redisRefusal(error, { name, unreachable }),
    [Symbol.asyncDispose]() {
      closing = true
      redis.disconnect()
      return Promise.resolve()
    },
  }
}
