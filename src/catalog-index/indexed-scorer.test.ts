import { rmSync } from 'node:fs'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { memoryStore } from '../../test/fixtures/memory-store.ts'
import { temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import { idsOf as ids, shopDataset, trainServed } from '../../test/fixtures/served-shop.ts'
import { historyOf } from '../dataset/histories.ts'
import { recommend } from '../rank/recommend.ts'
import { recommendAll, type UserList } from '../rank/recommend-all.ts'
import { openRun } from '../runs/open-run.ts'
import { trainRun } from '../runs/train-run.ts'
import { openService } from '../serve/open-service.ts'
import { indexedScorer } from './indexed-scorer.ts'

const dataset = shopDataset()
const folder = temporaryFolder()
afterAll(() => folder[Symbol.dispose]())
const sasrec = await trainServed(folder.path, 'sasrec', dataset)

/** A run with an index, and what was said of that. */
async function indexed(run: string) {
  const lines: string[] = []
  return { run: await openRun(run, { dataset, index: (line) => lines.push(line) }), lines }
}

describe('a run with an index', () => {
  it('makes it once, and recommends what exact search recommends', async () => {
    rmSync(`${sasrec}.index`, { recursive: true, force: true })
    const first = await indexed(sasrec)
    await first.run[Symbol.asyncDispose]()
    expect(first.lines).toEqual([
      'index: making one of 24 items, once',
      expect.stringMatching(/^index: made in \d+ s$/),
      "index: finds 100.0 % of a user's 10 best items",
    ])
    const { run, lines } = await indexed(`${sasrec}/`)
    await using _ = run
    expect(lines).toEqual(["index: finds 100.0 % of a user's 10 best items"])
    expect(run.scorer.approximate).toBe(true)
    await using exact = await openRun(sasrec, { dataset })
    for (const user of ['u1', 'u7']) {
      const [ours, theirs] = [await recommend(run, user, { top: 5 }), await recommend(exact, user, { top: 5 })]
      expect(ours.items.map(({ id }) => id)).toEqual(theirs.items.map(({ id }) => id))
      for (const [at, { score }] of ours.items.entries()) expect(score).toBeCloseTo(theirs.items[at]?.score ?? 0, 5)
    }
    const all = async (from: typeof run): Promise<UserList[]> => {
      const lists: UserList[] = []
      for await (const batch of recommendAll(from, { top: 4 })) lists.push(...batch)
      return lists
    }
    const [ours, theirs] = [await all(run), await all(exact)]
    expect(ours.map(({ items }) => items.map(({ item }) => item))).toEqual(
      theirs.map(({ items }) => items.map(({ item }) => item)),
    )
  })

  it('answers somebody without events by popularity, in lists as long as are asked for', async () => {
    const { run } = await indexed(sasrec)
    await using _ = run
    const nobody = { ...historyOf(dataset.events, 1), user: 0, item: new Int32Array(0) }
    const [list] = (await run.scorer.best?.([nobody], 17)) ?? []
    expect(list).toHaveLength(17)
  })

  it('is served: filters, exclusions, two stages and new items have the lists of exact search', async () => {
    const store = memoryStore()
    const lines: string[] = []
    const report = (line: string): number => lines.push(line)
    await using service = await openService({ retrieve: sasrec, dataset, store, index: true, report })
    await using exact = await openService({ retrieve: sasrec, dataset, store })
    const requests = [
      { user: 'u3', top: 5 },
      { user: 'u3', top: 5, offset: 3, exclude: 'none' as const },
      { user: 'u4', top: 6, filter: { fields: { category: ['v2'] } } },
      { user: 'u4', top: 3, filter: { block: ['i1', 'i2', 'i3'] } },
      { history: [{ item: 'i3' }], top: 200 },
      { user: 'nobody', top: 4 },
    ]
    for (const request of requests)
      expect(ids(await service.recommend(request))).toEqual(ids(await exact.recommend(request)))
    expect(lines).toContain("index: finds 100.0 % of a user's 10 best items")
    await service.putItem({ id: 'fresh', title: 'A new one', available: true })
    await vi.waitFor(async () => expect((await service.item('fresh')).ranked).toBe(true), {
      timeout: 10_000,
      interval: 50,
    })
    const all = ids(await service.recommend({ user: 'u3', top: 24, exclude: 'none' }))
    expect(all).toContain('fresh')
    // The index of the items before goes on: the new one is scored beside it.
    expect(lines.filter((line) => line.startsWith('index: making'))).toEqual([])
  })

  it('is left out where it would find too few', async () => {
    await using run = await openRun(sasrec, { dataset })
    const lines: string[] = []
    const own = run.scorer as Parameters<typeof indexedScorer>[0]
    // What exact search gives is items that the index does not have.
    const far = { ...own, best: async () => [[{ item: 99, score: 1 }]] }
    const parts = { folder: `${sasrec}.far`, threads: 1, report: (line: string) => lines.push(line) }
    const scorer = await indexedScorer(far, { ...parts, histories: [historyOf(dataset.events, 1)] })
    expect(scorer).toBe(far)
    expect(lines.at(-1)).toBe("index: finds 0.0 % of a user's 10 best items, too few: exact search answers")
  })

  it('is refused for models without one table of items', async () => {
    const knn = await trainServed(folder.path, 'item-knn', dataset)
    const nmtr = `${folder.path}/nmtr`
    const training = { epochs: 1, threads: 1 }
    await trainRun({ model: 'nmtr', dataset, out: nmtr, config: { hiddenSize: 4 }, training, asGiven: true })
    const din = await trainServed(folder.path, 'din', dataset)
    const told = (run: string) => indexed(run).catch((error: Error) => error.message)
    expect(await told(knn)).toContain('--index: unsupported: item-knn, which counts, expected a trained model')
    expect(await told(nmtr)).toContain('--index: unsupported: nmtr, which ranks by more than one product')
    expect(await told(din)).toContain('--index: unsupported: din, which predicts clicks')
  })
})
