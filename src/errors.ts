/** @file The error registry: every error a user can meet, in one grammar, with its exit code. */
import { closest } from 'fastest-levenshtein'

/** What can be wrong, in the fixed vocabulary of our messages. */
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

/** The parts of an error message: `where: problem: value[, expected ...]. hint`. */
export interface ErrorParts {
  /** The file and row, the option, or the column, e.g. `clicks.csv row 7` or `m3bsr.heads`. */
  where: string
  problem: Problem
  /** The offending value, or the name of what is missing. */
  value: string
  expected?: string
  hint?: string
}

/** An error the user can mend: one sentence, exit code 2, no stack shown. */
export class UserError extends Error {
  override readonly name = 'UserError'
  readonly parts: ErrorParts

  constructor(parts: ErrorParts) {
    super(sentence(parts))
    this.parts = parts
  }
}

/** The sentence of an error's parts. */
function sentence({ where, problem, value, expected, hint }: ErrorParts): string {
  return `${where}: ${problem}: ${value}${expected ? `, expected ${expected}` : ''}${hint ? `. ${hint}` : ''}`
}

/** The error for a name not among the known ones, with the nearest known name as a hint. */
export function unknownName(where: string, value: string, known: readonly string[]): UserError {
  const hint = known.length > 0 ? { hint: `did you mean "${closest(value, [...known])}"?` } : {}
  return new UserError({
    where,
    problem: 'unknown',
    value: `"${value}"`,
    expected: `one of ${known.join(', ')}`,
    ...hint,
  })
}

/** A broken promise of our own code: exit code 1, with its stack. */
export class Bug extends Error {
  override readonly name = 'Bug'
}
