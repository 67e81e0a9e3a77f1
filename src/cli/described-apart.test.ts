import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { describedApart } from './described-apart.ts'

const folder = mkdtempSync(join(tmpdir(), 'siftrec-described-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A command line that prints its arguments, and notes each run; it fails while there is no data. */
const script = join(folder, 'command.mjs')
const [data, runs] = [join(folder, 'data'), join(folder, 'runs')]
writeFileSync(
  script,
  `import { appendFileSync, existsSync } from 'node:fs'
appendFileSync(${JSON.stringify(runs)}, 'x')
if (!existsSync(process.argv[3])) process.exit(2)
console.log(JSON.stringify({ name: process.argv.slice(2).join(' '), findings: [] }))`,
)
const timesRun = (): number => (existsSync(runs) ? readFileSync(runs, 'utf8').length : 0)

describe('describedApart', () => {
  it('asks our own command once, however many ask, and again after a failure', async () => {
    const described = describedApart(data, [script])
    expect(timesRun()).toBe(0)
    await expect(described()).rejects.toThrow(/Command failed/)
    writeFileSync(data, '')
    const [first, second] = await Promise.all([described(), described()])
    expect(first.name).toBe(`describe ${data} --json`)
    expect(second).toBe(first)
    expect(await described()).toBe(first)
    expect(timesRun()).toBe(2)
  })
})
