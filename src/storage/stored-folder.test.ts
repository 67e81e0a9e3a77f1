import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import { type ObjectServer, startS3, stubStorage } from '../../test/fixtures/s3-server.ts'
import { openObjects } from './s3.ts'
import { putFolder, storedNames, takeFolder } from './stored-folder.ts'

describe('a folder in storage', () => {
  const place = temporaryFolder()
  let server: ObjectServer
  beforeAll(async () => {
    server = await startS3(join(place.path, 'objects'), false)
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
    place[Symbol.dispose]()
  })
  beforeEach(() => stubStorage(server))
  afterEach(() => {
    vi.unstubAllEnvs()
  })

  const names = ['model', 'more', 'done']
  const here = join(place.path, 'here')
  let puts = 0
  /** Puts a new folder there, and then changes something about it. */
  async function withPut(change: (file: (name: string) => string) => void = () => undefined) {
    const objects = await openObjects()
    const key = `folders/${++puts}`
    const address = `s3://shop/${key}`
    place.write({ 'there/model': 'm', 'there/more': '', 'there/done': 'd', 'there/.lock': 'not put' })
    await putFolder(objects, { folder: join(place.path, 'there'), address }, names)
    change((name) => server.file(`${key}/${name}`))
    rmSync(here, { recursive: true, force: true })
    return {
      objects,
      address,
      take: () => takeFolder(objects, { folder: here, address }),
      [Symbol.dispose]: () => objects[Symbol.dispose](),
    }
  }
  const texts = (): Record<string, string> =>
    Object.fromEntries(readdirSync(here).map((name) => [name, readFileSync(join(here, name), 'utf8')]))

  it('is put there file by file, and taken as it is', async () => {
    using put = await withPut()
    expect([...(await storedNames(put.objects, put.address))]).toEqual(names)
    expect(await put.take()).toBe(true)
    expect(texts()).toEqual({ model: 'm', more: '', done: 'd' })
    writeFileSync(join(here, 'own'), 'stays')
    writeFileSync(join(here, 'model'), 'of before')
    expect(await put.take()).toBe(true)
    expect(texts()).toEqual({ model: 'm', more: '', done: 'd', own: 'stays' })
  })

  it.each<[string, (file: (name: string) => string) => void]>([
    ['the list of its files, which is put last', (file) => rmSync(file('whole.json'))],
    ['a readable list', (file) => writeFileSync(file('whole.json'), '{"files":[{"name":"../model","sha256":""}]}')],
    ['one of its files', (file) => rmSync(file('more'))],
    ['the bytes that its list says', (file) => writeFileSync(file('more'), 'of another')],
  ])('counts as not there without %s, and leaves what is here alone', async (_, change) => {
    using put = await withPut(change)
    place.write({ 'here/model': 'own', 'here/done': 'own' })
    expect(await put.take()).toBe(false)
    expect(texts()).toEqual({ model: 'own', done: 'own' })
  })

  it('counts as not there after a put that did not end, whether one was there before or not', async () => {
    using put = await withPut()
    const there = join(place.path, 'there')
    writeFileSync(join(there, 'model'), 'a later one')
    for (const address of [put.address, `${put.address}-anew`]) {
      await expect(putFolder(put.objects, { folder: there, address }, ['model', 'absent'])).rejects.toThrow('ENOENT')
      expect(await takeFolder(put.objects, { folder: here, address })).toBe(false)
    }
  })

  it('that was never put there has no files', async () => {
    using objects = await openObjects()
    expect([...(await storedNames(objects, 's3://shop/folders/none'))]).toEqual([])
  })
})
