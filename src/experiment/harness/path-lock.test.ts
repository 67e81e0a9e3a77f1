import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, linkSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type TemporaryFolder, temporaryFolder } from '../../../test/fixtures/prepared-files.ts'
import { lockPath } from './path-lock.ts'

const ownerOf = (path: string): number => Number.parseInt(readFileSync(path, 'utf8'), 10)
const pause = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds))
const endOf = (child: ChildProcess): Promise<void> => new Promise((ended) => child.on('close', () => ended()))
/** A lock of a process that is gone: no process has so high an id. */
const deadLock = '4194305 left'

/** Starts a process that takes the lock of a folder so many times, and tells in a file when it comes and goes. */
function startHolder(folder: TemporaryFolder, times: number): Promise<void> {
  const script = folder.write({
    'holder.mts': `
      import { appendFileSync } from 'node:fs'
      import { setTimeout as sleep } from 'node:timers/promises'
      import { lockPath } from ${JSON.stringify(resolve('src/experiment/harness/path-lock.ts'))}
      for (let turn = 0; turn < ${times}; turn++) {
        await using _ = await lockPath('lock')
        appendFileSync('told', process.pid + ' comes\\n')
        await sleep(50)
        appendFileSync('told', process.pid + ' goes\\n')
      }`,
  })
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), script], {
    cwd: folder.path,
    stdio: 'inherit',
  })
  return endOf(child)
}

/** Who came and went, in order. @throws Error when one came before another had gone */
function turnsOf(folder: TemporaryFolder): string[] {
  const lines = readFileSync(join(folder.path, 'told'), 'utf8').trim().split('\n')
  return lines.flatMap((line, at) => {
    const [owner = '', what] = line.split(' ')
    if (what !== (at % 2 === 0 ? 'comes' : 'goes') || (at % 2 === 1 && lines[at - 1] !== `${owner} comes`))
      throw new Error(`two at once: ${lines.join(', ')}`)
    return what === 'comes' ? [owner] : []
  })
}

describe('a lock', () => {
  it('is held while it is in use, and gone after, with all that helped to take it', async () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'lock')
    {
      await using _ = await lockPath(path)
      expect(ownerOf(path)).toBe(process.pid)
      expect(readdirSync(folder.path)).toEqual(['lock'])
    }
    expect(readdirSync(folder.path)).toEqual([])
  })

  it('is held by one of two calls of one process', async () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'lock')
    const first = await lockPath(path)
    let taken = false
    const second = lockPath(path).then((lock) => {
      taken = true
      return lock
    })
    await pause(700)
    expect(taken).toBe(false)
    await first[Symbol.asyncDispose]()
    // Released twice, it is the second's none the less.
    await using _ = await second
    await first[Symbol.asyncDispose]()
    expect(existsSync(path)).toBe(true)
  })

  it('is held by one of two processes at a time', async () => {
    using folder = temporaryFolder()
    await Promise.all([startHolder(folder, 3), startHolder(folder, 3)])
    expect(turnsOf(folder)).toHaveLength(6)
    expect(readdirSync(folder.path).sort()).toEqual(['holder.mts', 'told'])
  })

  it('is waited for while its owner lives, and taken from a dead one', async () => {
    using folder = temporaryFolder()
    const other = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'])
    const path = folder.write({ lock: `${other.pid} of another` })
    let taken = false
    const waiting = lockPath(path).then((lock) => {
      taken = true
      return lock
    })
    await pause(700)
    expect(taken).toBe(false)
    const gone = endOf(other)
    other.kill('SIGKILL')
    await gone
    await using _ = await waiting
    expect(ownerOf(path)).toBe(process.pid)
  })

  it('of a dead owner goes to one of two processes that want it, and then to the other', async () => {
    using folder = temporaryFolder()
    folder.write({ lock: deadLock })
    await Promise.all([startHolder(folder, 1), startHolder(folder, 1)])
    expect(new Set(turnsOf(folder)).size).toBe(2)
  })

  it('of an earlier process with this one’s id is taken', async () => {
    using folder = temporaryFolder()
    const path = folder.write({ lock: `${process.pid} of an earlier process` })
    await using _ = await lockPath(path)
    expect(readFileSync(path, 'utf8')).not.toContain('earlier')
  })

  it('of a dead owner is left to the process that has claimed it', async () => {
    using folder = temporaryFolder()
    const path = folder.write({ lock: deadLock })
    linkSync(path, `${path}.claim`)
    const stop = new AbortController()
    const waiting = lockPath(path, stop.signal)
    await pause(700)
    stop.abort()
    await (await waiting)[Symbol.asyncDispose]()
    expect(readFileSync(path, 'utf8')).toBe(deadLock)
  })

  it('ends a wait that was stopped, without it', async () => {
    using folder = temporaryFolder()
    const path = folder.write({ lock: `${process.ppid} of another` })
    await using _ = await lockPath(path, AbortSignal.abort())
    expect(readFileSync(path, 'utf8')).toBe(`${process.ppid} of another`)
  })
})
