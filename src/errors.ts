/**
 * @file The errors: those a user can mend, in one grammar, and bugs. `cli/failure.ts` gives each kind its exit code.
 */
import { closest } from 'fastest-levenshtein'

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

/** The parts of an error as one sentence. */
function sentence({ where, problem, value, expected, hint }: ErrorParts): string {
  return `${where}: ${problem}: ${value}${expected ? `, expected ${expected}` : ''}${hint ? `. ${hint}` : ''}`
}

/** The error for a name that is not one of the known ones. Its hint is the nearest known name. */
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

/** A broken promise of our own code. The command line prints its stack. */
export class Bug extends Error {
  override readonly name = 'Bug'
}
