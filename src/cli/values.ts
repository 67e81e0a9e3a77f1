/** @file Parses the values of flags that no schema covers. */
import { UserError } from '../errors.ts'

/** A whole number from `least`. @throws UserError `invalid`, naming the flag */
export function whole(flag: string, text: string, least = 1): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isInteger(value) && value >= least) return value
  throw new UserError({ where: flag, problem: 'invalid', value: `"${text}"`, expected: `a whole number from ${least}` })
}

/** Names, separated by commas. */
export const list = (text: string): string[] => text.split(',').map((part) => part.trim())

/**
 * Seeds of training, separated by commas.
 * @throws UserError `invalid` for what is no seed, `duplicate` for one that would count twice
 */
export function trainingSeeds(text: string): number[] {
  const seeds = list(text).map((part) => whole('--seeds', part, 0))
  const twice = seeds.find((seed, at) => seeds.indexOf(seed) < at)
  if (twice === undefined) return seeds
  throw new UserError({ where: '--seeds', problem: 'duplicate', value: `${twice}`, expected: 'each seed once' })
}

/** Minutes, or parts of one, above 0. @throws UserError `invalid`, naming the flag */
export const minutes = (flag: string, text: string): number => above0(flag, text, 'minutes, above 0')

/** Hours, or parts of one, above 0. @throws UserError `invalid`, naming the flag */
export const hours = (flag: string, text: string): number => above0(flag, text, 'a number above 0', 1e5)

/** A number above 0, and below a limit. */
function above0(flag: string, text: string, expected: string, below = Number.POSITIVE_INFINITY): number {
  const value = Number(text)
  if (text.trim() !== '' && value > 0 && value < below) return value
  throw new UserError({ where: flag, problem: 'invalid', value: `"${text}"`, expected })
}

/** The address of a folder in S3-compatible storage. @throws UserError `invalid` for another */
export function storageAddress(text: string): string {
  const [address] = /^s3:\/\/[^/]+\/.*[^/]/i.exec(text) ?? []
  if (address !== undefined) return address
  throw new UserError({ where: '--storage', problem: 'invalid', value: text, expected: 's3://BUCKET/FOLDER' })
}

/** A value that may be given once, as it is. @throws UserError `duplicate` for a second one */
export const once =
  (flag: string) =>
  (text: string, before: string | undefined): string => {
    if (before === undefined) return text
    const hint = 'ask for one after the other'
    throw new UserError({
      where: flag,
      problem: 'duplicate',
      value: `"${text}" after "${before}"`,
      expected: 'one',
      hint,
    })
  }

/**
 * Ids, separated by commas; one with a comma or with spaces around it stands in double quotes, which are doubled in it.
 * @throws UserError `invalid` where there is no id, or an empty one
 */
export function idList(flag: string, text: string): string[] {
  const ids: string[] = []
  const next = /\s*(?:"((?:[^"]|"")*)"|([^",][^,]*))\s*(?:,(?=.)|$)/gsy
  while (ids.length === 0 || next.lastIndex < text.length) {
    const [found, quoted, plain = ''] = next.exec(text) ?? []
    const id = quoted?.replaceAll('""', '"') ?? plain.trim()
    if (found === undefined || id === '') {
      const expected = 'ids of items, separated by commas; an id that has a comma stands in double quotes'
      throw new UserError({ where: flag, problem: 'invalid', value: `"${text}"`, expected })
    }
    ids.push(id)
  }
  return ids
}

/** A share in [0, 1). @throws UserError `invalid`, naming the flag */
export function share(flag: string, text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= 0 && value < 1) return value
  throw new UserError({ where: flag, problem: 'invalid', value: `"${text}"`, expected: 'a share from 0 to below 1' })
}
