/** @file What a service refused, or could not do. */

/** The parts of a problem that a caller may look at; see `docs/serving.md`. */
export interface ServiceProblem {
  readonly status: number
  /** The problem in one word: `unknown`, `invalid`, `missing`. */
  readonly code: string
  /** The sentence to show. */
  readonly detail: string
  /** Where in the request it is. */
  readonly where?: string
  /** What the service's log calls the request. */
  readonly requestId?: string
}

/** An answer that is an error. Its message is the service's sentence. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError'
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly where: string | undefined
  readonly requestId: string | undefined
  /** Seconds after which to ask again, where the service says so. */
  readonly retryAfter: number | undefined

  constructor(problem: ServiceProblem, retryAfter?: number) {
    super(problem.detail)
    this.status = problem.status
    this.code = problem.code
    this.detail = problem.detail
    this.where = problem.where
    this.requestId = problem.requestId
    this.retryAfter = retryAfter
  }
}
