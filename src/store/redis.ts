/**
 * @file A store in Redis, for several processes on one or many machines.
 *
 * What is written together is written by a script, which Redis runs, and keeps, as a whole. A user's events are a
 * sorted set by time; its members begin with the number of their arrival. All keys have one hash tag, so that a cluster
 * keeps them in one place.
 */
import type { Redis } from 'ioredis'
import { UserError } from '../errors.ts'
import { connectRedis, redisAway, redisPatience, redisRefusal } from '../storage/redis.ts'
import type { Appended, EventStore, FreshEvent, FreshHistory, ItemRecord } from './event-store.ts'
import { StoreUnavailable } from './event-store.ts'
import { checkFormat, eventOf, eventText, storeFormat } from './format.ts'
import { checkEvents, checkName } from './limits.ts'

/** How long the client waits before it tries to connect again. */
const retryEvery = 250
/** How many events, users or items are read at a time where all are. */
const chunk = 500

const key = (name: string): string => `{siftrec}:${name}`
const keys = {
  format: key('format'),
  ids: key('ids'),
  /** How many events were ever stored. */
  arrived: key('arrived'),
  /** The users that have events, in the order of their bytes. */
  users: key('users'),
  forgotten: key('forgotten'),
  items: key('items'),
  itemsVersion: key('items-version'),
}
const eventsKey = (user: string): string => key(`events:${user}`)

/** The digits of a number of arrival: members of one time are in the order of their bytes. */
const digits = 16
const ofMember = (user: string, member: string): FreshEvent => eventOf(user, member.slice(digits))

const scripts = {
  append: `
    local stored = 0
    for at = 4, #KEYS do
      local of = (at - 4) * 4
      local user, id, time, text = ARGV[of + 1], ARGV[of + 2], ARGV[of + 3], ARGV[of + 4]
      if id == '' or redis.call('SADD', KEYS[1], id) == 1 then
        local arrived = redis.call('INCR', KEYS[2])
        redis.call('ZADD', KEYS[3], 0, user)
        redis.call('ZADD', KEYS[at], time, string.format('%0${digits}.0f', arrived) .. text)
        stored = stored + 1
      end
    end
    return stored`,
  history: `
    local limit = tonumber(ARGV[2])
    local last = {}
    if limit > 0 then last = redis.call('ZRANGE', KEYS[1], -limit, -1) end
    return {last, redis.call('SISMEMBER', KEYS[2], ARGV[1])}`,
  forget: `
    local gone = redis.call('ZRANGE', KEYS[1], 0, -1)
    for _, member in ipairs(gone) do
      local id = cjson.decode(string.sub(member, ${digits + 1}))[4]
      if id then redis.call('SREM', KEYS[2], id) end
    end
    redis.call('DEL', KEYS[1])
    redis.call('ZREM', KEYS[3], ARGV[1])
    redis.call('SADD', KEYS[4], ARGV[1])
    return #gone`,
  putItem: `
    redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
    return redis.call('INCR', KEYS[2])`,
  /** The members behind one; none where it is gone, since then its user was forgotten. */
  behind: `
    local from = 0
    if ARGV[1] ~= '' then
      local rank = redis.call('ZRANK', KEYS[1], ARGV[1])
      if not rank then return {} end
      from = rank + 1
    end
    return redis.call('ZRANGE', KEYS[1], from, from + ${chunk - 1})`,
}

/**
 * Connects to a store.
 * @param url a URL of Redis
 * @param name what messages call it
 * @param report is told where the server may lose what it acknowledged
 * @throws UserError `invalid` for a password that is refused, `mismatched` for a store of another format
 * @throws StoreUnavailable when it cannot be reached
 */
export async function openRedisStore(url: string, name: string, report: (line: string) => void): Promise<EventStore> {
  const unreachable = (told: string): StoreUnavailable => new StoreUnavailable(told)
  const redis = await connectRedis(url, {
    name,
    options: {
      commandTimeout: redisPatience,
      // A connection that leaves a call without an answer is given up.
      socketTimeout: redisPatience,
      // No call waits for a server that is away, and none is sent twice: an event without an id would be stored twice.
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      retryStrategy: () => retryEvery,
    },
    unreachable,
  })
  try {
    await checkFormatOf(redis, name).catch((error: unknown) => {
      throw error instanceof UserError ? error : redisRefusal(error, { name, unreachable })
    })
    await warnOfLoss(name, redis, report)
    return storeOf(name, redis)
  } catch (error) {
    redis.disconnect()
    throw error
  }
}

/** @throws UserError `mismatched` for a store of another format */
async function checkFormatOf(redis: Redis, name: string): Promise<void> {
  await redis.setnx(keys.format, storeFormat)
  checkFormat(name, await redis.get(keys.format))
}

/** Whether the server keeps what it acknowledges. */
async function warnOfLoss(name: string, redis: Redis, report: (line: string) => void): Promise<void> {
  const set = await settings(redis)
  if (set === undefined) {
    report(`warning: ${name} does not say whether it keeps what it acknowledges: it should have "appendfsync always"`)
    return
  }
  const wrong = Object.entries({ appendonly: 'yes', appendfsync: 'always' }).filter(([of, value]) => set[of] !== value)
  if (wrong.length > 0)
    report(
      `warning: ${name} may lose events that it acknowledged: set ${wrong.map(([of, value]) => `"${of} ${value}"`).join(' and ')}`,
    )
  if (set['maxmemory'] !== '0' && set['maxmemory-policy'] !== 'noeviction')
    report(`warning: ${name} drops events when its memory is full: set "maxmemory-policy noeviction"`)
}

/** The server's settings that matter; undefined where it does not tell them. */
async function settings(redis: Redis): Promise<Record<string, string> | undefined> {
  try {
    const told = await Promise.all(
      ['appendonly', 'appendfsync', 'maxmemory', 'maxmemory-policy'].map((of) => redis.config('GET', of)),
    )
    return Object.fromEntries(told as [string, string][])
  } catch {
    return undefined
  }
}

function storeOf(name: string, redis: Redis): EventStore {
  async function ask<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await question()
    } catch (error) {
      throw new StoreUnavailable(redisAway(name, error))
    }
  }
  const run = <T>(
    script: keyof typeof scripts,
    of: readonly string[],
    values: readonly (string | number)[],
  ): Promise<T> => ask(() => redis.eval(scripts[script], of.length, ...of, ...values) as Promise<T>)

  async function scanned(scan: (cursor: string) => Promise<[next: string, found: string[]]>): Promise<string[]> {
    const all: string[] = []
    for (let cursor = '0'; ; ) {
      const [next, found] = await ask(() => scan(cursor))
      for (const one of found) all.push(one)
      if (next === '0') return all
      cursor = next
    }
  }

  return {
    name,
    async append(events): Promise<Appended> {
      checkEvents(events)
      const stored = await run<number>(
        'append',
        [keys.ids, keys.arrived, keys.users, ...events.map(({ user }) => eventsKey(user))],
        events.flatMap((event) => [event.user, event.id ?? '', event.time, eventText(event)]),
      )
      return { stored, repeated: events.length - stored }
    },
    async history(user, limit): Promise<FreshHistory> {
      checkName('user', user)
      const [last, forgotten] = await run<[string[], number]>(
        'history',
        [eventsKey(user), keys.forgotten],
        [user, limit],
      )
      return { events: last.map((member) => ofMember(user, member)), forgotten: forgotten === 1 }
    },
    async forget(user) {
      checkName('user', user)
      return run<number>('forget', [eventsKey(user), keys.ids, keys.users, keys.forgotten], [user])
    },
    async putItem(record) {
      checkName('item', record.id)
      await run('putItem', [keys.items, keys.itemsVersion], [record.id, JSON.stringify(record)])
    },
    itemsVersion: async () => Number((await ask(() => redis.get(keys.itemsVersion))) ?? 0),
    async items() {
      const pairs = await scanned((cursor) => redis.hscan(keys.items, cursor, 'COUNT', chunk))
      // A scan may come by twice.
      const byId = new Map<string, ItemRecord>()
      for (let at = 0; at < pairs.length; at += 2)
        byId.set(pairs[at] as string, JSON.parse(pairs[at + 1] as string) as ItemRecord)
      return [...byId.values()]
    },
    async *all() {
      for (let from = '-'; ; ) {
        const users = await ask(() => redis.zrangebylex(keys.users, from, '+', 'LIMIT', 0, chunk))
        for (const user of users) {
          for (let last = ''; ; ) {
            const members = await run<string[]>('behind', [eventsKey(user)], [last])
            if (members.length > 0) yield members.map((member) => ofMember(user, member))
            if (members.length < chunk) break
            last = members.at(-1) as string
          }
        }
        if (users.length < chunk) return
        from = `(${users.at(-1)}`
      }
    },
    forgotten: async () => [...new Set(await scanned((cursor) => redis.sscan(keys.forgotten, cursor, 'COUNT', chunk)))],
    ping: async () => void (await ask(() => redis.ping())),
    async [Symbol.asyncDispose]() {
      // What was asked is answered before; a server that is away has nothing to say.
      await redis.quit().catch(() => redis.disconnect())
    },
  }
}
