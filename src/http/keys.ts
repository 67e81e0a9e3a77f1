/** @file Keys, each with the scopes it may be used for. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { UserError } from '../errors.ts'
import { Refusal } from './refusal.ts'
import { type Scope, scopes } from './routes.ts'

/** Who asks, by a key. The name is no secret. */
export interface Caller {
  readonly name: string
  readonly scopes: ReadonlySet<Scope>
}
/** The keys of a service. */
export interface Keys {
  /** Who has the key of an Authorization header. @throws Refusal 401 without one, or for a key that is none */
  callerOf(authorization: string | undefined): Caller
}

/** A key must not be guessed. */
const shortestKey = 16

const digest = (key: string): Buffer => createHash('sha256').update(key).digest()

/**
 * Keys from a text: a line a key, `read,write KEY` and perhaps a name after it; `#` begins a comment. A semicolon ends
 * a line as well, for a variable of the environment.
 * @param where the file or the variable, for errors
 * @throws UserError naming the line, and never its key
 */
export function parseKeys(text: string, where: string): Keys {
  const lines = text.split(/[\n;]/).map((line, at) => ({ line: line.replace(/(^|\s)#.*/, '').trim(), at: at + 1 }))
  const known = lines.flatMap(({ line, at }) => (line === '' ? [] : [parseKey(line, `${where} line ${at}`, at)]))
  if (known.length === 0) throw new UserError({ where, problem: 'empty', value: 'no key', expected: lineForm })
  const twice = known.find(({ hash }, at) => known.slice(0, at).some((other) => other.hash.equals(hash)))
  if (twice) throw new UserError({ where, problem: 'duplicate', value: `the key of ${twice.caller.name}` })
  return {
    callerOf(authorization) {
      const given = /^Bearer +(\S+)\s*$/i.exec(authorization ?? '')?.[1]
      if (given === undefined) throw unauthorized('missing', 'a key')
      const hash = digest(given)
      let caller: Caller | undefined
      // Every key is compared, in constant time: how long it takes tells nothing of any.
      for (const one of known) if (timingSafeEqual(one.hash, hash)) caller = one.caller
      if (!caller) throw unauthorized('unknown', 'this key')
      return caller
    },
  }
}

const lineForm = `lines such as "read,write KEY", with a key of ${shortestKey} characters or more`

function parseKey(line: string, where: string, at: number): { hash: Buffer; caller: Caller } {
  const [listed = '', key = '', name = `key ${at}`, ...more] = line.split(/\s+/)
  const given = listed.split(',')
  const strange = given.find((scope) => !(scopes as readonly string[]).includes(scope))
  // What stands where the scopes belong may be the key itself.
  if (strange !== undefined)
    throw new UserError({ where, problem: 'unknown', value: 'a scope', expected: `${scopes.join(', ')}, then the key` })
  if (key.length < shortestKey || more.length > 0)
    throw new UserError({ where, problem: 'invalid', value: 'the key', expected: lineForm })
  return { hash: digest(key), caller: { name, scopes: new Set(given as Scope[]) } }
}

const unauthorized = (problem: 'missing' | 'unknown', value: string): Refusal =>
  new Refusal(401, new UserError({ where: 'authorization', problem, value, expected: 'the header "Bearer KEY"' }), {
    'www-authenticate': 'Bearer',
  })

/** @throws Refusal 403 where a key is not for that */
export function requireScope(caller: Caller, scope: Scope): void {
  if (caller.scopes.has(scope)) return
  const told = { where: 'authorization', problem: 'missing', value: `the scope "${scope}"` } as const
  throw new Refusal(403, new UserError({ ...told, expected: 'a key that has it' }))
}
