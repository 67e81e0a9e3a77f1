import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadDataset } from '../dataset/load.ts'
import { prepareDataset } from '../prepare/prepare.ts'
import { accidentalOf, readTruth, simulateShop } from './shop.ts'
import { shopBytes, shopDefaults } from './world.ts'

const settings = { users: 60, items: 240, sessions: 6, seed: 5 }
let folder: string
const shop = (name: string): string => join(folder, name)

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'shop-'))
  await simulateShop(shop('first'), settings)
})
afterAll(() => rmSync(folder, { recursive: true }))

const filesOf = (name: string): Map<string, string> => {
  const names = readdirSync(shop(name), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return new Map(names.map((entry) => [entry.name, readFileSync(join(entry.parentPath, entry.name), 'base64')]))
}

describe('the simulated shop', () => {
  it('is the same to the byte for one seed, and another for another', async () => {
    await simulateShop(shop('again'), settings)
    await simulateShop(shop('other'), { ...settings, seed: 6 })
    expect(filesOf('again')).toEqual(filesOf('first'))
    expect(filesOf('other').get('events.csv')).not.toBe(filesOf('first').get('events.csv'))
  })

  it('refuses to write over a folder', async () => {
    await expect(simulateShop(shop('first'), settings)).rejects.toThrow(/duplicate: the folder already exists/)
  })

  it('plants the shares it was asked for', () => {
    const { items, accidental } = readTruth(shop('first'))
    expect(items.filter(({ wrongPicture }) => wrongPicture)).toHaveLength(48)
    expect(items.every(({ style, pictured, wrongPicture }) => (style === pictured) !== wrongPicture)).toBe(true)
    const clicks = readFileSync(join(shop('first'), 'events.csv'), 'utf8')
      .split('\n')
      .filter((line) => line.includes(',click,')).length
    expect(Math.abs(accidental.length / clicks - 0.3)).toBeLessThan(0.04)
  })

  it('has its truth beside a dataset prepared from it', async () => {
    const files = {
      events: join(shop('first'), 'events.csv'),
      items: join(shop('first'), 'items.csv'),
      mapping: join(shop('first'), 'shop.yaml'),
    }
    await prepareDataset({ ...files, out: shop('prepared') })
    const dataset = await loadDataset(shop('prepared'))
    const truth = readTruth(shop('first'))
    const accidental = accidentalOf(dataset, truth)
    expect(accidental.reduce((sum, one) => sum + one, 0)).toBe(truth.accidental.length)
    expect([...accidental].every((one, row) => one === 0 || dataset.events.behavior[row] === 0)).toBe(true)
  })

  it('lets clicks follow pictures and favorites follow topics of the user’s taste, and accidents neither', () => {
    const { items, users, accidental } = readTruth(shop('first'))
    const itemOf = new Map(items.map((item) => [item.id, item]))
    const userOf = new Map(users.map((user) => [user.id, user]))
    const slips = new Set(accidental.map((event) => event.join()))
    const shares = { click: [0, 0], favorite: [0, 0], slip: [0, 0] } as Record<string, [number, number]>
    for (const line of readFileSync(join(shop('first'), 'events.csv'), 'utf8')
      .trim()
      .split('\n')
      .slice(1)) {
      const [user, item, behavior, time] = line.split(',') as [string, string, string, string]
      const { styles, topics } = userOf.get(user)!
      const { pictured, topic } = itemOf.get(item)!
      const share = shares[slips.has([user, item, time].join()) ? 'slip' : behavior]!
      share[0] += (behavior === 'click' ? styles.includes(pictured) : topics.includes(topic)) ? 1 : 0
      share[1]++
    }
    const rate = (name: string): number => shares[name]![0] / shares[name]![1]
    // By chance two of ten styles or topics would be met 20 % of the time.
    expect(rate('click')).toBeGreaterThan(0.6)
    expect(rate('favorite')).toBeGreaterThan(0.7)
    expect(rate('slip')).toBeLessThan(0.35)
  })

  it('says how much memory a large one takes, as measured: 478 MB for 660,000 events', () => {
    expect(shopBytes({ ...shopDefaults, users: 20_000, sessions: 6 }) / 478e6).toBeCloseTo(1, 1)
    expect(shopBytes({ ...shopDefaults, users: 5000, sessions: 6 }) / 242e6).toBeCloseTo(1, 1)
  })

  it('says so when the truth was cut short', () => {
    mkdirSync(shop('cut'))
    writeFileSync(join(shop('cut'), 'truth.json'), '{"items": [')
    expect(() => readTruth(shop('cut'))).toThrow(/truth.json: corrupted/)
  })

  it('refuses a link to nowhere, and leaves nothing', async () => {
    symlinkSync(shop('nowhere'), shop('link'))
    await expect(simulateShop(shop('link'), settings)).rejects.toThrow(/link: invalid: a link that leads nowhere/)
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([])
  })

  it('has a name for a folder that is no shop', () => {
    expect(() => readTruth(folder)).toThrow(/truth.json/)
  })
})
