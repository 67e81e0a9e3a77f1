import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { memoryStore } from '../../test/fixtures/memory-store.ts'
import { temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import { freshEvent, idsOf as ids, shopDataset, trainServed } from '../../test/fixtures/served-shop.ts'
import type { Dataset } from '../dataset/schema.ts'
import { textEncoder } from '../features/text.ts'
import { openService } from './open-service.ts'
import type { RecommendRequest } from './service.ts'

const words = ['red', 'wooden', 'round', 'tall', 'soft', 'blue', 'chair', 'table', 'lamp', 'shelf']

it('an item that came since is to SGP4SR what its text is like, and its events are read', async () => {
  using folder = temporaryFolder()
  const dataset = shopDataset()
  const encoder = await textEncoder()
  const titles = ['', ...Array.from({ length: 24 }, (_, at) => `${words[at % 6]} ${words[6 + (at % 4)]} ${at}`)]
  const { vectors, present } = await encoder.encode(titles)
  const text = { vectors, present: Uint8Array.from(present), width: vectors.length / titles.length }
  const told = { encoder: encoder.name, width: text.width, present: 24, broken: [] }
  const texts: Dataset = {
    ...dataset,
    folder: join(folder.path, 'texts'),
    manifest: { ...dataset.manifest, features: { ...dataset.manifest.features, text: told } },
    features: { ...dataset.features, text },
  }
  const run = await trainServed(folder.path, 'sgp4sr', texts)
  const lines: string[] = []
  await using service = await openService({
    store: memoryStore(),
    retrieve: run,
    dataset: texts,
    report: (line) => lines.push(line),
  })
  await service.putItem({ id: 'late', available: true, title: titles[5] as string })
  const isRanked = async (): Promise<void> => expect((await service.item('late')).ranked).toBe(true)
  await vi.waitFor(isRanked, { timeout: 10_000, interval: 100 })
  const asked: RecommendRequest = { user: 'u1', filter: { allow: ['late', 'i5'] }, exclude: 'none' }
  const before = await service.recommend(asked)
  expect(ids(before).toSorted()).toEqual(['i5', 'late'])
  expect(before.items[0]?.score).toBeCloseTo(before.items[1]?.score as number, 5)
  expect((await service.similar('late', { top: 1 })).items[0]?.id).toBe('i5')
  await service.add([freshEvent('u1', 'late')])
  const after = await service.recommend(asked)
  expect(after.events).toEqual({ read: 8, fresh: 1 })
  expect(ids(after).toSorted()).toEqual(['i5', 'late'])
  expect(after.items[0]?.score).not.toBeCloseTo(before.items[0]?.score as number, 5)
  expect(lines.join()).not.toContain('not ranked')
  // Whoever starts the service again is told that the runs are on more than they were trained on.
  await service.reload()
  expect(lines.at(-1)).toBe(
    'sgp4sr: the dataset has 1 item more than the run was trained on; new items start from the known items that their pictures and texts are most like',
  )
})
