/** @file Asks the service. The types of its answers are the service's own. */
import { signal } from '@preact/signals'

/** What the service's errors are: its sentence, and what whoever runs it looks for. */
export class ServiceProblem extends Error {
  override readonly name = 'ServiceProblem'
  /** 0 where nothing answered at all. */
  readonly status: number
  readonly code: string
  readonly requestId: string | undefined

  constructor(status: number, body: { detail?: string; code?: string; requestId?: string } = {}) {
    super(body.detail ?? (status === 0 ? 'The service does not answer.' : `The service answered ${status}.`))
    this.status = status
    this.code = body.code ?? (status === 0 ? 'unreachable' : 'unknown')
    this.requestId = body.requestId
  }
}

/** A request: its method is GET without a body and POST with one. */
export interface Request {
  readonly path: string
  readonly body?: unknown
}

/** The key that requests carry, for services that ask for one; this tab forgets it when it is closed. */
export const key = signal(sessionStorage.getItem('siftrec.key') ?? '')
key.subscribe((value) => sessionStorage.setItem('siftrec.key', value))

/** Whether the service asked for a key that the page does not have. */
export const needsKey = signal(false)

/** Whether the page promises that nothing is sent: then {@link send} sends nothing, whoever asks. */
export const nothingSent = signal(false)

/**
 * Sends a request.
 * @throws ServiceProblem for an answer that is an error, or none
 */
export async function send(
  { path, body }: Request,
  options: { signal?: AbortSignal; keepalive?: boolean } = {},
): Promise<Response> {
  if (nothingSent.value) throw new ServiceProblem(0, { detail: 'Nothing is sent in private mode.', code: 'private' })
  const headers: Record<string, string> = {}
  if (key.value !== '') headers['authorization'] = `Bearer ${key.value}`
  if (body !== undefined) headers['content-type'] = 'application/json'
  const made = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
  // Relative, so that a proxy may serve the page below a path of its own.
  const response = await fetch(`.${path}`, { ...made, ...options, headers }).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new ServiceProblem(0)
  })
  if (response.ok) return response
  if (response.status === 401) needsKey.value = true
  const told = (await response.json().catch(() => ({}))) as { detail?: string; code?: string; requestId?: string }
  throw new ServiceProblem(response.status, told)
}

/** Sends a request and reads its JSON. @throws ServiceProblem as {@link send} */
export async function ask<T>(request: Request, signal?: AbortSignal): Promise<T> {
  const response = await send(request, signal ? { signal } : {})
  return (await response.json()) as T
}

/** What went wrong, of anything thrown. */
export const problemOf = (error: unknown): ServiceProblem =>
  error instanceof ServiceProblem ? error : new ServiceProblem(500, { detail: String(error), code: 'page' })
