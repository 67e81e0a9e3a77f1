/**
 * @file A model's options as its zod schema tells them: for flags, error messages and docs, so that no option is
 * written twice.
 */
import * as z from 'zod'
import { UserError, unknownName } from '../../errors.ts'

/** One option of a configuration. */
export interface Option {
  readonly name: string
  readonly kind: 'integer' | 'number' | 'boolean' | 'choice' | 'text' | 'json'
  /** What is allowed, in words: `a whole number from 1 to 1024`. */
  readonly range: string
  readonly default: unknown
  readonly description: string
  /** The same range as numbers, and as a list of choices. */
  readonly bounds: PropertyRange
}

/** What an option may be. */
export interface PropertyRange {
  /** The least number above 0 where 0 itself is not allowed. */
  readonly least: number
  readonly most: number
  readonly choices?: readonly unknown[]
}

interface PropertySchema {
  type?: string
  enum?: unknown[]
  default?: unknown
  description?: string
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  exclusiveMaximum?: number
}

/** The options of an object schema, in the order they are written. */
export function optionsOf(schema: z.ZodType): Option[] {
  const { properties = {} } = z.toJSONSchema(schema, { io: 'input' }) as { properties?: Record<string, PropertySchema> }
  return Object.entries(properties).map(([name, property]) => {
    const kind = kindOf(property)
    return {
      name,
      kind,
      range: rangeOf(kind, property),
      default: property.default,
      description: property.description ?? '',
      bounds: boundsOf(property),
    }
  })
}

const boundsOf = ({
  minimum,
  exclusiveMinimum,
  maximum,
  exclusiveMaximum,
  enum: choices,
}: PropertySchema): PropertyRange => ({
  least: minimum ?? (exclusiveMinimum === 0 ? Number.MIN_VALUE : (exclusiveMinimum ?? Number.NEGATIVE_INFINITY)),
  most: maximum ?? exclusiveMaximum ?? Number.POSITIVE_INFINITY,
  ...(choices && { choices }),
})

function kindOf({ type, enum: choices }: PropertySchema): Option['kind'] {
  if (choices) return 'choice'
  if (type === 'integer' || type === 'number' || type === 'boolean') return type
  return type === 'string' ? 'text' : 'json'
}

function rangeOf(kind: Option['kind'], property: PropertySchema): string {
  const { minimum, exclusiveMinimum, maximum, exclusiveMaximum, enum: choices = [] } = property
  if (kind === 'choice') return `one of ${choices.join(', ')}`
  if (kind === 'boolean') return 'true or false'
  if (kind === 'text') return 'text'
  if (kind === 'json') return 'JSON'
  const low =
    exclusiveMinimum !== undefined ? ` above ${exclusiveMinimum}` : minimum !== undefined ? ` from ${minimum}` : ''
  const high =
    exclusiveMaximum !== undefined ? ` to below ${exclusiveMaximum}` : maximum !== undefined ? ` to ${maximum}` : ''
  return `${kind === 'integer' ? 'a whole number' : 'a number'}${low}${high}`
}

/**
 * Checks options and fills in the defaults.
 * @param where what the options belong to, e.g. `m3bsr`
 * @throws UserError `unknown` or `invalid`, naming the option, its value and what is allowed
 */
export function parseOptions<Config>(where: string, schema: z.ZodType<Config>, input: unknown): Config {
  const { data, error } = schema.safeParse(input)
  if (!error) return data
  const [issue] = error.issues
  const options = optionsOf(schema)
  if (issue?.code === 'unrecognized_keys') {
    const names = options.map(({ name }) => name)
    throw unknownName(where, issue.keys[0] ?? '', names)
  }
  const name = String(issue?.path[0] ?? '')
  const option = options.find((known) => known.name === name)
  const value = (input as Record<string, unknown>)[name]
  throw new UserError({
    where: name ? `${where}.${name}` : where,
    problem: 'invalid',
    value: JSON.stringify(value ?? option?.default) ?? 'nothing',
    expected:
      issue?.code === 'custom'
        ? `${option?.range ?? 'a value'} that ${issue.message}`
        : (option?.range ?? String(issue?.message)),
    ...(option?.default === undefined ? {} : { hint: `the default is ${JSON.stringify(option.default)}` }),
  })
}
