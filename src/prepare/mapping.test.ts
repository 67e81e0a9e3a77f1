import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import { checkMapping, mergeMappings, readMapping } from './mapping.ts'

describe('a mapping', () => {
  it('has a default for everything', () => {
    const mapping = checkMapping({}, 'mapping')
    expect(mapping.behaviors).toEqual(['click'])
    expect([mapping.candidates, mapping.question, mapping.idleMinutes]).toEqual([undefined, 'auto', 30])
    expect(mapping.filters).toEqual({
      minimumEventsPerUser: 5,
      minimumEventsPerItem: 0,
      unlistedItems: 'error',
      duplicateItems: 'error',
      oddTimes: 'error',
    })
  })

  it.each([
    [{ noun: { one: 'film' } }, 'shop.yaml noun.many: invalid: nothing, expected a text'],
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
    [[], 'shop.yaml: invalid: [], expected a map of keys'],
    ['shop', 'shop.yaml: invalid: "shop", expected a map of keys'],
    [
      { items: [{ database: 'postgres://ann:s3cret@host/shop' }] },
      'shop.yaml items: invalid: [{"database":"postgres://ann:...@host/shop"}], expected a map of keys',
    ],
    [{ events: null }, 'shop.yaml events: invalid: null, expected a map of keys'],
    [{ events: { files: 5 } }, 'shop.yaml events.files: invalid: 5, expected a text or a list'],
    [{ behaviors: [5] }, 'shop.yaml behaviors.0: invalid: 5, expected a text or a map of keys'],
    [
      { behaviors: [{ name: 'x', wen: 'y' }] },
      'shop.yaml behaviors.0: unknown: "wen", expected one of name, from, when. did you mean "when"?',
    ],
    [
      { items: { fields: { a: { column: 'b', befor: '|' } } } },
      'shop.yaml items.fields.a: unknown: "befor", expected one of column, before, oneHot. did you mean "before"?',
    ],
    [
      { behaviors: Array.from({ length: 256 }, (_, at) => `b${at}`) },
      'shop.yaml behaviors: invalid: a list of 256, expected at most 255 behaviors',
    ],
    ...['', '"', '\n', '\r', '||', '¦'].map((delimiter): [object, string] => [
      { items: { delimiter } },
      `shop.yaml items.delimiter: invalid: ${JSON.stringify(delimiter)}, expected one ASCII character, not a quote or the end of a line`,
    ]),
    [
      { users: { fields: { 'A b': 'b' } } },
      'shop.yaml users.fields: invalid: "A b", expected a name of at most 64 letters, digits and _ that starts with a small letter',
    ],
    [
      { users: { numbers: { ['x'.repeat(65)]: 'b' } } },
      /^shop\.yaml users\.numbers: invalid: "x*", expected a name of/,
    ],
    [{ name: 'x'.repeat(5000) }, /^shop\.yaml name: invalid: "x{76}\.\.\., expected a name of at most 100 characters/],
    [
      { items: { fields: { brand: 'a', bRand: 'b' } } },
      'shop.yaml items.fields: duplicate: "brand" and "bRand", expected names that differ in more than the case of letters',
    ],
    [{ impressions: { labels: { ok: 'a', oK: 'b' } } }, /labels: duplicate: "ok" and "oK"/],
    [{ events: { columns: ['user', 'item', 'user'] } }, /^shop\.yaml events\.columns: duplicate: "user" twice/],
    [
      {
        behaviors: [
          { name: 'a', from: 'x' },
          { name: 'b', from: ['y', 'x'] },
        ],
      },
      'shop.yaml behaviors: duplicate: the value "x", expected one meaning of each value of the behavior column',
    ],
    [{ behaviors: ['a'], ignoredBehaviors: ['a'] }, /^shop\.yaml behaviors: duplicate: the value "a"/],
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

  const bomb = ['b', 'c', 'd', 'e', 'f', 'g'].map(
    (name, at) => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${'abcdefg'[at]}`).join(', ')}]`,
  )
  it.each([
    ['an alias within itself', 'a: &a [*a]', 'it is nested too deeply'],
    ['an alias of its section', 'events: &a { user: *a }', 'it is nested too deeply'],
    ['lists in lists', `name: ${'['.repeat(500)}${']'.repeat(500)}`, 'it is nested too deeply'],
    ['lists in lists without end', '['.repeat(20_000), 'it is nested too deeply', ' line 1'],
    ['aliases of aliases', ['a: &a [x]', ...bomb].join('\n'), 'its aliases stand for too many values'],
    ['a key twice', 'name: a\nname: b\n', 'Map keys must be unique', ' line 2'],
    ['a tag', 'name: !!js/function x', 'Unresolved tag: tag:yaml.org,2002:js/function', ' line 1'],
    ['two documents', 'name: a\n---\nname: b\n', 'Source contains multiple documents', ' line 2'],
    ['a list without end', 'events:\n  user: a\n  item: [\n', 'Flow sequence in block collection must be', ' line 4'],
  ])('with %s is refused', (_, text, reason, line = '') => {
    using folder = temporaryFolder()
    const path = folder.write({ 'shop.yaml': text })
    expect(() => readMapping(path)).toThrow(`${path}${line}: corrupted: ${reason}`)
  })

  it.each(['__proto__: { a: 1 }', 'items: { fields: { __proto__: brand } }'])('with %s is refused', (text) => {
    using folder = temporaryFolder()
    const path = folder.write({ 'shop.yaml': text })
    expect(() => readMapping(path)).toThrow(/shop\.yaml: unknown: "__proto__", expected a known key$/)
  })

  it('that is no small text file is refused', () => {
    using folder = temporaryFolder()
    const path = folder.write({ 'shop.yaml': 'x'.repeat(1_000_001) })
    expect(() => readMapping(path)).toThrow(/: invalid: a file of 1\.0 MB, expected a file of at most 1 MB$/)
    expect(() => readMapping(folder.path)).toThrow(/: invalid: a folder, expected a YAML file$/)
    expect(() => readMapping('/dev/zero')).toThrow('/dev/zero: invalid: not a regular file, expected a YAML file')
    writeFileSync(path, Uint8Array.of(110, 58, 32, 255, 254))
    expect(() => readMapping(path)).toThrow(/: corrupted: it is not text in UTF-8/)
    expect(() => checkMapping(readMapping(folder.write({ 'empty.yaml': '' })), 'empty')).not.toThrow()
  })

  it('that is missing or is not YAML is refused', () => {
    using folder = temporaryFolder()
    const path = folder.write({ 'shop.yaml': 'events: [\n' })
    expect(() => readMapping(path)).toThrow(/shop\.yaml line \d+: corrupted: .*, expected a YAML file$/)
    expect(() => readMapping(`${path}.yml`)).toThrow(/shop\.yaml\.yml: missing: the file$/)
  })
})
