/** @file What messages call a server: its address without user, password and options. */
import { UserError } from '../errors.ts'

/** The scheme of an address, such as `redis:`; undefined without one. */
export const schemeOf = (address: string): string | undefined => /^[a-z][a-z0-9+.-]*:/i.exec(address)?.[0]

/**
 * The name of a server in messages.
 * @param where what the address was given for
 * @throws UserError `invalid` for an address that cannot be read, which is not shown: it may have a password
 */
export function serverPlace(where: string, kind: string, address: string): string {
  try {
    const { host, pathname, username, password } = new URL(address)
    // Clients decode them, and their errors would show them.
    decodeURIComponent(username + password + pathname)
    return `${kind} at ${host || 'localhost'}${pathname === '/' ? '' : pathname}`
  } catch {
    throw new UserError({
      where,
      problem: 'invalid',
      value: `an address of ${kind} that cannot be read`,
      expected: `${kind}://USER:PASSWORD@HOST:PORT/DATABASE`,
      hint: 'signs such as @ and / in a password are written %40 and %2F',
    })
  }
}
