import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import { prepareDataset } from '../prepare/prepare.ts'
import { literal, openDatabase } from '../storage/duckdb.ts'
import { hashFile } from '../storage/file-hash.ts'
import { encodeSafetensors } from '../storage/safetensors.ts'
import { sealed, unsealed } from './hashes.ts'
import { loadDataset } from './load.ts'
import type { Manifest } from './schema.ts'

/** A dataset of two items with text features of width 2, in a folder of its own. */
async function prepared() {
  const folder = temporaryFolder()
  const events = folder.write({ 'log.csv': 'user,item,time\nu,a,1\nu,b,2\n' })
  const out = join(folder.path, 'out')
  const table = { width: 2, vectors: Float32Array.of(0, 0, 1, 2, 3, 4), present: Uint8Array.of(0, 1, 1) }
  await prepareDataset({
    events,
    out,
    mapping: { filters: { minimumEventsPerUser: 0 } },
    features: () => Promise.resolve({ text: { encoder: 'test', table, broken: [] } }),
  })
  return { folder, out, file: (name: string) => join(out, name) }
}

/** Replaces the features and makes the manifest agree with the new file. */
async function replaceFeatures(out: string, vectors: number[], width: number): Promise<void> {
  const path = join(out, 'features.safetensors')
  const text = { shape: [3, width], data: Float32Array.from(vectors) }
  writeFileSync(path, encodeSafetensors({ text, 'text.present': { shape: [3], data: Uint8Array.of(0, 1, 1) } }))
  const manifest = unsealed(readFileSync(join(out, 'manifest.json'), 'utf8')) as Manifest
  manifest.files['features.safetensors'] = await hashFile(path)
  writeFileSync(join(out, 'manifest.json'), sealed(manifest))
}

describe('load', () => {
  it('reads what was prepared', async () => {
    const { folder, out } = await prepared()
    using _ = folder
    const dataset = await loadDataset(out)
    expect(dataset.hash).toMatch(/^[0-9a-f]{64}$/)
    expect([...dataset.events.item]).toEqual([1, 2])
    expect(dataset.features.text?.vectors).toEqual(Float32Array.of(0, 0, 1, 2, 3, 4))
  })

  it('is another dataset, by its hash, with another target or other candidates', async () => {
    const { folder, out, file } = await prepared()
    using _ = folder
    const whole = readFileSync(file('manifest.json'), 'utf8')
    const hashWith = async (changed: Partial<Manifest>): Promise<string> => {
      writeFileSync(file('manifest.json'), sealed({ ...(unsealed(whole) as Manifest), ...changed }))
      return (await loadDataset(out)).hash
    }
    const hashes = [
      await hashWith({}),
      await hashWith({ candidates: 'all' }),
      await hashWith({ target: 'buy' }),
      await hashWith({ behaviors: ['view'] }),
    ]
    expect(new Set(hashes).size).toBe(4)
    expect(await hashWith({ name: 'by another name' })).toBe(hashes[0])
  })

  it('refuses a file that changed, and one that is gone', async () => {
    const { folder, out, file } = await prepared()
    using _ = folder
    writeFileSync(file('users.parquet'), 'something else')
    await expect(loadDataset(out)).rejects.toThrow(
      /users\.parquet: corrupted: SHA-256 [0-9a-f]{12}\.\.\., expected [0-9a-f]{12}/,
    )
    rmSync(file('users.parquet'))
    await expect(loadDataset(out)).rejects.toThrow(/users\.parquet: missing/)
  })

  it('refuses a folder that is not a dataset', async () => {
    const { folder, out, file } = await prepared()
    using _ = folder
    writeFileSync(file('manifest.json'), '{"format":"other"}')
    await expect(loadDataset(out)).rejects.toThrow(/manifest\.json: corrupted: it was changed/)
    await expect(loadDataset(folder.path)).rejects.toThrow(/missing: no manifest\.json: this is not a prepared dataset/)
    await expect(loadDataset(join(out, 'none'))).rejects.toThrow(/none: missing: no such dataset/)
  })

  it('refuses features of the wrong width or with NaN', async () => {
    const { folder, out } = await prepared()
    using _ = folder
    await replaceFeatures(out, [0, 0, 0, 1, 2, 3, 4, 5, 6], 3)
    await expect(loadDataset(out)).rejects.toThrow(
      /^out\/features\.safetensors text: mismatched: width 3, expected width 2/,
    )
    await replaceFeatures(out, [0, 0, 1, 2, Number.NaN, 4], 2)
    await expect(loadDataset(out)).rejects.toThrow(
      /^out\/features\.safetensors text, item 2: invalid: NaN, expected finite numbers$/,
    )
  })

  it.each<[changed: Partial<Manifest['counts']>, told: string]>([
    [{ events: 3 }, 'events.parquet: corrupted: 2 rows of 3'],
    [{ events: 1 }, 'events.parquet: corrupted: more than 1 rows'],
    [{ items: 1 }, 'events.parquet: corrupted: row 2, of user 1 and item 2'],
    [{ users: 2 }, 'users.parquet: corrupted: 1 rows of 2'],
  ])('refuses a manifest that promises %j, though it is sealed', async (changed, told) => {
    const { folder, out, file } = await prepared()
    using _ = folder
    const manifest = unsealed(readFileSync(file('manifest.json'), 'utf8')) as Manifest
    writeFileSync(file('manifest.json'), sealed({ ...manifest, counts: { ...manifest.counts, ...changed } }))
    await expect(loadDataset(out)).rejects.toThrow(told)
  })

  it.each([
    ['SELECT 1 AS something', 'its columns are not those of a prepared dataset'],
    ["SELECT 'u' AS user, 1 AS item, 0 AS behavior, 0 AS time, 0 AS role FROM range(2)", 'its columns are not those'],
    [
      'SELECT 1 AS user, NULL AS item, 0 AS behavior, 0 AS time, 0 AS role FROM range(2)',
      'row 1, of user 1 and item 0',
    ],
    [
      "SELECT 1 AS user, 1 AS item, 0 AS behavior, 'nan'::DOUBLE AS time, 0 AS role FROM range(2)",
      'row 1, without a time',
    ],
    ['SELECT 1 AS user, 1 AS item, 7 AS behavior, 0 AS time, 0 AS role FROM range(2)', 'a behavior that the manifest'],
    ['SELECT 1 AS user, 1 AS item, 0 AS behavior, -range AS time, 0 AS role FROM range(2)', 'row 2, out of order'],
  ])('refuses a table of another shape, though it is signed: %s', async (select, told) => {
    const { folder, out, file } = await prepared()
    using _ = folder
    using db = await openDatabase()
    await db.run(`COPY (${select}) TO ${literal(file('events.parquet'))} (FORMAT parquet)`)
    const manifest = unsealed(readFileSync(file('manifest.json'), 'utf8')) as Manifest
    manifest.files['events.parquet'] = await hashFile(file('events.parquet'))
    writeFileSync(file('manifest.json'), sealed(manifest))
    await expect(loadDataset(out)).rejects.toThrow(`events.parquet: corrupted: ${told}`)
  })

  it('refuses a manifest with any digit changed', async () => {
    const { folder, out, file } = await prepared()
    using _ = folder
    const text = readFileSync(file('manifest.json'), 'utf8')
    for (const { index } of text.matchAll(/\d/g)) {
      const digit = text[index] === '7' ? '8' : '7'
      writeFileSync(file('manifest.json'), `${text.slice(0, index)}${digit}${text.slice(index + 1)}`)
      await expect(loadDataset(out)).rejects.toThrow(/manifest\.json: corrupted/)
    }
  })
})
