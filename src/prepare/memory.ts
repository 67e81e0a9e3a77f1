/** @file How much memory preparing may use. */
import { UserError } from '../errors.ts'

const units: Record<string, number> = {
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
}
/** Below, not even an empty log can be read; above, nobody has it. */
const limits = { least: 64e6, most: 1e15 }

/**
 * The bytes of a limit such as `2GB`.
 * @throws UserError `invalid`, naming the flag
 */
export function memoryBytes(text: string): number {
  const [, number, unit = ''] = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]i?b)\s*$/i.exec(text) ?? []
  const bytes = Math.round(Number(number) * (units[unit.toLowerCase()] ?? Number.NaN))
  if (bytes >= limits.least && bytes <= limits.most) return bytes
  throw new UserError({
    where: '--memory-limit',
    problem: 'invalid',
    value: `"${text.slice(0, 60)}"`,
    expected: 'a size from 64MB to 1000TB, such as 2GB',
  })
}
