import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { growDataset } from '../dataset/grow.ts'
import { historyOf } from '../dataset/histories.ts'
import type { Dataset, FeatureTable } from '../dataset/schema.ts'
import { runFiles } from '../learn/loop.ts'
import { optionsOf } from '../models/contract/options.ts'
import { modelOf, modelSlugs } from '../models/registry.ts'
import { cosinesTo, itemTableOf } from '../rank/similar.ts'
import { datasetOf, laterShop, newcomer, shop, twin, vectorOf } from '../testing/later-shop.ts'
import { type OpenRun, openRun } from './open-run.ts'
import { type RunSettings, trainRun } from './train-run.ts'

const folder = mkdtempSync(join(tmpdir(), 'siftrec-later-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What is computed offline lies beside the dataset. */
const before = { ...shop(), folder: join(folder, 'data') }
const after = laterShop()

async function trained(name: string, model: string, more: Partial<RunSettings> = {}): Promise<string> {
  const out = join(folder, name)
  const training = 'build' in modelOf(model) ? { epochs: 1, threads: 1, seed: 3, learningRate: 0.02 } : {}
  await trainRun({ model, dataset: before, out, training, ...more })
  return out
}

/** What a run says of each item to one who did what a user of the shop had done at first, by item id. */
async function saidBy(run: OpenRun, dataset: Dataset, user: string): Promise<Map<string, number>> {
  const events = historyOf(dataset.events, dataset.userIds.indexOf(user))
  const { ids } = dataset.catalog
  if (modelOf(run.run.model).task === 'clicks') {
    const { probability } = await run.predictor.candidates(
      events,
      ids.slice(1).map((_, at) => at + 1),
    )
    return new Map(ids.slice(1).map((id, at) => [id, probability[at] as number]))
  }
  const scores = await run.scorer.score([events])
  return new Map(ids.slice(1).map((id, at) => [id, scores[at + 1] as number]))
}

/** The most that two say differently of the items that the first knows. */
const farthest = (one: Map<string, number>, other: Map<string, number>): number =>
  Math.max(...[...one].map(([id, score]) => Math.abs(score - (other.get(id) as number))))

/** Small sizes for the options that a model has. */
function small(slug: string): Record<string, unknown> {
  const sizes: Record<string, number> = {
    embeddingSize: 8,
    // SimCEN divides it by its three streams.
    hiddenSize: slug === 'simcen' ? 6 : 8,
    layers: 2,
    heads: 1,
    maxLength: 8,
    centers: 2,
    modalitySteps: 2,
    behaviorSteps: 2,
    modalitySize: 4,
    expertSize: 8,
    attentionSize: 8,
    fusionHeads: 2,
  }
  const names = optionsOf(modelOf(slug).config).map(({ name }) => name)
  return Object.fromEntries(Object.entries(sizes).filter(([name]) => names.includes(name)))
}

describe('every model on a later dataset', () => {
  const cases: (readonly [slug: string, config: Record<string, unknown>])[] = [
    ...modelSlugs.map((slug) => [slug, {}] as const),
    ['m3bsr', { userField: true, reading: 'paper' }],
    ['m3bsr', { head: 'free' }],
  ]

  it.each(cases)('%s %o', async (slug, config) => {
    const out = await trained(`${slug} ${Object.keys(config).join(' ')}`, slug, {
      config: { ...small(slug), ...config },
    })
    await using early = await openRun(out, { dataset: before })
    await using late = await openRun(out, { dataset: after })
    for (const user of ['visitor1', 'visitor7']) {
      const said = await saidBy(late, after, user)
      expect(farthest(await saidBy(early, before, user), said)).toBeLessThan(1e-6)
      expect(said.get(newcomer)).toSatisfy(Number.isFinite)
    }
    expect(early.later).toBeUndefined()
    expect(late.later).toMatchObject({ newItems: 1, goneItems: 0, newUsers: 1, moreEvents: 3 })
    expect(await late.measure('test', { seed: 1, sampled: false })).toBeDefined()
  })
})

describe('a later dataset', () => {
  const itemIds = before.catalog.ids.slice(1)
  const userIds = before.userIds.slice(1)
  const openSasrec = (dataset: Dataset): Promise<OpenRun> => openRun(join(folder, 'plain'), { dataset })
  /** The events of the shop, perhaps of fewer items. */
  const eventsOf = (keep: (item: string, time: number) => boolean) =>
    Array.from(before.events.item, (item, row) => {
      const user = before.userIds[before.events.user[row] as number] as string
      const behavior = before.manifest.behaviors[before.events.behavior[row] as number] as string
      return [user, before.catalog.ids[item] as string, behavior, before.events.time[row] as number] as const
    }).filter(([, item, , time]) => keep(item, time))

  beforeAll(() => trained('plain', 'sasrec', { config: { hiddenSize: 8, layers: 1, heads: 1 } }))

  it('may lack an item; it is said and ranked no more', async () => {
    const left = itemIds.filter((id) => id !== 'chair4')
    const fewer = datasetOf(
      'fewer',
      eventsOf((item) => item !== 'chair4'),
      left,
      userIds,
    )
    await using early = await openSasrec(before)
    await using late = await openSasrec(fewer)
    expect(late.later?.text).toBe(
      'the dataset has nothing more than the run was trained on, and 16 events fewer; 1 item of the run is gone',
    )
    const [item, behavior, time] = [Int32Array.of(1, 2), Uint8Array.of(0, 0), Float64Array.of(1, 2)]
    const scores = await early.scorer.score([{ user: 1, item, behavior, time }])
    const now = await late.scorer.score([{ user: 1, item, behavior, time }])
    for (const [at, id] of left.entries()) expect(now[at + 1]).toBeCloseTo(scores[itemIds.indexOf(id) + 1] as number, 6)
  })

  it('is refused in a sentence where it is of another mapping, or lacks most items', async () => {
    const { manifest, catalog, features } = after
    const text = { ...manifest.features.text, encoder: 'other', width: 6, present: 13, broken: [] }
    const refusals: (readonly [Dataset, string])[] = [
      [
        { ...after, manifest: { ...manifest, behaviors: ['click', 'buy'] } },
        'behaviors click,buy, expected click,favorite',
      ],
      [{ ...after, manifest: { ...manifest, target: 'click' } }, 'target click, expected favorite'],
      [{ ...after, catalog: { ...catalog, fields: {} } }, 'no field "category"'],
      [{ ...after, catalog: { ...catalog, numbers: {} } }, 'no number "price"'],
      [{ ...after, features: { text: features.text as FeatureTable } }, 'no image vectors'],
      [
        { ...after, manifest: { ...manifest, features: { ...manifest.features, text } } },
        'wide by other, expected 6 wide',
      ],
      [{ ...after, catalog: { ...catalog, ids: catalog.ids.map((id) => `new ${id}`) } }, 'it has 0 of the 12 items'],
    ]
    for (const [dataset, told] of refusals) await expect(openSasrec(dataset)).rejects.toThrow(told)
  })

  it('is refused by a run of an earlier version, and where what is known was edited', async () => {
    const out = await trained('old', 'popularity')
    const path = join(out, runFiles.known)
    const written = readFileSync(path, 'utf8')
    writeFileSync(path, written.replace('chair3', 'chair4'))
    await expect(openRun(out, { dataset: after })).rejects.toThrow('known.json: corrupted: it was changed')
    rmSync(path)
    await expect(openRun(out, { dataset: after })).rejects.toThrow(/missing: known\.json.* train again to serve it/)
    await using _ = await openRun(out, { dataset: before })
  })

  it('is known by the same bytes from the same seed', async () => {
    const bytes = async (name: string) => readFileSync(join(await trained(name, 'fm'), runFiles.known))
    expect((await bytes('first')).equals(await bytes('second'))).toBe(true)
  })

  it('keeps the cuts of a split by time, so that nothing that trained becomes a target', async () => {
    const split = { protocol: 'time' } as const
    const many = Array.from({ length: 60 }, (_, at) => ['visitor3', 'chair2', 'favorite', 9000 + at] as const)
    for (const model of ['popularity', 'lr']) {
      const out = await trained(`timed ${model}`, model, { split })
      await using early = await openRun(out, { dataset: before })
      await using late = await openRun(out, { dataset: laterShop(many) })
      const cutsOf = (run: OpenRun) => (model === 'lr' ? run.samples : run.split).cuts
      expect(cutsOf(late)).toEqual(cutsOf(early))
      expect([late.later?.mayHaveTrained('test'), late.later?.mayHaveTrained('validation')]).toEqual([0, 0])
    }
  })

  it('may be one that grew in memory, whose new items are ranked', async () => {
    const grown = growDataset(before, [{ id: newcomer, vectors: { text: vectorOf(twin, 'text') } }])
    await using run = await openRun(join(folder, 'plain'), { dataset: grown })
    expect(run.later).toMatchObject({ newItems: 1, goneItems: 0, newUsers: 0, moreEvents: 0 })
    const said = await saidBy(run, grown, 'visitor1')
    await using early = await openRun(join(folder, 'plain'), { dataset: before })
    expect(farthest(await saidBy(early, before, 'visitor1'), said)).toBeLessThan(1e-6)
    expect(said.get(newcomer)).toSatisfy(Number.isFinite)
  })

  it('counts the targets that may have trained, where a split anew brings them', async () => {
    await using late = await openSasrec(after)
    expect(late.later?.mayHaveTrained('test')).toBe(0)
    // The last events are lost: what trained is now the last.
    const shorter = eventsOf((_, time) => time < 500)
    await using lost = await openSasrec(datasetOf('lost', shorter, itemIds, userIds))
    expect(lost.later?.mayHaveTrained('test')).toBe(lost.split.test.length)
  })
})

it('a new item is near the one it looks like where items are read by what they look like', async () => {
  const out = await trained('tied', 'sasrecf', { training: { epochs: 30, threads: 1, seed: 3, learningRate: 0.02 } })
  await using late = await openRun(out, { dataset: after })
  const cosines = cosinesTo(await itemTableOf(late.scorer), after.catalog.ids.indexOf(newcomer))
  const near = after.catalog.ids
    .map((id, at) => ({ id, cosine: cosines[at] as number }))
    .filter(({ id }) => id !== newcomer)
    .toSorted((a, b) => b.cosine - a.cosine)
  expect(near[0]?.id).toBe(twin)
  expect(late.later?.text).toBe(
    'the dataset has 1 item, 1 user and 3 events more than the run was trained on; new items start from their pictures and texts',
  )
})

describe('sgp4sr, whose graphs and centers are made before it is trained', () => {
  /** Each item reads itself alone, so that what a new one reads can be told to the digit. */
  const alone = { ...small('sgp4sr'), neighbors: 1 }
  let out = ''
  beforeAll(async () => {
    out = await trained('graphs', 'sgp4sr', { config: alone })
  })
  const bothOf = (id: string) => ({ image: vectorOf(id, 'picture'), text: vectorOf(id, 'text') })

  it('reads a new item as the known one that it looks like, and one without a picture and a text as the average', async () => {
    const grown = growDataset(before, [{ id: newcomer, vectors: bothOf(twin) }, { id: 'plain' }])
    await using early = await openRun(out, { dataset: before })
    await using late = await openRun(out, { dataset: grown })
    const said = await saidBy(late, grown, 'visitor1')
    expect(farthest(await saidBy(early, before, 'visitor1'), said)).toBeLessThan(1e-6)
    expect(said.get(newcomer)).toBeCloseTo(said.get(twin) as number, 6)
    const known = before.catalog.ids.slice(1).map((id) => said.get(id) as number)
    expect(said.get('plain')).toBeCloseTo(known.reduce((sum, score) => sum + score, 0) / known.length, 6)
    expect(late.later?.text).toContain(
      'new items start from the known items that their pictures and texts are most like; 1 of them has neither and starts as the average item',
    )
    // It is read as what it looks like, too.
    const { ids } = grown.catalog
    const after = async (id: string): Promise<Float32Array> => {
      const [item, behavior, time] = [
        Int32Array.of(ids.indexOf('chair2'), ids.indexOf(id)),
        Uint8Array.of(0, 0),
        Float64Array.of(1, 2),
      ]
      return (await late.scorer.score([{ user: 1, item, behavior, time }])).subarray(1)
    }
    const [ofNew, ofTwin, ofPlain] = [await after(newcomer), await after(twin), await after('plain')]
    const apart = (one: Float32Array, other: Float32Array): number =>
      one.reduce((most, score, at) => Math.max(most, Math.abs(score - (other[at] as number))), 0)
    expect(apart(ofNew, ofTwin)).toBeLessThan(apart(ofNew, ofPlain))
  })

  it('needs its own dataset no more: the run has what was made of it', async () => {
    await using early = await openRun(out, { dataset: before })
    const scores = await saidBy(early, before, 'visitor1')
    const [beside, elsewhere] = [join(before.folder, 'offline'), join(folder, 'elsewhere')]
    renameSync(beside, elsewhere)
    const reopened = async (): Promise<number> => {
      await using late = await openRun(out, { dataset: after })
      return farthest(scores, await saidBy(late, after, 'visitor1'))
    }
    expect(await reopened()).toBeLessThan(1e-6)
    // A run of an earlier version has it beside its dataset alone.
    rmSync(join(out, runFiles.offline))
    const told = `missing: a whole ${runFiles.offline}, which was made before training. to serve it on a later dataset restore`
    await expect(reopened()).rejects.toThrow(told)
    renameSync(elsewhere, beside)
    expect(await reopened()).toBeLessThan(1e-6)
    writeFileSync(join(out, runFiles.offline), 'not safetensors')
    expect(await reopened()).toBeLessThan(1e-6)
  })
})
