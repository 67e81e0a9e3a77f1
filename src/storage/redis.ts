/** @file Connects to Redis, or says in a sentence why it cannot: the only importer of its client. */
import type { Redis, RedisOptions } from 'ioredis'
import { UserError } from '../errors.ts'

/** How many milliseconds a connection may take. */
export const redisPatience = 2000

/** What a connection needs to know. */
export interface RedisSettings {
  /** What messages call the server. */
  readonly name: string
  readonly options: Omit<RedisOptions, 'replyMapping'>
  /** The error for a server that does not answer, as its user knows it. */
  readonly unreachable: (told: string) => Error
}

/**
 * Connects to a server, and has its database selected.
 * @throws UserError `invalid` for a password or a database that the server refuses, and what `unreachable` makes
 */
export async function connectRedis(url: string, settings: RedisSettings): Promise<Redis> {
  checkDatabase(url, settings.name)
  const { Redis } = await import('ioredis')
  const redis = new Redis(url, { lazyConnect: true, connectTimeout: redisPatience, ...settings.options })
  // Without a listener each failed attempt would be printed; calls say it themselves.
  let refusal: unknown
  redis.on('error', (error: unknown) => {
    refusal = error
  })
  let connected = false
  try {
    await redis.connect()
    connected = true
    // The client itself stays in another database where one is refused.
    await redis.select(redis.options.db ?? 0)
    return redis
  } catch (error) {
    redis.disconnect()
    throw redisRefusal(connected ? error : (refusal ?? error), settings)
  }
}

/** @throws UserError `invalid` for a database that is no number, which the client would not survive */
function checkDatabase(url: string, name: string): void {
  const { pathname, searchParams } = new URL(url)
  if (/^\/?\d*$/.test(pathname) && !searchParams.has('db')) return
  throw new UserError({
    where: name,
    problem: 'invalid',
    value: 'its database',
    expected: 'a number behind the last /',
  })
}

/** The code of a failure; what the server or the client says may repeat what was sent. */
const redisCode = (error: unknown): string => {
  const { code, message } = error as { code?: string; message?: string }
  // The first word of an answer of Redis is its code.
  return code ?? /^[A-Z]{3,}\b/.exec(message ?? '')?.[0] ?? 'no answer'
}

/** What a server refuses is the user's to mend; any other failure is a server that is away. */
export function redisRefusal(error: unknown, { name, unreachable }: Omit<RedisSettings, 'options'>): Error {
  const code = redisCode(error)
  if (!['NOAUTH', 'WRONGPASS', 'NOPERM', 'ERR'].includes(code)) return unreachable(redisAway(name, error))
  return new UserError({
    where: name,
    problem: 'invalid',
    value: `the server refuses (${code})`,
    expected: 'a user, a password and a database that it knows',
  })
}

/** What is told of a server that is away. */
export const redisAway = (name: string, error: unknown): string => `${name} cannot be reached (${redisCode(error)})`
