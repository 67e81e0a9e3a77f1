import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { writeAtomically } from './atomic.ts'

const folder = mkdtempSync(join(tmpdir(), 'siftrec-atomic-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('writeAtomically', () => {
  it('replaces a file, also over what a killed process left, and leaves nothing beside it', async () => {
    const path = join(folder, 'a.json')
    writeFileSync(join(folder, '.a.json.siftrec-partial'), 'the torso of a longer file')
    await writeAtomically(path, 'first')
    await writeAtomically(path, Uint8Array.of(65, 66))
    expect(readFileSync(path, 'utf8')).toBe('AB')
    expect(readdirSync(folder)).toEqual(['a.json'])
  })

  it('says which file cannot be written', async () => {
    await expect(writeAtomically(join(folder, 'nowhere', 'b.json'), '')).rejects.toThrow(
      /nowhere\/b\.json: invalid: there is no such file or folder \(ENOENT\)/,
    )
  })
})
