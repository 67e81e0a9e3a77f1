/** @file The JSON body of a request, of a limited size. */
import { shorten, UserError } from '../errors.ts'
import { Refusal } from './refusal.ts'

const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads a body as JSON; undefined where there is none.
 * @param most how many bytes it may have
 * @throws Refusal of another media type, of too many bytes, and of what is no JSON
 */
export async function readJson(
  request: {
    header(name: string): string | undefined
    arrayBuffer(): Promise<ArrayBuffer>
    /** Asked for late: it is costly, and needed for a body whose length is not announced only. */
    readonly raw: Request
  },
  most: number,
): Promise<unknown> {
  const length = request.header('content-length')
  // Over a socket a request has a body only where it announces one, and its stream says nothing: a POST always has one.
  const announced = length !== undefined || request.header('transfer-encoding') !== undefined
  if (!announced && (request.header('content-type') === undefined || !request.raw.body)) return undefined
  if (length === '0') return undefined
  refuseOtherTypes(request.header('content-type') ?? '')
  if (length !== undefined && Number(length) > most) throw tooLarge(most)
  const bytes = await (length === undefined ? counted(request.raw, most) : request.arrayBuffer()).catch(endedEarly)
  if (bytes.byteLength === 0) return undefined
  try {
    return JSON.parse(decoder.decode(bytes))
  } catch (error) {
    const value = shorten(error instanceof Error ? error.message : String(error))
    throw new Refusal(400, new UserError({ where: 'body', problem: 'invalid', value, expected: 'JSON in UTF-8' }))
  }
}

function refuseOtherTypes(type: string): void {
  if (/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type)) return
  const told = { where: 'content-type', problem: 'invalid', value: type === '' ? 'nothing' : `"${type}"` } as const
  throw new Refusal(415, new UserError({ ...told, expected: 'application/json' }))
}

const tooLarge = (most: number): Refusal =>
  new Refusal(
    413,
    new UserError({
      where: 'body',
      problem: 'invalid',
      value: 'too many bytes',
      expected: `at most ${most} bytes`,
      hint: 'send smaller batches',
    }),
  )

/** Whoever hangs up in the middle of a body is no error of ours. */
function endedEarly(error: unknown): never {
  if (error instanceof Refusal) throw error
  throw new Refusal(400, new UserError({ where: 'body', problem: 'invalid', value: 'it ended early' }))
}

/** The bytes of a body that does not say how many it has. */
async function counted(request: Request, most: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of request.body ?? []) {
    length += chunk.length
    if (length > most) throw tooLarge(most)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
