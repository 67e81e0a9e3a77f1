/** @file The only importer of the client of PostgreSQL. */
import type { Options, PostgresType, Sql } from 'postgres'

export type { PostgresError, Sql } from 'postgres'

/** Makes a client, which connects when it is first asked something. */
export type MakeClient = (url: string, options: Options<Record<string, PostgresType>>) => Sql

/** Loads the client on first use: most commands need none. */
export async function loadPostgres(): Promise<MakeClient> {
  const { default: postgres } = await import('postgres')
  return (url, options) =>
    postgres(url, {
      // By default each new connection asks the server for its kinds of arrays, and nobody hears of it where that
      // question fails: a rejection without a handler, which ends the process.
      fetch_types: false,
      onnotice: () => undefined,
      ...options,
    })
}
