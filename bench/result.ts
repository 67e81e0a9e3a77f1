/** @file What every bench gives: one JSON line. */
import { UserError } from '../src/errors.ts'

/** A figure of ours beside a peer's, or beside a limit where there is no peer. */
export interface BenchResult {
  readonly name: string
  readonly ours: number
  /** Null where nobody else's figure was measured in this run. */
  readonly peer: number | null
  readonly ratio: number | null
  readonly unit: string
  readonly settings: Readonly<Record<string, unknown>>
}

/** The average of a list. */
export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

/** The middle of a list. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}

/** The least of the values that at least `share` of them, 0 to 1, do not exceed. */
export const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.ceil(share * values.length) - 1] as number

/** The interpreter that has PyTorch. @throws UserError `missing` when PEER_PYTHON is not set. */
export function peerPython(): string {
  const path = process.env['PEER_PYTHON']
  if (path) return path
  throw new UserError({
    where: 'PEER_PYTHON',
    problem: 'missing',
    value: 'the peer\u2019s interpreter',
    hint: 'docs/benchmarks.md says how to install it',
  })
}
