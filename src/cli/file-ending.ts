/** @file The kind of a file that a command writes, by how its name ends. */
import { extname } from 'node:path'
import { UserError } from '../errors.ts'

/** How a file's name ends, if it is one of these. @throws UserError `unsupported` for any other ending */
export function endingOf<Ending extends string>(file: string, endings: readonly Ending[]): Ending {
  const ending = extname(file).toLowerCase()
  const found = endings.find((one) => one === ending)
  if (found) return found
  const expected = `a file that ends in ${endings.join(', ')}`
  throw new UserError({ where: '--out', problem: 'unsupported', value: `"${file}"`, expected })
}
