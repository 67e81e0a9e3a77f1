/** @file What a request is refused with: a user's error, the status that says it in HTTP, and headers. */
import type * as z from 'zod'
import { UserError, unknownName } from '../errors.ts'

/** The statuses of refusals. */
export type RefusalStatus = 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 421 | 422 | 429

/** A request that is refused. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: RefusalStatus
  readonly told: UserError
  readonly headers: Readonly<Record<string, string>>

  constructor(status: RefusalStatus, told: UserError, headers: Readonly<Record<string, string>> = {}) {
    super(told.message)
    this.status = status
    this.told = told
    this.headers = headers
  }
}

type Issue = z.core.$ZodIssue

/**
 * The first of a schema's issues as an error.
 * @param whereOf what a path of keys is called in the request
 */
export function issueError(
  error: z.ZodError,
  input: unknown,
  whereOf: (path: readonly PropertyKey[]) => string,
): UserError {
  const issue = deepest(error.issues[0] as Issue)
  const where = whereOf(issue.path)
  if (issue.code === 'unrecognized_keys')
    return unknownName(where, issue.keys[0] ?? '', [], { expected: 'a key that docs/serving.md names' })
  const value = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], input)
  return new UserError({
    where,
    problem: value === undefined ? 'missing' : 'invalid',
    value: value === undefined ? 'nothing' : shown(value),
    expected: issue.message,
  })
}

/** Of the shapes a value may have, the issue of the one that it has: the one refused for a part, not for its kind. */
function deepest(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue
  const firsts = issue.errors.flatMap(([first]) => (first ? [deepest(first)] : []))
  const inside = firsts.find(({ path, code }) => path.length > 0 || code !== 'invalid_type') ?? firsts[0]
  return inside ? { ...inside, path: [...issue.path, ...inside.path] } : issue
}

/** A value in an error. Lists and objects are not shown: they may be deep enough to overflow the stack. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`
  return typeof value === 'object' && value !== null ? 'an object' : JSON.stringify(value)
}

/** A path of keys as a reader of JSON writes it: `events[3].time`. */
export const pathText = (path: readonly PropertyKey[]): string =>
  path.map((key, at) => (typeof key === 'number' ? `[${key}]` : `${at > 0 ? '.' : ''}${String(key)}`)).join('')
