import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import { buildFolder, makeFolder, recoverFolder } from './folders.ts'

const allow = (): void => undefined
/** Builds a folder of one file. */
const build = (text: string) => (folder: string) => {
  writeFileSync(join(folder, 'file'), text)
  return Promise.resolve(text)
}
const fileIn = (folder: string): string => readFileSync(join(folder, 'file'), 'utf8')

describe('buildFolder', () => {
  it('makes a folder, replaces it, and leaves nothing beside it', async () => {
    using place = temporaryFolder()
    const out = join(place.path, 'deep', 'out')
    expect(await buildFolder(out, allow, build('first'))).toBe('first')
    await buildFolder(out, allow, build('second'))
    expect(fileIn(out)).toBe('second')
    expect(readdirSync(join(place.path, 'deep'))).toEqual(['out'])
  })

  it('leaves what was there after an error, and when it may not be replaced', async () => {
    using place = temporaryFolder()
    const out = join(place.path, 'out')
    await buildFolder(out, allow, build('first'))
    await expect(buildFolder(out, allow, () => Promise.reject(new Error('half')))).rejects.toThrow('half')
    const refuse = (): never => {
      throw new Error('never this')
    }
    await expect(buildFolder(out, refuse, build('second'))).rejects.toThrow('never this')
    expect(fileIn(out)).toBe('first')
    expect(readdirSync(place.path)).toEqual(['out'])
  })

  it('fills an empty folder, asking nobody', async () => {
    using place = temporaryFolder()
    const out = join(place.path, 'out')
    mkdirSync(out)
    await buildFolder(out, () => Promise.reject(new Error('asked')), build('first'))
    expect(fileIn(out)).toBe('first')
  })

  it('leaves folders of names like its own alone', async () => {
    using place = temporaryFolder()
    const out = join(place.path, 'out')
    for (const theirs of ['partial', 'old', 'new']) {
      mkdirSync(`${out}.${theirs}`)
      writeFileSync(join(`${out}.${theirs}`, 'file'), 'theirs')
    }
    await buildFolder(out, allow, build('first'))
    await buildFolder(out, allow, build('second'))
    expect(['partial', 'old', 'new'].map((theirs) => fileIn(`${out}.${theirs}`))).toEqual([
      'theirs',
      'theirs',
      'theirs',
    ])
  })

  it('refuses the second of two at once', async () => {
    using place = temporaryFolder()
    const out = join(place.path, 'out')
    const nested = (): Promise<string> => buildFolder(out, allow, build('second'))
    await expect(buildFolder(out, allow, nested)).rejects.toThrow(/out: busy: process \d+ is writing it/)
    expect(readdirSync(place.path)).toEqual([])
  })

  it('goes on where a kill left the old folder, and what was built, beside the place', async () => {
    using place = temporaryFolder()
    const out = join(place.path, 'out')
    const kill = async (): Promise<void> => {
      await buildFolder(out, allow, build('first'))
      renameSync(out, join(place.path, '.out.siftrec-old'))
      mkdirSync(join(place.path, '.out.siftrec-new'))
      writeFileSync(join(place.path, '.out.siftrec-new', 'torso'), '')
    }
    await kill()
    await recoverFolder(out)
    expect(fileIn(out)).toBe('first')
    await kill()
    await buildFolder(out, (folder) => expect(fileIn(folder)).toBe('first'), build('second'))
    expect(fileIn(out)).toBe('second')
    expect(readdirSync(place.path)).toEqual(['out'])
  })

  it('fills the folder that a link leads to, and keeps the link', async () => {
    using place = temporaryFolder()
    const [out, link] = [join(place.path, 'out'), join(place.path, 'link')]
    mkdirSync(out)
    symlinkSync(out, link)
    await buildFolder(link, allow, build('first'))
    expect(fileIn(out)).toBe('first')
    symlinkSync(join(place.path, 'nowhere'), join(place.path, 'lost'))
    await expect(buildFolder(join(place.path, 'lost'), allow, build('first'))).rejects.toThrow(
      /lost: invalid: a link that leads nowhere/,
    )
  })
})

describe('makeFolder', () => {
  it('says in a sentence what is in the way', async () => {
    using place = temporaryFolder()
    const file = place.write({ afile: '' })
    expect(() => makeFolder(join(file, 'x'))).toThrow(/afile\/x: invalid: a part of the path is a file.*\(ENOTDIR\)/)
    expect(() => makeFolder(file)).toThrow(/afile: invalid: something else has that name \(EEXIST\)/)
    await expect(buildFolder(join(file, 'x'), allow, build(''))).rejects.toThrow(/a part of the path is a file/)
  })

  it.skipIf(!existsSync('/proc/self'))('returns from where nothing can be made', () => {
    expect(() => makeFolder('/proc/x/y')).toThrow(/\/proc\/x\/y: invalid: .*\(E\w+\)/)
  })
})
