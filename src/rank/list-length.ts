/** @file How long a list may be. */
import { UserError } from '../errors.ts'

/** @throws UserError `invalid` for a length that is not a whole number from 1: such a list would be empty */
export function checkTop(top: number): void {
  if (!Number.isInteger(top) || top < 1)
    throw new UserError({ where: 'top', problem: 'invalid', value: `${top}`, expected: 'a whole number from 1' })
}
