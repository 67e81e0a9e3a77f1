/** @file The OpenAPI 3.1 description, made of the routes and their schemas. */
import * as z from 'zod'
import { type JsonSchema, parametersOf } from './query.ts'
import { type Route, routes } from './routes.ts'
import { id, named } from './schemas.ts'

/** A parameter as OpenAPI has it. */
interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query'
  readonly description?: string
  readonly schema: JsonSchema
  readonly [more: string]: unknown
}
/** An operation as OpenAPI has it. */
export interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly parameters: readonly Parameter[]
  readonly requestBody?: Readonly<Record<string, unknown>>
  readonly responses: Readonly<Record<string, unknown>>
  readonly security: readonly Readonly<Record<string, readonly string[]>>[]
}
/** The parts of a description that we make. */
export interface OpenApi {
  readonly openapi: '3.1.0'
  readonly info: Readonly<Record<string, string>>
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** The description of the service. */
export function openApi(version: string): OpenApi {
  const { schemaOf, components } = registeredSchemas()
  const paths: Record<string, Record<string, Operation>> = {}
  for (const [name, route] of Object.entries<Route>(routes)) {
    const methods = (paths[route.path] ??= {})
    methods[route.method.toLowerCase()] = operationOf(name, route, schemaOf)
  }
  return {
    openapi: '3.1.0',
    info: { title: 'siftrec', version, description: 'Recommendations by a trained run. Ids are those of the log.' },
    paths,
    components: {
      schemas: components,
      securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'a key of the service, if it has keys' } },
    },
  }
}

type SchemaOf = (schema: z.ZodType) => JsonSchema

function operationOf(operationId: string, route: Route, schemaOf: SchemaOf): Operation {
  const { summary, scope, body, bodyOptional, answer, content } = route
  const json = (schema: z.ZodType) => ({ 'application/json': { schema: schemaOf(schema) } })
  const success = answer ? json(answer) : content === undefined ? undefined : { [content]: {} }
  return {
    operationId,
    summary,
    parameters: parametersIn(route, schemaOf),
    ...(body && { requestBody: { required: bodyOptional !== true, content: json(body) } }),
    responses: {
      [success ? 200 : 204]: { description: 'as asked', ...(success && { content: success }) },
      default: {
        description: 'a problem, told in one sentence',
        content: { 'application/problem+json': { schema: schemaOf(named.Problem) } },
      },
    },
    security: scope === undefined ? [] : [{ key: [scope] }],
  }
}

function parametersIn({ path, query }: Route, schemaOf: SchemaOf): Operation['parameters'] {
  const inPath = path.includes('{id}')
    ? [{ name: 'id', in: 'path' as const, required: true, schema: schemaOf(id) }]
    : []
  const described = query ? parametersOf(query) : []
  const closed = described
    .filter(({ open }) => !open)
    .map(({ name, schema: { description, ...schema } }) => {
      return { name, in: 'query' as const, ...(description !== undefined && { description }), schema }
    })
  // An exploded object is how OpenAPI has parameters whose names the caller chooses.
  const patterns = Object.fromEntries(
    described
      .filter(({ open }) => open)
      .map(({ name, schema }) => [
        `^${name.replace('.', '\\.')}.+`,
        schema.type === 'object' ? { ...rangeSchema, description: schema.description } : schema,
      ]),
  )
  const open = {
    name: 'filters',
    in: 'query' as const,
    style: 'form',
    explode: true,
    description: 'field.NAME=VALUE, several of one name for any of them, and number.NAME=FROM..TO',
    schema: { type: 'object', patternProperties: patterns },
  }
  return [...inPath, ...closed, ...(Object.keys(patterns).length > 0 ? [open] : [])]
}

const rangeSchema = { type: 'string', examples: ['10..20', '10..', '..20'] } as const

/** The named schemas as components, and any schema with references to them. */
function registeredSchemas(): { schemaOf: SchemaOf; components: Record<string, unknown> } {
  const registry = z.registry<{ id: string }>()
  for (const [name, schema] of Object.entries(named)) registry.add(schema, { id: name })
  const anonymous = new Map<z.ZodType, string>()
  for (const { body, answer } of Object.values<Route>(routes)) {
    for (const schema of [body, answer]) {
      if (!schema || registry.has(schema) || anonymous.has(schema)) continue
      anonymous.set(schema, `anonymous${anonymous.size}`)
      registry.add(schema, { id: anonymous.get(schema) as string })
    }
  }
  const uri = (name: string): string => `#/components/schemas/${name}`
  const all = z.toJSONSchema(registry, { uri, io: 'input' }).schemas as Record<string, JsonSchema>
  const plain = (name: string): JsonSchema => {
    const { $schema: _, $id: __, ...schema } = all[name] ?? {}
    return schema
  }
  const nameOf = new Map<z.ZodType, string>(Object.entries(named).map(([name, schema]) => [schema, name]))
  return {
    schemaOf(schema) {
      const name = nameOf.get(schema)
      return name === undefined ? plain(anonymous.get(schema) ?? '') : { $ref: uri(name) }
    },
    components: Object.fromEntries(Object.keys(named).map((name) => [name, plain(name)])),
  }
}
