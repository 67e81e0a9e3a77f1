/** @file The query of a request, by its schema: `top=5&field.genre=Drama&number.price=10..20`. */
import * as z from 'zod'
import { UserError, unknownName } from '../errors.ts'
import { issueError, Refusal } from './refusal.ts'
import type { Query, QueryParameter } from './routes.ts'

/** What JSON Schema says of a value. */
export interface JsonSchema {
  readonly type?: string
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly additionalProperties?: JsonSchema | false
  readonly items?: JsonSchema
  readonly enum?: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
  readonly description?: string
  readonly [key: string]: unknown
}

/** A parameter and the schema of its value. */
export interface DescribedParameter extends QueryParameter {
  /** Whether its name goes on: `field.` stands for `field.genre` and all others. */
  readonly open: boolean
  readonly schema: JsonSchema
}

/** The parameters of a query with their schemas. */
export function parametersOf({ schema, parameters }: Query): DescribedParameter[] {
  const whole = z.toJSONSchema(schema, { io: 'input' }) as JsonSchema
  return parameters.map((parameter) => {
    const open = parameter.name.endsWith('.')
    const at = parameter.path.reduce((node, key) => node.properties?.[key] ?? {}, whole)
    const value = open && at.additionalProperties ? at.additionalProperties : at
    const description = at.description ?? value.description
    return { ...parameter, open, schema: description === undefined ? value : { ...value, description } }
  })
}

/** Reads queries of one route. */
export function queryReader<T>(query: Query<T>): (given: URLSearchParams) => T {
  const parameters = parametersOf(query)
  const names = parameters.map(({ name, open }) => (open ? `${name}NAME` : name))
  const exact = new Map(parameters.filter(({ open }) => !open).map((parameter) => [parameter.name, parameter]))
  const prefixes = parameters.filter(({ open }) => open)
  const nameOf = (path: readonly PropertyKey[]): string => {
    const found = parameters.find((parameter) => parameter.path.every((key, at) => path[at] === key))
    const rest = found?.open ? String(path[found.path.length] ?? '') : ''
    return `query ${found?.name ?? ''}${rest}`.trim()
  }
  return (given) => {
    const read: Record<string, unknown> = {}
    for (const [name, text] of given) {
      const parameter = exact.get(name) ?? prefixes.find((one) => name.startsWith(one.name) && name !== one.name)
      // zod would leave this one out without a word.
      if (!parameter || name.endsWith('__proto__')) throw new Refusal(400, unknownName('query', name, names))
      put(read, parameter, name, text)
    }
    const { data, error } = query.schema.safeParse(read)
    if (error) throw new Refusal(400, issueError(error, read, nameOf))
    return data
  }
}

/** Puts a parameter's value where the schema has it. @throws Refusal for a second value where there is one */
function put(
  read: Record<string, unknown>,
  { path, name: start, open, schema }: DescribedParameter,
  name: string,
  text: string,
): void {
  const keys = open ? [...path, name.slice(start.length)] : path
  let at = read
  for (const key of keys.slice(0, -1)) {
    if (!Object.hasOwn(at, key)) at[key] = {}
    at = at[key] as Record<string, unknown>
  }
  const last = keys.at(-1) as string
  const before = Object.hasOwn(at, last) ? at[last] : undefined
  if (schema.type === 'array') {
    if (before === undefined) at[last] = [text]
    else (before as string[]).push(text)
    return
  }
  if (before !== undefined) {
    const told = { where: `query ${name}`, problem: 'duplicate', value: `"${text}"`, expected: 'one value' } as const
    throw new Refusal(400, new UserError(told))
  }
  at[last] = schema.type === 'object' ? rangeOf(name, text) : valueOf(schema, text)
}

/** A text as the schema's kind of value; what does not convert stays text, and the schema refuses it. */
function valueOf({ type }: JsonSchema, text: string): unknown {
  if (type === 'boolean') return text === 'true' || (text === 'false' ? false : text)
  return type === 'integer' || type === 'number' ? numberOf(text) : text
}

const numberOf = (text: string): number | string =>
  /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : text

/** @throws Refusal as {@link readRange} */
function rangeOf(name: string, text: string): { from?: number; to?: number } {
  try {
    return readRange(`query ${name}`, text)
  } catch (error) {
    throw error instanceof UserError ? new Refusal(400, error) : error
  }
}

/** `10..20`, `10..` or `..20`. @throws UserError `invalid` for another text */
export function readRange(where: string, text: string): { from?: number; to?: number } {
  const [from, to, more] = text.split('..').map((end) => (end === '' ? undefined : numberOf(end)))
  const right = more === undefined && text.includes('..') && [from, to].every((end) => typeof end !== 'string')
  if (right && !(Number(from) > Number(to)))
    return { ...(from !== undefined && { from: Number(from) }), ...(to !== undefined && { to: Number(to) }) }
  const expected = 'a range such as 10..20, 10.. or ..20'
  throw new UserError({ where, problem: 'invalid', value: `"${text}"`, expected })
}
