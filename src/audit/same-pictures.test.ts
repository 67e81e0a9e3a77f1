import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { randomStream } from '../random/stream.ts'
import { drawPicture } from '../simulate/picture.ts'
import { tinyDataset } from '../testing/tiny-dataset.ts'
import { samePictures } from './same-pictures.ts'

const folder = mkdtempSync(join(tmpdir(), 'siftrec-same-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const draw = (style: number, seed: number) => drawPicture(style, randomStream(seed, 'look'))

// Item 2 has the picture of item 1, smaller and as a JPEG; item 4 has that of item 3 under the same title. Items 5 and
// 6 are of one style; item 7's file is no picture.
beforeAll(async () => {
  const [first, second] = [await draw(1, 1), await draw(2, 2)]
  const files = [
    first,
    await sharp(first).resize(48).jpeg({ quality: 70 }).toBuffer(),
    second,
    second,
    await draw(3, 3),
    await draw(3, 4),
    'words',
  ]
  for (const [at, bytes] of files.entries()) writeFileSync(join(folder, `${at + 1}.png`), bytes)
})

describe('one picture under several titles', () => {
  it('is found in another size and format, not among pictures that are alike, nor under one title', async () => {
    const titles = ['kettle', 'jacket', 'lamp', 'Lamp ', 'five', 'six', 'seven']
    const dataset = tinyDataset({ events: [], items: 7, titles })
    const pictures = { of: (item: number) => join(folder, `${item}.png`), count: 7 }
    expect(await samePictures(dataset, pictures)).toEqual([[1, 2]])
  })
})
