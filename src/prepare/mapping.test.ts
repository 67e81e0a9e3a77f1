import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import { checkMapping, mergeMappings, readMapping } from './mapping.ts'

describe('a mapping', () => {
  it('has a default for everything', () => {
    const mapping = checkMapping({}, 'mapping')
    expect(mapping.behaviors).toEqual(['click'])
    expect(mapping.candidates).toBe('unseen')
    expect(mapping.filters).toEqual({
      minimumEventsPerUser: 5,
      minimumEventsPerItem: 0,
      unlistedItems: 'error',
      duplicateItems: 'error',
      oddTimes: 'error',
    })
  })

  it.each([
    [{ candidates: 'unsen' }, 'shop.yaml candidates: invalid: "unsen", expected one of unseen, untargeted, all'],
    [{ events: { usr: 'u' } }, /^shop\.yaml events: unknown: "usr", expected one of files, .* did you mean "user"\?$/],
    [
      { behaviour: [] },
      /^shop\.yaml: unknown: "behaviour", expected one of name, events, .* did you mean "behaviors"\?$/,
    ],
    [
      { filters: { minimumEventsPerUser: -1 } },
      /^shop\.yaml filters\.minimumEventsPerUser: invalid: -1, expected .*>=0/,
    ],
    [
      { behaviors: ['click', 'buy'], target: 'bye' },
      /^shop\.yaml target: unknown: "bye", expected one of click, buy\. did you mean "buy"\?$/,
    ],
    [{ behaviors: ['click', 'click'] }, 'shop.yaml behaviors: duplicate: click, click'],
  ])('says what is wrong with %j', (input, sentence) => {
    expect(() => checkMapping(input, 'shop.yaml')).toThrow(sentence)
  })

  it('is laid upon a preset section by section', () => {
    const merged = mergeMappings(
      { events: { user: 'u', item: 'i' }, behaviors: ['click'] },
      { events: { item: 'j' }, target: 'click' },
    )
    expect(merged).toEqual({ events: { user: 'u', item: 'j' }, behaviors: ['click'], target: 'click' })
  })

  it('names files beside itself', () => {
    using folder = temporaryFolder()
    const path = folder.write({ 'shop.yaml': 'events:\n  files: logs/*.csv\nitems:\n  images: posters\n' })
    const mapping = readMapping(path)
    expect(mapping.events?.files).toEqual([join(folder.path, 'logs/*.csv')])
    expect(mapping.items?.images).toBe(join(folder.path, 'posters'))
  })

  it('that is missing or is not YAML is refused', () => {
    using folder = temporaryFolder()
    const path = folder.write({ 'shop.yaml': 'events: [\n' })
    expect(() => readMapping(path)).toThrow(/shop\.yaml: corrupted: .*, expected a YAML file$/)
    expect(() => readMapping(`${path}.yml`)).toThrow(/shop\.yaml\.yml: missing: the mapping file$/)
  })
})
