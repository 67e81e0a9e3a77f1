/** @file Where what is kept between commands lies: models that were fetched, vectors that were made. */
import { homedir } from 'node:os'
import { join } from 'node:path'

/** A folder of what is kept: in `SIFTREC_HOME` if that is set, else where the system has such files. */
export function keptFolder(what: 'models' | 'vectors', { env = process.env, home = homedir() } = {}): string {
  const { SIFTREC_HOME: own, XDG_CACHE_HOME: caches } = env
  return join(own ?? join(caches ?? join(home, '.cache'), 'siftrec'), what)
}
