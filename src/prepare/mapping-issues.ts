/** @file What is wrong with a mapping, in one sentence: by its schema, and between its keys. */
import type * as z from 'zod'
import { UserError, unknownName } from '../errors.ts'

type Issue = z.core.$ZodIssue

/** The mapping that an issue is about. */
export interface CheckedMapping {
  readonly input: unknown
  readonly where: string
  /** The keys that are known at a path. */
  readonly known: (path: readonly PropertyKey[]) => string[]
}

/** The error for an issue of the schema. */
export function mappingIssue(issue: Issue | undefined, { input, where, known }: CheckedMapping): UserError {
  if (!issue) return new UserError({ where, problem: 'invalid', value: shown(input), expected: 'a mapping' })
  const inner = issue.code === 'invalid_union' ? branchOf(issue) : issue
  const path = inner === issue ? issue.path : [...issue.path, ...inner.path]
  const place = path.length > 0 ? `${where} ${path.join('.')}` : where
  if (inner.code === 'unrecognized_keys') return unknownName(place, inner.keys[0] ?? '', known(path))
  if (inner.code === 'invalid_key') {
    const value = shown(path.at(-1))
    const expected = inner.issues[0]?.message ?? 'a name'
    return new UserError({
      where: `${where} ${path.slice(0, -1).join('.')}`,
      problem: 'invalid',
      value,
      expected,
    })
  }
  const found = path.reduce((at: unknown, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], input)
  const value = Array.isArray(found) && inner.code === 'too_big' ? `a list of ${found.length}` : shown(found)
  return new UserError({ where: place, problem: 'invalid', value, expected: expectedBy(inner) })
}

/** The branch of a union that the value was meant for: one whose type it has. */
function branchOf(issue: Issue & { code: 'invalid_union' }): Issue {
  const firsts = issue.errors.flatMap(([first]) => (first ? [first] : []))
  return firsts.find(({ code, path }) => code !== 'invalid_type' || path.length > 0) ?? issue
}

const types: Record<string, string> = {
  object: 'a map of keys',
  record: 'a map of names',
  array: 'a list',
  string: 'a text',
  int: 'a whole number',
  number: 'a whole number',
  boolean: 'true or false',
}

function expectedBy(issue: Issue): string {
  if (issue.code === 'invalid_value') return `one of ${issue.values.join(', ')}`
  if (issue.code === 'invalid_type') return types[issue.expected] ?? issue.expected
  if (issue.code === 'invalid_union') {
    const words = issue.errors.flatMap(([first]) => (first?.code === 'invalid_type' ? [expectedBy(first)] : []))
    return words.join(' or ') || 'another value'
  }
  return issue.message.replace(/^[^:]*: expected /, '')
}

/** A value as JSON, of at most 80 characters. */
function shown(value: unknown): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch {
    text = 'a value that contains itself'
  }
  if (text === undefined) return 'nothing'
  // The password of a server's address.
  text = text.replaceAll(/(:\/\/[^\s:@/"]*):[^\s"]*@/g, '$1:...@')
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}

type Names = Readonly<Record<string, unknown>>
interface Described {
  readonly columns?: readonly string[] | undefined
  readonly fields?: Names | undefined
  readonly numbers: Names
}

/** The names of a mapping: those of its behaviors, labels, fields and columns. */
interface MappingNames {
  readonly behaviors: readonly (
    | string
    | { name: string; from?: string | string[] | undefined; when?: string | undefined }
  )[]
  readonly ignoredBehaviors: readonly string[]
  readonly events: { readonly columns?: readonly string[] | undefined }
  readonly impressions: { readonly labels: Names }
  readonly items: Described
  readonly users: Described
}

/**
 * Refuses names that one file could not hold side by side, and values with two meanings.
 * @throws UserError `duplicate`
 */
export function refuseClashes(mapping: MappingNames, where: string): void {
  const { events, items, users, impressions } = mapping
  const names = {
    'items.fields': Object.keys(items.fields ?? {}),
    'items.numbers': Object.keys(items.numbers),
    'users.fields': Object.keys(users.fields ?? {}),
    'users.numbers': Object.keys(users.numbers),
    'impressions.labels': Object.keys(impressions.labels),
    'events.columns': events.columns ?? [],
    'items.columns': items.columns ?? [],
    'users.columns': users.columns ?? [],
  }
  for (const [key, all] of Object.entries(names)) {
    const [first, second] = clash(all) ?? []
    if (second === undefined) continue
    const value = first === second ? `"${second}" twice` : `"${first}" and "${second}"`
    throw new UserError({
      where: `${where} ${key}`,
      problem: 'duplicate',
      value,
      expected: 'names that differ in more than the case of letters',
    })
  }
  const values = mapping.behaviors.flatMap((behavior) => {
    if (typeof behavior === 'string') return [behavior]
    return behavior.when === undefined ? [...new Set([behavior.from ?? behavior.name].flat())] : []
  })
  const twice = [...values, ...new Set(mapping.ignoredBehaviors)].find((value, at, all) => all.indexOf(value) < at)
  if (twice !== undefined)
    throw new UserError({
      where: `${where} behaviors`,
      problem: 'duplicate',
      value: `the value "${twice.slice(0, 60)}"`,
      expected: 'one meaning of each value of the behavior column',
    })
}

/** What a section of a mapping reads, from files or from a database. */
type Section = Readonly<Partial<Record<'database' | 'table' | 'query' | (typeof keysOfFiles)[number], unknown>>>
const keysOfFiles = ['files', 'format', 'delimiter', 'encoding', 'quoted', 'columns'] as const

/**
 * Refuses a database without one table or query, a table or query without a database, and keys of files beside it.
 * @throws UserError `missing`, `duplicate` or `unsupported`
 */
export function checkDatabases(mapping: Readonly<Record<'events' | 'items' | 'users', Section>>, where: string): void {
  for (const section of ['events', 'items', 'users'] as const) {
    const { database, table, query, ...others } = mapping[section]
    const place = `${where} ${section}`
    const oneOfTwo = 'table or query, one of the two'
    if (database === undefined) {
      if (table === undefined && query === undefined) continue
      const expected = `beside ${table === undefined ? 'query' : 'table'}: postgres://USER@HOST:PORT/DATABASE`
      throw new UserError({ where: place, problem: 'missing', value: 'database', expected })
    }
    if (table === undefined && query === undefined)
      throw new UserError({ where: place, problem: 'missing', value: 'what to read of database', expected: oneOfTwo })
    if (table !== undefined && query !== undefined)
      throw new UserError({ where: place, problem: 'duplicate', value: 'both table and query', expected: oneOfTwo })
    const ofFiles = keysOfFiles.find((key) => others[key] !== undefined)
    if (ofFiles !== undefined)
      throw new UserError({
        where: place,
        problem: 'unsupported',
        value: `${ofFiles} beside database`,
        expected: 'one of the two',
      })
  }
}

/** The first two names that are one to a database, where the case of letters does not count. */
function clash(names: readonly string[]): [string, string] | undefined {
  const seen = new Map<string, string>()
  for (const name of names) {
    const before = seen.get(name.toLowerCase())
    if (before !== undefined) return [before, name]
    seen.set(name.toLowerCase(), name)
  }
  return undefined
}
