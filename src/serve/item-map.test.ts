import { afterAll, describe, expect, it } from 'vitest'
import { memoryStore } from '../../test/fixtures/memory-store.ts'
import { temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import { shopDataset, trainServed } from '../../test/fixtures/served-shop.ts'
import { mapLayout } from '../map/map-layout.ts'
import { openService } from './open-service.ts'

describe('the map of a service', async () => {
  const dataset = shopDataset()
  const folder = temporaryFolder()
  afterAll(() => folder[Symbol.dispose]())
  const open = async (model: string) =>
    openService({
      retrieve: await trainServed(folder.path, model, dataset),
      dataset,
      store: memoryStore(),
      layouts: async (maps) => maps.map((vectors) => mapLayout(vectors, 1)),
    })

  it('is laid out once, before and after a model denoised', async () => {
    await using service = await open('m3bsr')
    const [map, again] = await Promise.all([service.map(), service.map()])
    expect(again).toBe(map)
    expect(map).toMatchObject({ run: 'm3bsr', denoises: true, of: 24, field: 'category' })
    expect(map.items).toHaveLength(24)
    for (const side of [map.before, map.after]) {
      expect(side?.points).toHaveLength(48)
      expect(side?.points.every(Number.isFinite)).toBe(true)
    }
    expect(map.before?.points).not.toEqual(map.after.points)
  })

  it('is of the table of a model that denoises nothing, and of no model that counts', async () => {
    await using service = await open('sasrec')
    const map = await service.map()
    expect([map.denoises, map.before, map.after.near.length]).toEqual([false, undefined, 240])
    await using counting = await open('item-knn')
    await expect(counting.map()).rejects.toThrow('map: unsupported: item-knn')
  })
})
