/** @file One preparation in a process of its own, whose peak memory is read at its end. */
import { fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type PrepareOptions, prepareDataset } from '../src/prepare/prepare.ts'

interface Preparation {
  readonly seconds: number
  /** Of all cores together. */
  readonly processorSeconds: number
  readonly gigabytes: number
}

/** Prepares `events.csv`, and `items.csv` if it is there, by `shop.yaml` of a folder into `data` there. */
export function prepareApart(
  folder: string,
  options: Pick<PrepareOptions, 'partitions' | 'memoryLimit'> = {},
): Promise<Preparation> {
  const child = fork(fileURLToPath(import.meta.url), [folder, JSON.stringify(options)], { execArgv: process.execArgv })
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as Preparation))
    child.once('exit', (code) => reject(new Error(`the preparation ended with ${code}`)))
  })
}

const [work, options] = process.argv.slice(2)
if (process.send && work && options) {
  const started = performance.now()
  const [events = '', items = '', mapping = '', out = ''] = ['events.csv', 'items.csv', 'shop.yaml', 'data'].map(
    (name) => join(work, name),
  )
  await prepareDataset({ events, ...(existsSync(items) && { items }), mapping, out, ...JSON.parse(options) })
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
  process.send({
    seconds: (performance.now() - started) / 1e3,
    processorSeconds: (userCPUTime + systemCPUTime) / 1e6,
    gigabytes: (maxRSS * 1024) / 1e9,
  } satisfies Preparation)
  process.disconnect()
}
