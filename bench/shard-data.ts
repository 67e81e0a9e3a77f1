/** @file The dataset of the bench `shard`, made in a process of its own: ids alone, the last events of each user. */
import { join } from 'node:path'
import { prepareDataset } from '../src/prepare/prepare.ts'
import { type LogSizes, logFiles, makeLog } from './kuaishou-data.ts'

const mapping = { behaviors: ['click', 'favorite'], target: 'favorite', candidates: 'all' as const }

async function made(folder: string, sizes: LogSizes): Promise<string> {
  const log = join(folder, 'log')
  await makeLog(log, sizes)
  const { events, items } = logFiles(log)
  const out = join(folder, 'data')
  await prepareDataset({ events, items, mapping, out, threads: 1 })
  return out
}

const [folder, sizes] = process.argv.slice(2)
if (process.send && folder && sizes) {
  process.send(await made(folder, JSON.parse(sizes) as LogSizes))
  process.disconnect()
}
