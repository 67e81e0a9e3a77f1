/**
 * @file Loaded before a command: kills its process at the SIFTREC_KILL_AT-th change of the file system, or counts the
 * changes into the file SIFTREC_COUNT_IN. A kill at a write leaves half of it.
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { env } from 'node:process'

const at = Number(env['SIFTREC_KILL_AT'] ?? 0)
let changes = 0

/** Counts a change that is to come, and kills the process instead of it when its turn has come. */
function count(half?: () => void): void {
  if (++changes !== at) return
  half?.()
  process.kill(process.pid, 'SIGKILL')
}

type Callable = (...args: unknown[]) => unknown

/** Counts every call of some functions of an object. */
function watch(holder: Record<string, Callable>, names: readonly string[]): void {
  for (const name of names) {
    const real = holder[name] as Callable
    holder[name] = function (this: unknown, ...args: unknown[]): unknown {
      count()
      return real.apply(this, args)
    }
  }
}

/** The first half of what a write was given. */
function halfOf(content: unknown): string | Uint8Array {
  return typeof content === 'string' || content instanceof Uint8Array
    ? content.slice(0, Math.floor(content.length / 2))
    : ''
}

watch(fs as never, ['mkdirSync', 'renameSync', 'rmSync', 'fsyncSync', 'ftruncateSync'])
watch(fs.promises as never, ['open', 'mkdir', 'rename', 'rm'])
const { writeFileSync } = fs
fs.writeFileSync = (path, content, options) => {
  count(() => writeFileSync(path, halfOf(content)))
  writeFileSync(path, content, options)
}
const { writeSync } = fs
const example = await fs.promises.open(new URL(import.meta.url), 'r')
const handle = Object.getPrototypeOf(example) as Record<string, Callable>
await example.close()
const { writeFile } = handle
handle['writeFile'] = function (this: { fd: number }, ...args: unknown[]): unknown {
  count(() => writeSync(this.fd, halfOf(args[0]) as string))
  return (writeFile as Callable).apply(this, args)
}
watch(handle, ['sync'])
syncBuiltinESMExports()

const { SIFTREC_COUNT_IN: file } = env
if (file !== undefined) process.on('exit', () => writeFileSync(file, String(changes)))
changes = 0
