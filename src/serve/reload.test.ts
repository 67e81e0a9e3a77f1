import { afterAll, expect, it } from 'vitest'
import { memoryStore } from '../../test/fixtures/memory-store.ts'
import { temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import { trainServed } from '../../test/fixtures/served-shop.ts'
import { loadDataset } from '../dataset/load.ts'
import { prepareDataset } from '../prepare/prepare.ts'
import { openService } from './open-service.ts'

const folder = temporaryFolder()
afterAll(() => folder[Symbol.dispose]())

/** A run of a shop that sells these. */
async function runOf(name: string, items: readonly [string, string, string]): Promise<string> {
  const rows = ['u1', 'u2', 'u3'].flatMap((user) => items.map((item, at) => `${user},${item},${at + 1}`))
  const events = folder.write({ [`${name}.csv`]: `user,item,time\n${rows.join('\n')}\n` })
  const out = `${folder.path}/${name}`
  await prepareDataset({ events, mapping: { filters: { minimumEventsPerUser: 1 } }, out })
  return trainServed(folder.path, 'item-knn', await loadDataset(out), { name: `of-${name}` })
}

it('a reload refuses the run of another shop, and takes one whose catalog has changed in part', async () => {
  const bakery = await runOf('bakery', ['rye', 'bun', 'cake'])
  await using service = await openService({ retrieve: bakery, store: memoryStore() })
  const garage = await runOf('garage', ['tire', 'oil', 'wrench'])
  await expect(service.reload({ retrieve: garage })).rejects.toThrow(
    'dataset garage: mismatched: none of its items is served now, expected a run of the same shop',
  )
  expect(service.about().dataset).toBe('bakery')
  const later = await runOf('later', ['cake', 'pretzel', 'tart'])
  expect((await service.reload({ retrieve: later })).dataset).toBe('later')
})
