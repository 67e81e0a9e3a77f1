/** @file What a fuzz case is, and how the outcome of one is judged. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { UserError } from '../../../src/errors.ts'
import type { RandomStream } from '../../../src/random/stream.ts'
import { inFileWords } from '../../../src/storage/file-errors.ts'

/** What came of a case: `unjudged` was read, and the suite cannot tell whether rightly. */
export type Outcome = 'right' | 'refused' | 'unjudged' | 'wrong'

/** An outcome with what was wrong. */
export interface Verdict {
  readonly outcome: Outcome
  /** What was done to the input, and what came of it. */
  readonly detail: string
}

/** An input with what is known of it. */
export interface FuzzCase {
  /** What was done to it, in words. */
  readonly what: string
  /** The files by name. */
  readonly files: Readonly<Record<string, Uint8Array | string>>
  /** Reads the files in a folder, and tells what it found as text to compare. */
  readonly read: (folder: string) => Promise<string>
  /**
   * What must be found: a text; `refusal` where it must be refused; `unknown` where only a bug, a crash or a hang would
   * be wrong.
   */
  readonly truth: string
  /** Whether it may be refused although its truth is known: damage may show in ways the suite does not look at. */
  readonly mayRefuse: boolean
}

/** Makes the case of a seed. */
export type CaseMaker = (random: RandomStream) => FuzzCase | Promise<FuzzCase>

/** One of a list. */
export function pick<T>(random: RandomStream, from: readonly T[]): T {
  return from[random.integer(from.length)] as T
}

/** True with a probability. */
export const chance = (random: RandomStream, share: number): boolean => random.uniform() < share

/** Reads a case in a folder and judges what came of it. */
export async function judge({ what, files, read, truth, mayRefuse }: FuzzCase, folder: string): Promise<Verdict> {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  try {
    const found = await read(folder)
    if (truth === 'unknown') return { outcome: 'unjudged', detail: what }
    if (truth === 'refusal') return { outcome: 'wrong', detail: `${what}: accepted: ${found.slice(0, 200)}` }
    if (found === truth) return { outcome: 'right', detail: what }
    return { outcome: 'wrong', detail: `${what}: misread: ${difference(found, truth)}` }
  } catch (error) {
    const refusal = inFileWords(error)
    if (!(refusal instanceof UserError)) {
      const told =
        error instanceof Error ? `${error.message.slice(0, 300)} ${(error.stack ?? '').slice(0, 400)}` : String(error)
      return { outcome: 'wrong', detail: `${what}: a bug: ${told}` }
    }
    const { message } = refusal
    if (message.length > 300 || /[\n\r]/.test(message))
      return { outcome: 'wrong', detail: `${what}: no sentence: ${message}` }
    if (mayRefuse || truth === 'refusal' || truth === 'unknown')
      return { outcome: 'refused', detail: `${what}: ${message}` }
    return { outcome: 'wrong', detail: `${what}: refused although right: ${message}` }
  }
}

/** The first lines that differ. */
function difference(found: string, truth: string): string {
  const [a, b] = [found.split('\n'), truth.split('\n')]
  const at = a.findIndex((line, index) => line !== b[index])
  return `line ${at + 1} of ${a.length} is ${JSON.stringify(a[at]?.slice(0, 150))}, expected ${JSON.stringify(b[at]?.slice(0, 150))} of ${b.length}`
}

/** Damages bytes in one of the usual ways, and says how. */
export function damage(random: RandomStream, bytes: Uint8Array): { bytes: Uint8Array; how: string } {
  const at = random.integer(Math.max(1, bytes.length))
  const length = 1 + random.integer(Math.min(64, Math.max(1, bytes.length)))
  const around = (middle: Uint8Array, skip: number): Uint8Array =>
    Buffer.concat([bytes.subarray(0, at), middle, bytes.subarray(at + skip)])
  switch (random.integer(6)) {
    case 0:
    case 1: {
      const flipped = Uint8Array.from(bytes)
      flipped[at] = (flipped[at] ?? 0) ^ (1 << random.integer(8))
      return { bytes: flipped, how: `a bit flipped in byte ${at}` }
    }
    case 2:
      return { bytes: bytes.subarray(0, at), how: `cut at byte ${at}` }
    case 3:
      return { bytes: around(new Uint8Array(0), length), how: `${length} bytes removed at ${at}` }
    case 4: {
      const noise = Uint8Array.from({ length }, () => random.integer(256))
      return { bytes: around(noise, 0), how: `${length} bytes of noise at ${at}` }
    }
    default:
      return { bytes: around(bytes.subarray(at, at + length), 0), how: `${length} bytes twice at ${at}` }
  }
}
