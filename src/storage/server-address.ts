/** @file What messages call a server: its address without what is secret. */
import { UserError } from '../errors.ts'

/**
 * A server's address without user, password and options.
 * @param kind what the server is, such as `postgres`
 * @param where what has the address: an option, or a key of a mapping
 * @throws UserError `invalid` for an address that cannot be read, which is not shown
 */
export function placeOfServer(kind: string, address: string, where: string): string {
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
