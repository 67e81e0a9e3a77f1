import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { prepareFiles, temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import { pictureFinder } from './pictures.ts'

describe('pictures', () => {
  it('are found by name or by any extension, in folders and behind links', () => {
    using folder = temporaryFolder()
    folder.write({ 'images/1.jpg': 'x', 'images/more/2.png': 'x', 'elsewhere/3.png': 'x' })
    const images = join(folder.path, 'images')
    symlinkSync(join(folder.path, 'elsewhere'), join(images, 'linked'))
    symlinkSync(join(images, 'nowhere'), join(images, '4.png'))
    mkdirSync(join(images, '5.png'))
    mkdirSync(join(images, '6'))
    const find = pictureFinder(images)
    expect(['1.jpg', '1.*', 'more/2.*', 'linked/3.png', '4.*', '5.*', '6.*', '7.*'].map(find)).toEqual([
      '1.jpg',
      '1.jpg',
      'more/2.png',
      'linked/3.png',
      // Broken links and folders count as pictures that cannot be read.
      '4.png',
      '5.png',
      '',
      '',
    ])
  })

  it('are found where links lead in circles', () => {
    using folder = temporaryFolder()
    folder.write({ 'images/1.jpg': 'x', 'images/more/2.png': 'x' })
    const images = join(folder.path, 'images')
    for (const name of ['a', 'b', 'c', 'more/d', 'more/e']) symlinkSync(images, join(images, name))
    symlinkSync(join(images, 'more'), join(images, 'same'))
    const names = ['1.*', 'more/2.*', 'same/2.*', 'a/1.jpg']
    expect(names.map(pictureFinder(images))).toEqual(['1.jpg', 'more/2.png', 'same/2.png', ''])
  })

  it('are missed aloud where no file is an item’s', async () => {
    const files = { 'log.csv': 'user,item,time\nu,7,1700000000\n', 'items.csv': 'id\n7\n', 'images/seven.jpg': 'x' }
    const said = async (image: string): Promise<string[]> => {
      const lines: string[] = []
      const options = { events: 'log.csv', items: 'items.csv', images: 'images', mapping: { items: { image } } }
      await prepareFiles(files, { ...options, report: (line) => lines.push(line) })
      return lines.filter((line) => line.includes('pictures'))
    }
    expect(await said('{id}.*')).toEqual([
      expect.stringMatching(
        /^warning: pictures: no file in .*images is an item's \(the first item's would be "7\.\*"\); set/,
      ),
    ])
    expect(await said('seven.jpg')).toEqual([])
  })

  it('are in a folder', () => {
    using folder = temporaryFolder()
    const path = folder.write({ 'log.csv': 'x' })
    expect(() => pictureFinder(path)).toThrow(/log\.csv: invalid: not a folder, expected the folder of pictures$/)
    expect(() => pictureFinder(`${path}x`)).toThrow(/log\.csvx: missing: the folder of pictures does not exist$/)
  })
})
