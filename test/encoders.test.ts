import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadDataset } from '../src/dataset/load.ts'
import { paintedPicture } from './fixtures/painted-picture.ts'
import { inProcess, succeedHere, workplace } from './fixtures/siftrec.ts'

const place = workplace()
const clip = resolve('test/fixtures/tiny-clip')

/** A shop of three items, of which two have pictures. */
async function writeShop(): Promise<void> {
  mkdirSync(join(place, 'pictures'))
  for (const item of [1, 2]) writeFileSync(join(place, 'pictures', `${item}.png`), await paintedPicture(40, 60, item))
  const events = Array.from({ length: 18 }, (_, at) => `u${at % 3},${(at % 3) + 1},${1_600_000_000 + at}`)
  writeFileSync(join(place, 'events.csv'), `user,item,time\n${events.join('\n')}\n`)
  writeFileSync(join(place, 'items.csv'), 'id,title\n1,the story\n2,to the store\n3,a toy\n')
}

const files = ['--events', 'events.csv', '--items', 'items.csv', '--images', 'pictures']
const prepare = (out: string, ...more: string[]): string[] => ['prepare', ...files, '--out', out, ...more]

describe('siftrec prepare --encoder clip', () => {
  it('writes vectors where the local encoder’s lie, and labels as a field; the second time all is known', async () => {
    await writeShop()
    const flags = ['--encoder', 'clip', '--model', clip, '--cache', 'cache', '--labels', 'toy,story']
    const first = await succeedHere(prepare('shop', ...flags), place)
    expect(first.stderr).toMatch(/pictures: 2 encoded/)
    expect(first.stderr).toMatch(/image: vectors for 2 of 3 items \(clip-image-1 \(vision_model\.onnx, sha256 /)
    const dataset = await loadDataset(join(place, 'shop'))
    expect(dataset.manifest.features).toMatchObject({
      image: { width: 16, present: 2 },
      text: { width: 16, present: 3 },
    })
    expect(Object.keys(dataset.catalog.fields)).toEqual(['category'])
    expect(dataset.catalog.fields['category']!.vocabulary.slice(1).every((name) => /^(toy|story)$/.test(name))).toBe(
      true,
    )
    const second = await succeedHere(prepare('again', ...flags, '--label-field', 'kind'), place)
    expect(second.stderr).toMatch(/pictures: 0 encoded; 2 were known/)
    const again = await loadDataset(join(place, 'again'))
    expect(again.features.image!.vectors).toEqual(dataset.features.image!.vectors)
    expect(Object.keys(again.catalog.fields)).toEqual(['kind'])
  })

  it.each([
    [['--encoder', 'clip'], /^--encoder: invalid: clip without --model, expected clip with the folder of a model$/],
    [['--model', clip], /^--encoder: invalid: local with --model, expected clip with that$/],
    [['--cache', 'x'], /^--encoder: invalid: local with --cache, expected clip or sentence with that$/],
    [['--encoder', 'precomputed'], /^--encoder: invalid: precomputed without --text-features or --image-features/],
    [['--encoder', 'clip', '--model', 'nowhere'], /^--model: missing: "nowhere", expected a folder with a model/],
    [
      ['--encoder', 'clip', '--model', `a/b@${'0'.repeat(40)}`],
      /^--model: missing: "a\/b@0+", expected a fetched model\. fetch it first: siftrec model fetch a\/b@0+$/,
    ],
    [['--encoder', 'clip', '--model', 'a/b@main'], /^model a\/b: invalid: revision "main", expected a commit of 40/],
    [['--encoder', 'clip', '--model', clip, '--label-field', 'x'], /^--label-field: invalid: without --labels/],
    [['--encoder', 'clip', '--model', clip, '--labels', 'one'], /^--labels: invalid: "one", expected two labels/],
    [
      ['--encoder', 'clip', '--model', clip, '--labels', 'a,b', '--label-prompt', 'a'],
      /^--label-prompt: invalid: "a", expected a sentence with \{\}/,
    ],
  ])('refuses %j in a sentence', async (flags, message) => {
    const { code, stderr } = await inProcess(prepare('refused', ...flags), place)
    expect(stderr.trim()).toMatch(message)
    expect(code).toBe(2)
  })

  it('refuses labels as a field that the items have, before anything is encoded', async () => {
    writeFileSync(
      join(place, 'items.csv'),
      readFileSync(join(place, 'items.csv'), 'utf8')
        .replace('title', 'title,category')
        .replaceAll(/(?<=[a-z])$/gm, ',x')
        .replace('category,x', 'category'),
    )
    const flags = ['--encoder', 'clip', '--model', clip, '--cache', 'cache', '--labels', 'toy,story']
    const { stderr } = await inProcess(prepare('twice', ...flags), place)
    expect(stderr.trim()).toMatch(/^field "category": duplicate: the items have it already.*--label-field$/m)
    expect(stderr).not.toContain('encoded')
  })
})

describe('siftrec prepare --encoder sentence', () => {
  it('encodes titles by meaning and pictures by looks, and keeps the vectors of titles', async () => {
    const flags = ['--encoder', 'sentence', '--cache', 'cache']
    const { stderr } = await succeedHere(prepare('sentences', ...flags), place)
    expect(stderr).toMatch(/titles: 3 encoded/)
    expect(stderr).toMatch(/text: vectors for 3 of 3 items \(sentence-1 \(Universal Sentence Encoder lite, English/)
    expect(stderr).toMatch(/image: vectors for 2 of 3 items \(local-image-2/)
    const again = await succeedHere(prepare('sentences-again', ...flags), place)
    expect(again.stderr).toMatch(/titles: 0 encoded/)
  })
})

describe('siftrec model fetch', () => {
  it('asks for the address of a hub, which is written nowhere in it', async () => {
    const { code, stderr } = await inProcess(['model', 'fetch', `a/b@${'0'.repeat(40)}`], place)
    expect(stderr.trim()).toMatch(/^--endpoint: missing: the address of your model hub\. give it as .*SIFTREC_HUB$/)
    expect(code).toBe(2)
  })
})
