import { describe, expect, it } from 'vitest'
import { eventLines, prepareFiles } from '../../test/fixtures/prepared-files.ts'
import type { FeatureMaker } from '../dataset/schema.ts'
import { printSuspects, type Suspects } from '../storage/suspects-file.ts'

const log = 'user,item,stars,time\nu1,a,5,1\nu1,b,1,2\nu2,b,1,2\nu3,a,2,3\nu3,b,2,4\n'
const items = 'id,title\na,one\nb,two\n'
const mapping = { behaviors: ['click', { name: 'favorite', when: 'stars >= 4' }] }
const none: Suspects = { format: 'siftrec-suspects', version: 1, dataset: 'log', events: [], pictures: [], users: [] }

const features: FeatureMaker = async ({ ids }) => ({
  image: {
    encoder: 'test',
    broken: [],
    table: {
      width: 2,
      vectors: Float32Array.from({ length: 2 * ids.length }, (_, at) => (at < 2 ? 0 : at)),
      present: Uint8Array.from(ids, (id) => (id === '' ? 0 : 1)),
    },
  },
})
const prepare = (suspects?: Suspects | string, time?: 'order') =>
  prepareFiles(
    {
      'log.csv': log,
      'items.csv': items,
      'suspects.json': typeof suspects === 'object' ? printSuspects(suspects) : (suspects ?? ''),
    },
    {
      events: 'log.csv',
      items: 'items.csv',
      mapping: { ...mapping, ...(time && { events: { timeUnit: time } }), filters: { minimumEventsPerUser: 0 } },
      features,
      allowDropped: true,
      ...(suspects !== undefined && { drop: 'suspects.json' }),
    },
  )

const clicked = { user: 'u1', item: 'b', behavior: 'click', time: 2000 }

describe('suspects', () => {
  it('are left out: the very events, users with all they did, and the vectors of pictures', async () => {
    const dataset = await prepare({
      ...none,
      events: [clicked],
      users: [{ user: 'u3' }],
      pictures: [{ item: 'b', chance: 0.9 }],
    })
    expect(eventLines(dataset)).toEqual(['u1 a click 1000', 'u1 a favorite 1000', 'u2 b click 2000'])
    expect([...(dataset.features.image?.present ?? [])]).toEqual([0, 1, 0])
    expect([...(dataset.features.image?.vectors.subarray(4) ?? [])]).toEqual([0, 0])
    expect(dataset.manifest.dropped[0]).toEqual({ filter: 'suspects', events: 3, users: 1, items: 0 })
    expect(dataset.manifest.settings['drop']).toMatch(/suspects\.json$/)
  })

  it('are back without the file: the dataset is the same to the byte as before', async () => {
    const before = await prepare()
    await prepare({ ...none, events: [clicked] })
    expect((await prepare()).hash).toBe(before.hash)
  })

  it('of one behavior leave another of the same record', async () => {
    const dataset = await prepare({ ...none, events: [{ user: 'u1', item: 'a', behavior: 'click', time: 1000 }] })
    expect(eventLines(dataset)).toContain('u1 a favorite 1000')
    expect(eventLines(dataset)).not.toContain('u1 a click 1000')
  })

  it('are refused where they are of another log, damaged, or events of a log without times', async () => {
    const foreign = { ...none, events: [{ ...clicked, user: 'nobody' }] }
    await expect(prepare(foreign)).rejects.toThrow(/suspects\.json: mismatched: none of its events and users/)
    await expect(prepare('{"format": 1}')).rejects.toThrow(/suspects\.json: corrupted: format/)
    await expect(prepare({ ...none, events: [clicked] }, 'order')).rejects.toThrow(
      /unsupported: events of a log without times/,
    )
  })
})
