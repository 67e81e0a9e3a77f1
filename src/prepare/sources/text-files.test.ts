import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { eventLines, prepareFiles, temporaryFolder } from '../../../test/fixtures/prepared-files.ts'
import type { MappingInput } from '../mapping.ts'
import { prepareDataset } from '../prepare.ts'

const header = 'user,item,time\n'
const rows = (count: number): string => Array.from({ length: count }, (_, at) => `u${at % 7},i${at},${at}\n`).join('')
const read = async (text: string | Uint8Array, name = 'log.csv'): Promise<string[]> =>
  eventLines(await prepareFiles({ [name]: text }, { events: name }))

describe('text files are read right', () => {
  it.each<[string, string]>([
    ['LF', 'user,item,time\nu,a,1\nu,b,2\n'],
    ['CRLF', 'user,item,time\r\nu,a,1\r\nu,b,2\r\n'],
    ['CRLF and LF', 'user,item,time\nu,a,1\r\nu,b,2\n'],
    ['LF after a header with CRLF', 'user,item,time\r\nu,a,1\nu,b,2'],
    ['CR alone', 'user,item,time\ru,a,1\ru,b,2\r'],
    ['no line end at the end', 'user,item,time\nu,a,1\nu,b,2'],
    ['blank lines', 'user,item,time\n\nu,a,1\n\n\nu,b,2\n\n'],
    ['a byte order mark', '\uFEFFuser,item,time\nu,a,1\nu,b,2\n'],
    ['a byte order mark before a quote, and mixed line ends', '\uFEFF"user",item,time\r\n"u",a,1\nu,b,2\n'],
    ['quotes', '"user","item","time"\n"u","a","1"\n"u","b","2"\n'],
    ['an empty last header cell', 'user,item,time,\nu,a,1,\nu,b,2,\n'],
    ['a column called filename', 'user,item,time,filename\nu,a,1,x\nu,b,2,y\n'],
  ])('%s', async (_, text) => {
    expect(await read(text)).toEqual(['u a click 1000', 'u b click 2000'])
    expect(await read(text, 'log.csv.gz')).toEqual(['u a click 1000', 'u b click 2000'])
  })

  it('keeps line breaks and doubled quotes within cells', async () => {
    for (const end of ['\n', '\r\n']) {
      const items = ['id,title', 'a,"one\r\ntwo ""three"""', 'b,"four\nfive"', ''].join(end)
      const { catalog } = await prepareFiles(
        { 'log.csv': `${header}u,a,1\n`, 'items.csv': items },
        { events: 'log.csv', items: 'items.csv' },
      )
      expect(catalog.titles).toEqual(['', 'one\r\ntwo "three"', 'four\nfive'])
    }
  })

  it('keeps line breaks within cells when line ends outside are mixed', async () => {
    const { catalog } = await prepareFiles(
      { 'log.csv': `${header}u,a,1\n`, 'items.csv': 'id,title\r\na,"one\r\ntwo"\nb,"four\nfive"\r\n' },
      { events: 'log.csv', items: 'items.csv' },
    )
    expect(catalog.titles).toEqual(['', 'one\r\ntwo', 'four\nfive'])
  })

  it('reads many cells with line breaks in a file of several buffers', async () => {
    const text = Array.from({ length: 330_000 }, (_, at) => `i${at},"${'x'.repeat(90)}\n""${at}"", end\n\n"\n`).join('')
    const { catalog } = await prepareFiles(
      { 'log.csv': `${header}u,i1,1\n`, 'items.csv': `id,title\n${text}` },
      { events: 'log.csv', items: 'items.csv' },
    )
    expect(catalog.ids.length).toBe(330_001)
    expect(catalog.titles.at(-1)).toBe(`${'x'.repeat(90)}\n"329999", end\n\n`)
  })

  it('reads the file that is named, though its name looks like a pattern or its folder like a column', async () => {
    const files = {
      'log[1].csv': `${header}u,a,1\n`,
      'log1.csv': `${header}w,w,9\n`,
      'user=5/log.csv': `${header}u,b,2\n`,
    }
    const dataset = await prepareFiles(files, { events: ['log[1].csv', 'user=5/log.csv'] })
    expect(eventLines(dataset)).toEqual(['u a click 1000', 'u b click 2000'])
  })

  it('reads gzip files of several members', async () => {
    const packed = Buffer.concat([gzipSync(`${header}u,a,1\n`), gzipSync('u,b,2\n')])
    expect(await read(packed, 'log.csv.gz')).toEqual(['u a click 1000', 'u b click 2000'])
  })

  it('reads letters of several bytes wherever the file is cut into pieces', async () => {
    const title = 'aé€😀'.repeat(30)
    for (const shift of ['', 'x', 'xx', 'xxx']) {
      const text = `id,title${shift}\n${Array.from({ length: 10_000 }, (_, at) => `${at},${title}\n`).join('')}`
      const mapping = { items: { title: `title${shift}` } }
      const files = { 'log.csv': `${header}u,1,1\n`, 'items.csv': text }
      const { catalog } = await prepareFiles(files, { events: 'log.csv', items: 'items.csv', mapping })
      expect(new Set(catalog.titles)).toEqual(new Set(['', title]))
    }
  })

  it('reads a row of almost 2 MB', async () => {
    const { catalog } = await prepareFiles(
      { 'log.csv': `${header}u,a,1\n`, 'items.csv': `id,title\na,${'x'.repeat(1_999_990)}\nb,y\n` },
      { events: 'log.csv', items: 'items.csv' },
    )
    expect(catalog.titles.map((title) => title.length)).toEqual([0, 1_999_990, 1])
  })
})

describe('text files that could be misread are refused', () => {
  const wide = Array.from({ length: 10_001 }, (_, at) => `c${at}`).join(',')
  const packed = gzipSync(`${header}${rows(4000)}`)
  const flipped = Buffer.from(packed)
  flipped.writeUInt8(flipped.readUInt8(packed.length >> 1) ^ 1, packed.length >> 1)
  const wrongSum = Buffer.from(packed)
  wrongSum.writeUInt8(wrongSum.readUInt8(packed.length - 6) ^ 1, packed.length - 6)

  it.each<[string, Record<string, string | Uint8Array>, RegExp]>([
    ['too many cells', { 'log.csv': `${header}u,a,1\nu,b,2,3\n` }, /^log\.csv row 3: invalid: 4 cells, expected 3 as/],
    ['a delimiter after the last cell', { 'log.csv': `${header}u,a,1,\n` }, /^log\.csv row 2: invalid: 4 cells/],
    [
      'too few cells, below cells with line breaks and blank lines',
      { 'log.csv': `${header}"u\n\nv",a,1\n\nu,b\n` },
      /^log\.csv row 6: invalid: 2 cells/,
    ],
    [
      'an id with a line break',
      { 'log.csv': `${header}\nu,"a\nb",1\n` },
      /^log\.csv row 3, column "item": invalid: "a b"/,
    ],
    [
      'a time below cells with line breaks and blank lines',
      { 'log.csv': `user,item,title,time\nu,a,"x\r\ny",1\n\nu,b,"\n\n",1\nu,c,z,soon\n` },
      /^log\.csv row 8, column "time": invalid: "soon"/,
    ],
    [
      'a stray quote',
      { 'log.csv': `${header}u,5" tube,1\n` },
      /^log\.csv row 2: invalid: a quote in the middle of a cell/,
    ],
    ['a quote after a space', { 'log.csv': `${header}u, "a",1\n` }, /^log\.csv row 2: invalid: a quote in the middle/],
    [
      'text after quotes',
      { 'log.csv': `${header}u,"a" b,1\n` },
      /^log\.csv row 2: invalid: text after a closing quote/,
    ],
    [
      'an open quote',
      { 'log.csv': `${header}u,"a,1\nu,b,2\n` },
      /^log\.csv row 2: invalid: a quote that is never closed/,
    ],
    [
      'a quote that is closed 10,000 rows later',
      { 'log.csv': `${header}${rows(50)}u,"a,1\n${rows(10_000)}u,b",2\n` },
      /^log\.csv row 52: invalid: a quoted cell of more than 100 lines/,
    ],
    [
      'a long row',
      { 'log.csv': `${header}u,a,1\nu,${'x'.repeat(2_000_001)},2\n` },
      /^log\.csv row 3: invalid: more than 2 MB/,
    ],
    [
      'a long last row',
      { 'log.csv': `${header}u,a,1\nu,${'x'.repeat(9_000_000)},2` },
      /^log\.csv row 3: invalid: more than 2 MB/,
    ],
    [
      'blank lines without end',
      { 'log.csv': `${header}u,a,1\n${'\n'.repeat(2_000_002)}` },
      /^log\.csv row 200000\d: invalid: the last of 2 MB of blank/,
    ],
    ['a NUL in the header', { 'log.csv': 'user,item,time,x\0\nu,a,1,2\n' }, /^log\.csv row 1: invalid: a NUL byte/],
    [
      'a NUL',
      { 'log.csv': `${header}u,a,1\nu,"a\0b",2\n` },
      /^log\.csv row 3: invalid: a NUL byte, expected text in UTF-8$/,
    ],
    [
      'Latin-1',
      { 'log.csv': Buffer.from(`${header}u,a,1\nu,caf\xe9,2\n`, 'latin1') },
      /^log\.csv row 3: invalid: bytes that are no UTF-8/,
    ],
    [
      'a letter cut at the end',
      { 'log.csv': Buffer.from(`${header}u,a,1\nu,b,1\xc3`, 'latin1') },
      /^log\.csv row 3: invalid: bytes/,
    ],
    [
      'UTF-16',
      { 'log.csv': Buffer.from(`\uFEFF${header}u,a,1\n`, 'utf16le') },
      /^log\.csv: unsupported: UTF-16 text, expected text in UTF-8/,
    ],
    ['a flipped bit in gzip', { 'log.csv.gz': flipped }, /^log\.csv\.gz: corrupted: .*, expected a whole gzip file$/],
    ['a wrong sum in gzip', { 'log.csv.gz': wrongSum }, /^log\.csv\.gz: corrupted: incorrect data check/],
    ['a cut gzip', { 'log.csv.gz': packed.subarray(0, -4) }, /^log\.csv\.gz: corrupted: unexpected end of file/],
    ['an empty gzip', { 'log.csv.gz': new Uint8Array() }, /^log\.csv\.gz: corrupted: an empty file/],
    ['text called gzip', { 'log.csv.gz': Buffer.from(header) }, /^log\.csv\.gz: corrupted: incorrect header check/],
    ['gzip called text', { 'log.csv': packed }, /^log\.csv: unsupported: a gzip file.*let its name end in \.gz$/],
    ['a spreadsheet', { 'log.csv': Buffer.from('PK\x03\x04') }, /^log\.csv: unsupported: a ZIP archive or spreadsheet/],
    ['Zstandard', { 'log.csv.zst': 'x' }, /log\.csv\.zst: unsupported: .*\. unpack it, or pack it with gzip$/],
    ['nothing below the header', { 'log.csv': header }, /^log\.csv: empty: no record$/],
    [
      'an id of spaces',
      { 'log.csv': `${header}u,  ,1\n` },
      /^log\.csv row 2, column "item": missing: "  ", expected an id$/,
    ],
    [
      'an id behind a byte order mark',
      { 'log.csv': `${header}u,\uFEFFa,1\nu,a,2\n` },
      /^log\.csv row 2, column "item": invalid: .*an invisible byte order mark \(U\+FEFF\)$/,
    ],
    ['a column twice', { 'log.csv': 'user,item,time,Item\nu,a,1,2\n' }, /^log\.csv: duplicate: column "Item"/],
    [
      'no header',
      { 'log.csv': 'u,a,1\nu,b,2\n' },
      /^log\.csv: missing: column "time" or .*, expected one of "u", "a", "1"/,
    ],
    ['too many columns', { 'log.csv': `${wide}\n` }, /^log\.csv: unsupported: 10001 columns, expected at most 10000$/],
    ['semicolons', { 'log.csv': 'user;item;time\nu;a;1\n' }, /set events\.delimiter to ';' in the mapping$/],
    [
      'a line for Excel',
      { 'log.csv': 'sep=;\nuser;item;time\n' },
      /^log\.csv row 1: unsupported: sep=;, expected the header/,
    ],
    ['tabs', { 'log.csv': 'user\titem\ttime\nu\ta\t1\n' }, /set events\.delimiter to "\\t" in the mapping$/],
  ])('%s', async (_, files, sentence) => {
    await expect(prepareFiles(files, { events: Object.keys(files) })).rejects.toThrow(sentence)
  })

  it.each<[string, string, MappingInput, RegExp]>([
    ['an item table with bars', 'id|title\na|b\n', {}, /set items\.delimiter to '\|' in the mapping$/],
    [
      'names in the mapping',
      'a,b\nc\n',
      { items: { columns: ['id', 'title'] } },
      /^items\.csv row 2: invalid: 1 cell, expected 2 as in `columns`/,
    ],
  ])('%s', async (_, items, mapping, sentence) => {
    const files = { 'log.csv': `${header}u,a,1\n`, 'items.csv': items }
    await expect(prepareFiles(files, { events: 'log.csv', items: 'items.csv', mapping })).rejects.toThrow(sentence)
  })

  it.each<[string, Record<string, string>, RegExp]>([
    [
      'two headers',
      { 'a.csv': `${header}u,a,1\n`, 'b.csv': 'item,user,time\nb,u,2\n' },
      /^b\.csv: mismatched: the columns item/,
    ],
    [
      'two formats',
      { 'a.csv': `${header}u,a,1\n`, 'b.jsonl': '{"user":1}\n' },
      /^b\.jsonl: mismatched: jsonl, expected csv, as a/,
    ],
  ])('%s', async (_, files, sentence) => {
    await expect(prepareFiles(files, { events: Object.keys(files) })).rejects.toThrow(sentence)
  })

  it('by their row in their own file, below blank lines and cells with line breaks', async () => {
    const files = {
      'a.csv': `${header}u,a,1\n`,
      'b.csv': `\uFEFF${header}u,b,"\n1"\r\n\nu,"c",2\n\n\nu,d,soon\n`,
      'c.csv': `${header}u,e,later\n`,
    }
    const mapping: MappingInput = { events: { timeUnit: 'seconds' } }
    await expect(prepareFiles(files, { events: Object.keys(files), mapping })).rejects.toThrow(
      /^b\.csv row 8, column "time": invalid: "soon"/,
    )
  })

  it('a file named twice, a folder, and a pipe that nobody writes to', async () => {
    using folder = temporaryFolder()
    const file = folder.write({ 'log.csv': `${header}u,a,1\n` })
    const [shelf, pipe, out] = ['shelf.csv', 'pipe.csv', 'out'].map((name) => join(folder.path, name)) as [
      string,
      string,
      string,
    ]
    mkdirSync(shelf)
    execFileSync('sh', ['-c', `mkfifo '${pipe}'`])
    await expect(prepareDataset({ events: [file, file], out })).rejects.toThrow(
      /log\.csv: duplicate: the file is named/,
    )
    await expect(prepareDataset({ events: [file, join(folder.path, 'log*')], out })).rejects.toThrow(
      /the file is named/,
    )
    await expect(prepareDataset({ events: 'gs://shop/log.csv', out })).rejects.toThrow(
      /csv: unsupported: a remote file/,
    )
    await expect(prepareDataset({ events: shelf, out })).rejects.toThrow(/shelf\.csv: unsupported: a folder, expected/)
    await expect(prepareDataset({ events: pipe, out })).rejects.toThrow(/pipe\.csv: unsupported: a pipe or device/)
    await expect(prepareDataset({ events: '/dev/zero', out })).rejects.toThrow(/zero: unsupported: a pipe or device/)
  })
})
