import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import { prepareDataset } from '../prepare/prepare.ts'
import { loadDataset } from './load.ts'
import { readPictures } from './pictures.ts'

describe('the pictures of a dataset', () => {
  it('lie where it was prepared from, or where one says they lie now', async () => {
    using place = temporaryFolder()
    const png = Buffer.from('no real picture')
    place.write({
      'events.csv': 'user,item,behavior,timestamp\nu1,a,click,1\nu1,b,click,2\nu1,c,click,3\n',
      'items.csv': 'id,title\na,A\nb,B\nc,C\n',
      'pictures/a.png': png,
      'pictures/deep/c.png': png,
      'moved/a.png': png,
    })
    const at = (name: string): string => join(place.path, name)
    await prepareDataset({
      events: at('events.csv'),
      items: at('items.csv'),
      images: at('pictures'),
      out: at('data'),
      mapping: { filters: { minimumEventsPerUser: 0 }, items: { image: '{id}.png' } },
    })
    const dataset = await loadDataset(at('data'))
    const item = (id: string): number => dataset.catalog.ids.indexOf(id)
    const pictures = await readPictures(dataset)
    expect(pictures.of(item('a'))).toBe(resolve(at('pictures'), 'a.png'))
    expect([pictures.of(item('b')), pictures.of(0)]).toEqual([undefined, undefined])
    expect(pictures.count).toBe(1)
    expect((await readPictures(dataset, at('moved'))).of(item('a'))).toBe(resolve(at('moved'), 'a.png'))
    expect((await readPictures(dataset, at('nowhere'))).count).toBe(0)
  })
})
