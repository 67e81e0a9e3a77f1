import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { startWalk, type TextLayout } from './text-scan.ts'

const cells: TextLayout = { kind: 'cells', delimiter: ',', quoted: true, cells: 2, namedIn: 'the header' }
const json: TextLayout = { kind: 'json' }

/** What a walk says of bytes that come in pieces: its facts, or the sentence of its refusal. */
function walk(layout: TextLayout, pieces: readonly Uint8Array[], wanted = 0): unknown {
  try {
    const walking = startWalk('file', layout, wanted)
    for (const piece of pieces) walking.feed(piece)
    return walking.end()
  } catch (error) {
    return (error as Error).message
  }
}

describe('a walk over bytes', () => {
  it.each<[string, TextLayout, readonly string[]]>([
    ['cells', cells, ['a', 'b', ',', '"', '""', '\n', '\r', '\r\n', 'x,y\n', '"p\n,",q\r\n', '\0', 'é']],
    ['JSON', json, ['{', '}', '[', ']', '"', '\\', '\\"', ':', ',', '\n', '\r', ' ', '{"a":"\\\\"}\n', '\0', 'é']],
  ])('says the same of %s, however they are cut into pieces', (_, layout, letters) => {
    const texts = fc.array(fc.constantFrom(...letters), { maxLength: 30 }).map((parts) => Buffer.from(parts.join('')))
    fc.assert(
      fc.property(texts, fc.array(fc.nat(4), { maxLength: 100 }), fc.nat(5), (bytes, lengths, wanted) => {
        let at = 0
        const pieces = lengths.map((length) => bytes.subarray(at, (at += length)))
        expect(walk(layout, [...pieces, bytes.subarray(at)], wanted)).toEqual(walk(layout, [bytes], wanted))
      }),
      { numRuns: 2000 },
    )
  })

  it('finds the row of a record, below blank lines and cells with line breaks', () => {
    const text = Buffer.from('a,b\n\n"1\n\r\n2",3\r\n\r\n\r\n4,5')
    const rows = [1, 2, 3, 4].map((wanted) => (walk(cells, [text], wanted) as { wantedRow: number }).wantedRow)
    expect(rows).toEqual([1, 3, 8, 0])
    const lines = Buffer.from('\n{"a":1}\n\n \n{"a":2}')
    expect(walk(json, [lines], 2)).toMatchObject({ records: 2, wantedRow: 5 })
  })

  it('tells uneven line ends, and line breaks within cells', () => {
    const facts = (text: string): unknown => walk(cells, [Buffer.from(text)])
    expect(facts('a,b\n1,"2\r\n3"\n')).toMatchObject({ records: 2, uneven: false, multiline: true })
    expect(facts('a,b\r\n1,2\r\n')).toMatchObject({ uneven: false, multiline: false })
    expect(facts('a,b\r\n1,2\n')).toMatchObject({ uneven: true })
    expect(facts('a,b\r1,2\r')).toMatchObject({ records: 2, uneven: true })
  })
})
