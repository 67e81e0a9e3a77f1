import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../../test/fixtures/prepared-files.ts'
import { lockPath } from './path-lock.ts'

describe('a lock', () => {
  it('is held while it is in use, and gone after', async () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'lock')
    {
      await using _ = await lockPath(path)
      expect(readFileSync(path, 'utf8')).toBe(String(process.pid))
    }
    expect(existsSync(path)).toBe(false)
  })

  it('is waited for while its owner lives, and taken from a dead one', async () => {
    using folder = temporaryFolder()
    const other = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'])
    const path = folder.write({ lock: String(other.pid) })
    let taken = false
    const waiting = lockPath(path).then((lock) => {
      taken = true
      return lock
    })
    await new Promise((resolve) => setTimeout(resolve, 700))
    expect(taken).toBe(false)
    const gone = new Promise((resolve) => other.on('close', resolve))
    other.kill('SIGKILL')
    await gone
    await using _ = await waiting
    expect(readFileSync(path, 'utf8')).toBe(String(process.pid))
  })

  it('ends a wait that was stopped, without it', async () => {
    using folder = temporaryFolder()
    const path = folder.write({ lock: String(process.ppid) })
    await using _ = await lockPath(path, AbortSignal.abort())
    expect(readFileSync(path, 'utf8')).toBe(String(process.ppid))
  })
})
