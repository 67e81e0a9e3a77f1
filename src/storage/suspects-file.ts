/** @file The file of suspects that `siftrec audit` writes and `siftrec prepare --drop` reads; anybody may edit it. */
import { readFileSync } from 'node:fs'
import * as z from 'zod'
import { UserError } from '../errors.ts'
import { parsedJson } from './json.ts'
import { regularFile } from './regular-file.ts'

const chance = z.number().min(0).max(1).optional()

const suspectsSchema = z.strictObject({
  format: z.literal('siftrec-suspects'),
  version: z.literal(1),
  /** The name of the dataset that was audited. */
  dataset: z.string(),
  /** Events that are left out, by the ids of the log; times in milliseconds since 1970. */
  events: z.array(
    z.strictObject({ user: z.string(), item: z.string(), behavior: z.string(), time: z.number(), chance }),
  ),
  /** Items whose picture is not used. */
  pictures: z.array(z.strictObject({ item: z.string(), chance })),
  /** Users who are left out, with all that they did. */
  users: z.array(z.strictObject({ user: z.string(), why: z.string().optional() })),
})
/** Suspects of a dataset, as their file has them. */
export type Suspects = z.infer<typeof suspectsSchema>

const expected = 'a file that siftrec audit --suspects wrote'

/** Reads suspects. @throws UserError `missing` without the file, `corrupted` for what is no such file */
export function readSuspects(path: string): Suspects {
  regularFile(path, { missing: expected, expected })
  const { data, error } = suspectsSchema.safeParse(parsedJson(readFileSync(path, 'utf8')))
  if (data) return data
  const [issue] = error.issues
  const value = `${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim()
  throw new UserError({ where: path, problem: 'corrupted', value, expected })
}

/** Suspects as the text of their file: a line each, so that a line can be taken out. */
export function printSuspects({ format, version, dataset, ...lists }: Suspects): string {
  const lines = (all: readonly unknown[]): string =>
    all.length === 0 ? '[]' : `[\n${all.map((one) => `  ${JSON.stringify(one)}`).join(',\n')}\n ]`
  const head = Object.entries({ format, version, dataset }).map(([key, value]) => ` "${key}": ${JSON.stringify(value)}`)
  return `{\n${[...head, ...Object.entries(lists).map(([key, all]) => ` "${key}": ${lines(all)}`)].join(',\n')}\n}\n`
}
