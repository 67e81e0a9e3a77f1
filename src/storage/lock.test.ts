import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type TemporaryFolder, temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import { takeLock, waitForLock } from './lock.ts'

const ownerOf = (path: string): number => (JSON.parse(readFileSync(path, 'utf8')) as { process: number }).process
const pause = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds))
const endOf = (child: ChildProcess): Promise<void> => new Promise((ended) => child.on('close', () => ended()))
/** Starts a process that takes the lock of a folder so many times, and tells in a file when it comes and goes. */
function startHolder(
  folder: TemporaryFolder,
  times: number,
  milliseconds = 50,
): { child: ChildProcess; end: Promise<void> } {
  const script = folder.write({
    'holder.mts': `
      import { appendFileSync } from 'node:fs'
      import { setTimeout as sleep } from 'node:timers/promises'
      import { waitForLock } from ${JSON.stringify(resolve('src/storage/lock.ts'))}
      for (let turn = 0; turn < ${times}; turn++) {
        await using _ = await waitForLock('lock')
        appendFileSync('told', process.pid + ' comes\\n')
        await sleep(${milliseconds})
        appendFileSync('told', process.pid + ' goes\\n')
      }`,
  })
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), script], {
    cwd: folder.path,
    stdio: 'inherit',
  })
  return { child, end: endOf(child) }
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
      await using _ = await waitForLock(path)
      expect(ownerOf(path)).toBe(process.pid)
      expect(readdirSync(folder.path)).toEqual(['lock'])
    }
    expect(readdirSync(folder.path)).toEqual([])
  })

  it('is held by one of two calls of one process', async () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'lock')
    const first = await waitForLock(path)
    let taken = false
    const second = waitForLock(path).then((lock) => {
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
    await Promise.all([startHolder(folder, 20, 5).end, startHolder(folder, 20, 5).end, startHolder(folder, 20, 5).end])
    expect(turnsOf(folder)).toHaveLength(60)
    expect(readdirSync(folder.path).sort()).toEqual(['holder.mts', 'told'])
  })

  it('refuses the second of two that do not wait, naming the process that holds it', async () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'lock')
    {
      await using _ = await takeLock(path, 'runs/a')
      const told = new RegExp(`^runs/a: busy: process ${process.pid} is writing it, expected one command at a time`)
      await expect(takeLock(path, 'runs/a')).rejects.toThrow(told)
    }
    await using _ = await takeLock(path, 'runs/a')
  })

  it('is waited for while its owner lives, and taken from a dead one', async () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'lock')
    const other = startHolder(folder, 1, 60_000)
    while (!existsSync(join(folder.path, 'told'))) await pause(20)
    await expect(takeLock(path, 'a')).rejects.toThrow(`busy: process ${other.child.pid} is`)
    let taken = false
    const waiting = waitForLock(path).then((lock) => {
      taken = true
      return lock
    })
    await pause(500)
    expect(taken).toBe(false)
    other.child.kill('SIGKILL')
    await other.end
    await using _ = await waiting
    expect(ownerOf(path)).toBe(process.pid)
  })

  it('left by a dead owner goes to one of two processes that want it, and then to the other', async () => {
    using folder = temporaryFolder()
    folder.write({ lock: '{"process":4194305,"host":"of a process that is gone"}' })
    await Promise.all([startHolder(folder, 1).end, startHolder(folder, 1).end])
    expect(new Set(turnsOf(folder)).size).toBe(2)
  })

  it('ends a wait that was stopped, without it', async () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'lock')
    await using _ = await waitForLock(path)
    const stop = new AbortController()
    const waiting = waitForLock(path, stop.signal)
    stop.abort()
    await (await waiting)[Symbol.asyncDispose]()
    expect(ownerOf(path)).toBe(process.pid)
  })
})
