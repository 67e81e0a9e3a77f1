/** @file Opens what a mapping or the command line names: files, or rows of a database. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Mapping } from '../mapping.ts'
import { type LogFiles, listFiles, openFiles } from './log-files.ts'
import { copyRows } from './postgres-rows.ts'
import type { SourceRequest } from './source.ts'

/**
 * Opens the rows of a section of a mapping: files of the command line, else those of the mapping, else a database's.
 * @returns undefined where nothing is named
 * @throws UserError as opening files and reading a database do
 */
export async function openRows(
  request: SourceRequest,
  mapping: Mapping,
  section: 'events' | 'items' | 'users',
): Promise<LogFiles | undefined> {
  const { db } = request
  const given = section === 'users' ? [] : request[section]
  const { files, database, table, query, ...layout } = mapping[section]
  if (given.length === 0 && database !== undefined) {
    // Messages say where a bad row is by the name of its file.
    const name = table === undefined ? `query of ${section}` : `table ${table.replaceAll(/[/\\\0]/g, '_')}`
    const folder = await db.temporaryFile('')
    mkdirSync(folder)
    const file = join(folder, name)
    await copyRows({ database, table, query }, file, `${request.mappingName} ${section}.database`)
    const rows = await openFiles(db, [file], { format: 'csv' })
    return { ...rows, rowOf: (_, record) => Promise.resolve(record + 1) }
  }
  const found = await listFiles(db, given.length > 0 ? given : [files ?? []].flat())
  return found.length === 0 ? undefined : openFiles(db, found, layout)
}
