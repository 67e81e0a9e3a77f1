import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { command, start } from './fixtures/siftrec.ts'

/** The files that a command loads, its packages' among them: node writes down what it ran. */
async function filesLoaded(args: readonly string[]): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'siftrec-start-'))
  const through = ['env', `NODE_V8_COVERAGE=${join(folder, 'loaded')}`, ...command]
  const { code } = await start(args, { cwd: folder, through }).ended
  expect(code).toBe(args[0] === 'describe' ? 2 : 0)
  const [written = ''] = readdirSync(join(folder, 'loaded'))
  const { result } = JSON.parse(readFileSync(join(folder, 'loaded', written), 'utf8')) as { result: { url: string }[] }
  rmSync(folder, { recursive: true })
  return result.map(({ url }) => url).filter((url) => url.startsWith('file:'))
}

describe('a start', () => {
  // A file takes a millisecond to find and read, and packages have hundreds.
  it.each([
    ['--version', 15],
    ['models', 40],
    ['describe nothing', 50],
    ['--help', 150],
  ])('of siftrec %s reads a few files', async (line, most) => {
    const files = await filesLoaded(line.split(' '))
    expect(files.length).toBeGreaterThan(0)
    expect(files.length).toBeLessThanOrEqual(most)
  })
})
