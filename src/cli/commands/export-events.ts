/** @file `siftrec export-events`: writes a store's events to a file, to prepare and train anew with them. */
import { existsSync } from 'node:fs'
import { Command } from 'commander'
import { UserError } from '../../errors.ts'
import { checkExportName } from '../event-export.ts'

/** `export-events STORE` */
export function exportEventsCommand(): Command {
  return new Command('export-events')
    .description('write the events that a service stored to a file that prepare --fresh reads')
    .argument('<store>', 'where they are kept: a folder, or a redis or postgres URL')
    .requiredOption('--out <file>', 'the file to write: .parquet, .csv or .jsonl')
    .action(async (address: string, { out }: { out: string }) => {
      checkExportName(out)
      refuseNewFolder(address)
      const say = (line: string): void => void process.stderr.write(`${line}\n`)
      const { openStore } = await import('../../store/open-store.ts')
      const { exportEvents } = await import('../event-export.ts')
      await using store = await openStore(address, say)
      const { events, forgotten, list } = await exportEvents(store, out)
      process.stdout.write(`${events} events in ${out}, ${forgotten} forgotten users in ${list}\n`)
      process.stdout.write(`next: siftrec prepare --fresh ${out}, with the options of the first time\n`)
    })
}

/** A misspelled folder would become an empty store. @throws UserError `missing` */
function refuseNewFolder(address: string): void {
  const path = address.replace(/^lmdb:/, '')
  if (/^[a-z][a-z0-9+.-]+:/i.test(path) || existsSync(path)) return
  throw new UserError({ where: path, problem: 'missing', value: 'no such store', expected: 'a folder with events' })
}
