/** @file Makes command-line flags from schemas: every option of a configuration is a flag of the same name. */
import { type Command, Option as Flag } from 'commander'
import type * as z from 'zod'
import { type Option, optionsOf } from '../models/contract/options.ts'

/** `hiddenSize` as `hidden-size`. */
const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** `protocol` alone has a flag of another name, since `--split time` says more than `--protocol time`. */
const flagName = (name: string): string => (name === 'protocol' ? 'split' : name)

/** An option with its value as it is written on the command line. */
export const flagText = (name: string, value: unknown): string =>
  `--${kebab(flagName(name))} ${typeof value === 'string' ? value : JSON.stringify(value)}`

/** Adds a flag for each option of a schema, under a heading of the help. */
export function addFlags(command: Command, schema: z.ZodType, heading: string): void {
  for (const option of optionsOf(schema)) command.addOption(flagOf(option).helpGroup(heading))
}

function flagOf({ name, kind, range, default: fallback, description }: Option): Flag {
  const value =
    kind === 'boolean' ? '[true|false]' : kind === 'choice' ? '<name>' : kind === 'json' ? '<json>' : '<value>'
  const told = fallback === undefined ? range : `${range}; default ${JSON.stringify(fallback)}`
  // A flag of a boolean that is given without a value is true: commander sees to that.
  return new Flag(`--${kebab(flagName(name))} ${value}`, `${description} (${told})`).argParser((text) =>
    valueOf(kind, text),
  )
}

/**
 * Converts a flag's text to its option's kind. Text that does not convert stays text, and the schema refuses it with
 * its range.
 */
function valueOf(kind: Option['kind'], text: string): unknown {
  if (kind === 'boolean') return text === 'true' || (text === 'false' ? false : text)
  if (kind === 'integer' || kind === 'number')
    return text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text)
  if (kind !== 'json') return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/**
 * The flags on the command line that belong to the schema.
 * @param others options by their own names, such as those of a file; a flag wins over them
 */
export function givenFlags(
  schema: z.ZodType,
  flags: Readonly<Record<string, unknown>>,
  others: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const names = optionsOf(schema).map(({ name }) => name)
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = flags[flagName(name)] ?? others[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}
