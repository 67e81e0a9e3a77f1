import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import { loadDataset } from '../dataset/load.ts'
import { type PrepareOptions, prepareDataset } from './prepare.ts'

const log = 'user,item,time\nu,a,1\nu,b,2\n'
const mapping = { filters: { minimumEventsPerUser: 0 } }

/** A folder with a log in it, and how to prepare a dataset from the log. */
function place() {
  const folder = temporaryFolder()
  folder.write({ 'log.csv': log })
  const at = (...names: string[]): string => join(folder.path, ...names)
  const prepare = (out: string, more: Partial<PrepareOptions> = {}) =>
    prepareDataset({ events: at('log.csv'), mapping, out, overwrite: true, ...more })
  return { at, prepare, [Symbol.dispose]: () => folder[Symbol.dispose]() }
}

describe('prepare --overwrite', () => {
  it('replaces a dataset, with what runs computed from it, and fills an empty folder', async () => {
    using here = place()
    mkdirSync(here.at('out'))
    await here.prepare(here.at('out'), { overwrite: false })
    mkdirSync(here.at('out', 'offline'))
    writeFileSync(here.at('out', 'offline', 'sgp4sr-0.safetensors'), '')
    await here.prepare(here.at('out'))
    expect(existsSync(here.at('out', 'offline'))).toBe(false)
    await expect(here.prepare(here.at('out'), { overwrite: false })).rejects.toThrow(/already exists.*--overwrite/)
  })

  it('removes neither its own inputs, nor a stranger’s folder, nor a file', async () => {
    using here = place()
    await expect(here.prepare(here.at())).rejects.toThrow(/duplicate: the folder holds no dataset/)
    await expect(here.prepare(here.at('log.csv'))).rejects.toThrow(/duplicate: it is a file/)
    mkdirSync(here.at('photos'))
    writeFileSync(here.at('photos', 'cat.png'), 'mine')
    await expect(here.prepare(here.at('photos'))).rejects.toThrow(/the folder holds no dataset/)
    writeFileSync(here.at('photos', 'manifest.json'), '{"name":"an app"}')
    await expect(here.prepare(here.at('photos'))).rejects.toThrow(/the folder holds no dataset/)
    expect(readFileSync(here.at('photos', 'cat.png'), 'utf8')).toBe('mine')
    expect(readFileSync(here.at('log.csv'), 'utf8')).toBe(log)
  })

  it('removes no dataset with something else in it', async () => {
    using here = place()
    await here.prepare(here.at('out'))
    writeFileSync(here.at('out', 'notes.txt'), 'mine')
    await expect(here.prepare(here.at('out'))).rejects.toThrow(/duplicate: the folder also holds notes\.txt/)
    rmSync(here.at('out', 'notes.txt'))
    mkdirSync(here.at('out', 'offline'))
    writeFileSync(here.at('out', 'offline', 'notes.txt'), 'mine')
    await expect(here.prepare(here.at('out'))).rejects.toThrow(/also holds offline\/notes\.txt/)
  })

  it('removes no dataset that it reads from', async () => {
    using here = place()
    await here.prepare(here.at('out'))
    const events = here.at('out', 'events.parquet')
    await expect(here.prepare(here.at('out'), { events })).rejects.toThrow(/invalid: it holds .*events\.parquet/)
    await expect(here.prepare(here.at('out'), { events: here.at('*', 'events.parquet') })).rejects.toThrow(/it holds/)
    const features = Object.assign(() => Promise.resolve({}), { reads: [here.at('out', 'items.parquet')] })
    await expect(here.prepare(here.at('out'), { features })).rejects.toThrow(/it holds .*items\.parquet/)
    await expect(here.prepare(here.at('out'), { images: here.at('out') })).rejects.toThrow(/it holds/)
    expect((await loadDataset(here.at('out'))).manifest.counts.events).toBe(2)
  })

  it('leaves a stranger’s folders of names like its own alone', async () => {
    using here = place()
    for (const name of ['out.partial', 'out.old']) {
      mkdirSync(here.at(name))
      writeFileSync(here.at(name, 'file'), 'mine')
    }
    await here.prepare(here.at('out'))
    await here.prepare(here.at('out'))
    for (const name of ['out.partial', 'out.old']) expect(readFileSync(here.at(name, 'file'), 'utf8')).toBe('mine')
  })

  it('killed between its two renames, loses nothing: the next command finds the old dataset', async () => {
    using here = place()
    await here.prepare(here.at('out'))
    const kill = (): void => {
      cpSync(here.at('out'), here.at('.out.siftrec-new'), { recursive: true })
      renameSync(here.at('out'), here.at('.out.siftrec-old'))
    }
    kill()
    expect((await loadDataset(here.at('out'))).manifest.counts.events).toBe(2)
    kill()
    await expect(here.prepare(here.at('out'), { overwrite: false })).rejects.toThrow(/already exists/)
    kill()
    await here.prepare(here.at('out'))
    expect(existsSync(here.at('.out.siftrec-old'))).toBe(false)
    expect(existsSync(here.at('.out.siftrec-new'))).toBe(false)
  })

  it('is refused while another prepares the folder', async () => {
    using here = place()
    const both = await Promise.allSettled([here.prepare(here.at('out')), here.prepare(here.at('out'))])
    const refused = both.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []))
    expect(refused).toEqual([expect.stringMatching(/out: busy: process \d+ is writing it/)])
    await loadDataset(here.at('out'))
  })
})
