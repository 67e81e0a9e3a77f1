import { describe, expect, it } from 'vitest'
import { eventLines, prepareFiles } from '../../test/fixtures/prepared-files.ts'
import type { MappingInput } from './mapping.ts'

const log = 'user,item,stars,time\nu1,a,5,1\nu2,b,1,2\nu3,a,2,3\n'
const mapping: MappingInput = { behaviors: ['click', { name: 'favorite', when: 'stars >= 4' }] }

/** Prepares the log with a file of fresh events, whose columns and times are not the log's. */
function prepareFresh(fresh: string, forgotten: string | undefined, further: Record<string, string> = {}) {
  const files = {
    'log.csv': log,
    'fresh.csv': `user,item,behavior,time\n${fresh}`,
    ...(forgotten === undefined ? {} : { 'fresh.forgotten.txt': forgotten }),
    ...further,
  }
  const options = { events: 'log.csv', fresh: 'fresh.csv', mapping }
  return prepareFiles(files, further['items.csv'] === undefined ? options : { ...options, items: 'items.csv' })
}

describe('fresh events', () => {
  it('are added to those of a log with other columns', async () => {
    const dataset = await prepareFresh('u1,b,favorite,4000\nu4,a,click,5000\n', '')
    expect(eventLines(dataset)).toEqual([
      'u1 a click 1000',
      'u1 a favorite 1000',
      'u1 b favorite 4000',
      'u2 b click 2000',
      'u3 a click 3000',
      'u4 a click 5000',
    ])
    expect(dataset.manifest.settings['fresh']).toMatch(/fresh\.csv$/)
  })

  it('count once where the log has them too', async () => {
    expect(eventLines(await prepareFresh('u2,b,click,2000\n', ''))).toEqual(eventLines(await prepareFresh('', '')))
  })

  it('leave out what the log has of forgotten users, and keep what came afterwards', async () => {
    expect(eventLines(await prepareFresh('u1,b,click,4000\n', 'u1\nu3\n'))).toEqual([
      'u2 b click 2000',
      'u1 b click 4000',
    ])
  })

  it('are refused with their file and row', async () => {
    await expect(prepareFresh('u1,b,click,4000\nu1,b,klick,5000\n', '')).rejects.toThrow(
      'fresh.csv row 3, column "behavior": unknown: "klick", expected one of click, favorite. did you mean "click"?',
    )
    await expect(prepareFresh("u1,b,click,4 o'clock\n", '')).rejects.toThrow('fresh.csv row 2, column "time": invalid')
    const items = { 'items.csv': 'id,title\na,one\nb,two\n' }
    await expect(prepareFresh('u1,b,click,4000\nu1,z,click,5000\n', '', items)).rejects.toThrow(
      'fresh.csv row 3: unknown: item "z"',
    )
  })

  it('are not read without the list of forgotten users', async () => {
    await expect(prepareFresh('u1,b,click,4000\n', undefined)).rejects.toThrow(/fresh\.forgotten\.txt: missing/)
  })

  it('cannot follow a log that has an order only', async () => {
    const ordered = { ...mapping, events: { timeUnit: 'order' } } as const
    const files = { 'log.csv': log, 'fresh.csv': 'user,item,behavior,time\nu1,b,click,4\n', 'fresh.forgotten.txt': '' }
    await expect(prepareFiles(files, { events: 'log.csv', fresh: 'fresh.csv', mapping: ordered })).rejects.toThrow(
      '--fresh: unsupported: a log that has an order and no times, expected a log with times',
    )
  })
})
