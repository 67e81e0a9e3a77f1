/**
 * @file The errors: those a user can mend, in one grammar, and bugs. `cli/failure.ts` gives each kind its exit code.
 */
import { distance } from 'fastest-levenshtein'

/** What can be wrong: the fixed vocabulary of our messages. */
export type Problem =
  | 'missing'
  | 'unknown'
  | 'invalid'
  | 'duplicate'
  | 'mismatched'
  | 'unsupported'
  | 'empty'
  | 'corrupted'
  | 'leaked'
  | 'busy'

/** The parts of an error message: `where: problem: value[, expected ...]. hint`. */
export interface ErrorParts {
  /** The file and row, the option, or the column, e.g. `clicks.csv row 7` or `m3bsr.heads`. */
  where: string
  problem: Problem
  /** The offending value, or the name of what is missing. */
  value: string
  /** What would have been right. */
  expected?: string
  /** What the user can do about it. */
  hint?: string
}

/** An error the user can mend. The command line prints it as one sentence, without a stack. */
export class UserError extends Error {
  override readonly name = 'UserError'
  readonly parts: ErrorParts

  constructor(parts: ErrorParts) {
    super(sentence(parts))
    this.parts = parts
  }
}

/** What a sentence may show: of a user's value, of a place, of what would have been right, and in all. */
const limits = { value: 80, where: 100, expected: 160, sentence: 300 } as const

/** The parts of an error as one line of at most 300 characters. */
function sentence({ where, problem, value, expected, hint }: ErrorParts): string {
  const place = printable(where)
  const shown = `${place.length > limits.where ? `...${place.slice(3 - limits.where)}` : place}: ${problem}: ${shorten(value)}`
  const right = expected === undefined ? '' : `, expected ${shorten(expected, limits.expected)}`
  // The hint is a user's way out, so what would have been right makes room for it.
  const help = hint ? `. ${shorten(hint, limits.sentence - shown.length - ', expected '.length - 42)}` : ''
  return `${shown}${shorten(right, limits.sentence - shown.length - help.length)}${help}`
}

/** A whole sentence in one line, of as many characters as any error may have. */
export const shortenSentence = (text: string): string => shorten(text, limits.sentence)

/** A text of at most `most` characters, in one line: line breaks and other control characters are spelled out. */
export function shorten(text: string, most: number = limits.value): string {
  const line = printable(text)
  if (line.length <= most) return line
  const closing = line.startsWith('"') && line.endsWith('"') ? '..."' : '...'
  // A character outside the basic plane is two code units, which must not be parted.
  const cut = line.slice(0, Math.max(0, most - closing.length)).replace(/[\uD800-\uDBFF]$/, '')
  return `${cut}${closing}`
}

/** Far more than a sentence shows of any part: what is beyond it need not be looked at. */
const looked = 2000

function printable(text: string): string {
  const start = text.length > 2 * looked ? `${text.slice(0, looked)}${text.slice(-looked)}` : text
  return start.replace(/\p{Cc}|\p{Zl}|\p{Zp}/gu, spelledOut)
}

function spelledOut(character: string): string {
  const known = JSON.stringify(character).slice(1, -1)
  return known === character ? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}` : known
}

/** A list of names as `one of a, b, c`, or its beginning and how many more there are. */
export function oneOf(names: readonly string[]): string {
  const all = `one of ${names.join(', ')}`
  if (all.length <= limits.expected) return all
  let [shown, length] = [0, 'one of '.length]
  while (shown < names.length && length + (names[shown] as string).length + 2 <= limits.expected - 16)
    length += (names[shown++] as string).length + 2
  if (shown === 0) return `one of ${names.length} names`
  return `one of ${names.slice(0, shown).join(', ')} and ${names.length - shown} more`
}

/** What an error for an unknown name may say besides. */
export interface UnknownOptions {
  /** What stands for the known names where they are a catalog's, far too many to list. */
  readonly expected?: string
  /** What to do where no known name is near. */
  readonly hint?: string
}

/** The error for a name that is not one of the known ones. Its hint is the nearest known name, or up to three. */
export function unknownName(
  where: string,
  value: string,
  known: readonly string[],
  { expected = oneOf(known), hint }: UnknownOptions = {},
): UserError {
  const near = nearest(value, known)
  const guess = new Intl.ListFormat('en-US', { type: 'disjunction' }).format(
    near.map((name) => `"${shorten(name, 60)}"`),
  )
  const help = near.length > 0 ? `did you mean ${guess}?` : hint
  return new UserError({ where, problem: 'unknown', value: `"${value}"`, expected, ...(help && { hint: help }) })
}

/** The most names that a hint offers. */
const offered = 3

/** The known names with the fewest edits, at most three, where these are few for the length of the name. */
function nearest(value: string, known: readonly string[]): string[] {
  // Nobody's slip is that long, and comparing a long text with every name takes minutes.
  if (value.length > limits.sentence) return []
  const wanted = value.toLowerCase()
  let [least, near] = [value.length < 3 ? 1 : Math.max(2, Math.floor(value.length / 3)), [] as string[]]
  for (const name of known) {
    if (Math.abs(name.length - value.length) > least) continue
    const edits = distance(wanted, name.toLowerCase())
    if (edits > least) continue
    if (edits < least) near = []
    least = edits
    if (near.length < offered) near.push(name)
  }
  return near
}

/** A broken promise of our own code. The command line prints its stack. */
export class Bug extends Error {
  override readonly name = 'Bug'
}
