/** @file Errors as answers: problem+json (RFC 9457) with the code of our error grammar. */
import { type Problem, UserError } from '../errors.ts'
import { StoreUnavailable } from '../store/event-store.ts'
import { Refusal } from './refusal.ts'

/** What an error is called where nothing but its kind is told. */
export const problemTitles: Readonly<Record<Problem | 'unavailable' | 'internal', string>> = {
  missing: 'Something is missing',
  unknown: 'Something is not known',
  invalid: 'Something cannot be as it was given',
  duplicate: 'Something is given twice',
  mismatched: 'Two things do not belong together',
  unsupported: 'What is served cannot do that',
  empty: 'Nothing is left',
  corrupted: 'Something stored is damaged',
  leaked: 'Something may not be read',
  busy: 'Something is in use, or asked for too often',
  unavailable: 'The store cannot be reached now',
  internal: 'An error of the service',
}

/** An error as a response has it. */
export interface ProblemAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Readonly<Record<string, unknown>>
  /** Whether nobody foresaw it: the log must have it whole. */
  readonly unforeseen: boolean
}

/** The request that failed. */
export interface Failed {
  readonly requestId: string
  /** The id in its path. */
  readonly id?: string
}

/** An error as an answer. */
export function problemAnswer(error: unknown, { requestId, id }: Failed): ProblemAnswer {
  const answer = (status: number, code: keyof typeof problemTitles, detail: string, more: { where?: string } = {}) => ({
    status,
    body: { type: `/docs#${code}`, title: problemTitles[code], status, detail, code, ...more, requestId },
    headers: {},
    unforeseen: false,
  })
  if (error instanceof Refusal) {
    const { problem, where } = error.told.parts
    return { ...answer(error.status, problem, error.told.message, { where }), headers: error.headers }
  }
  if (error instanceof UserError) {
    const { problem, where } = error.parts
    return answer(statusOf(error, id), problem, error.message, { where })
  }
  if (error instanceof StoreUnavailable) {
    const told = answer(503, 'unavailable', 'the store cannot be reached now. try again in a moment')
    return { ...told, headers: { 'retry-after': '2' } }
  }
  const told = answer(500, 'internal', 'this is an error of the service. its log has it under this request id')
  return { ...told, unforeseen: true }
}

/** Problems of what is served, and not of what was asked. */
const conflicts: ReadonlySet<Problem> = new Set(['unsupported', 'busy', 'corrupted', 'leaked'])

/** The status of a service's error: 404 where the id in the path is what is not known. */
function statusOf({ parts: { problem, value } }: UserError, id: string | undefined): number {
  if (problem === 'unknown' && id !== undefined && (value === id || value.includes(`"${id}"`))) return 404
  return conflicts.has(problem) ? 409 : 422
}

/** An error without folders: of each path only its last name stays. */
export function withoutPaths(error: unknown): unknown {
  if (!(error instanceof UserError)) return error
  const short = (text: string): string => text.replace(/(?:[^\s"'/]*\/)+([^\s"'/]*)/g, '$1')
  const { where, problem, value, expected, hint } = error.parts
  return new UserError({
    where: short(where),
    problem,
    value: short(value),
    ...(expected !== undefined && { expected: short(expected) }),
    ...(hint !== undefined && { hint: short(hint) }),
  })
}
