/** @file Works in processes of their own: what each takes is not mixed with what another took before. */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** What a file of this folder, started with some words, sends at its end. */
export function inProcess<Result>(file: string, words: readonly string[]): Promise<Result> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), words, { execArgv: process.execArgv })
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as Result))
    child.once('exit', (code) => reject(new Error(`${file} ${words.join(' ')} ended with ${code}`)))
  })
}

/** What a work takes: seconds by the clock, and of the processor, all threads together; and memory at the peak. */
export interface Taken {
  readonly seconds: number
  readonly processorSeconds: number
  readonly peakGigabytes: number
}

/** Does a work, and tells what it took and what the whole process held at the peak. */
export async function taking<Result>(work: () => Promise<Result>): Promise<{ result: Result; taken: Taken }> {
  const [began, before] = [performance.now(), process.cpuUsage()]
  const result = await work()
  const { user, system } = process.cpuUsage(before)
  return {
    result,
    taken: {
      seconds: (performance.now() - began) / 1e3,
      processorSeconds: (user + system) / 1e6,
      peakGigabytes: (process.resourceUsage().maxRSS * 1024) / 1e9,
    },
  }
}
