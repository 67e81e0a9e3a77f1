import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../../test/fixtures/prepared-files.ts'
import { loadDataset } from '../../dataset/load.ts'
import type { FeatureTable } from '../../dataset/schema.ts'
import { textEncoder } from '../../features/text.ts'
import type { DatasetChoice } from '../experiment.ts'
import { amazonScientific, locallyReadScientific, meaninglessScientific } from './public-datasets.ts'

/** Three items by row and ASIN; the texts are in another order than the rows. */
const texts = { B2: 'a brass valve', B0: 'nitrile gloves', B1: 'a pipette' }
const rows = { B0: 0, B1: 1, B2: 2 }
const folder = temporaryFolder()
const lines = (...all: string[]): string => `${all.join('\n')}\n`

beforeAll(() => {
  const input = join(folder.path, 'amazon-scientific')
  for (const made of [input, join(folder.path, 'prepared')]) mkdirSync(made)
  const write = (name: string, content: string | Uint8Array): void =>
    writeFileSync(join(input, `Scientific.${name}`), content)
  write('item2index', lines(...Object.entries(rows).map((pair) => pair.join('\t'))))
  write('text', lines('item_id:token\ttext:token_seq', ...Object.entries(texts).map((pair) => pair.join('\t'))))
  for (const [part, target] of [
    ['train', 1],
    ['valid', 2],
    ['test', 0],
  ] as const) {
    const history = { train: '0', valid: '0 1', test: '0 1 2' }[part]
    write(`${part}.inter`, lines('user_id:token\titem_id_list:token_seq\titem_id:token', `0\t${history}\t${target}`))
  }
  const vectors = new Uint8Array(Float32Array.from({ length: 3 * 512 }, (_, at) => 1 + Math.floor(at / 512)).buffer)
  for (const name of ['feat1CLS', 'feat3CLS']) write(name, vectors)
})
afterAll(() => folder[Symbol.dispose]())

async function features(
  choice: DatasetChoice,
): Promise<{ text: FeatureTable; image: FeatureTable; row: (id: number) => number }> {
  const recipe = choice.recipe(1)
  const out = join(folder.path, 'prepared', recipe.name)
  await recipe.make(out)
  const { features, catalog } = await loadDataset(out)
  return { ...(features as { text: FeatureTable; image: FeatureTable }), row: (id) => catalog.ids.indexOf(String(id)) }
}
const vectorOf = ({ vectors, width }: FeatureTable, row: number): number[] => [
  ...vectors.subarray(row * width, (row + 1) * width),
]

describe('amazon-scientific', () => {
  it('reads each text by its ASIN, not by its line, and keeps the pictures', async () => {
    const { text, image, row } = await features(locallyReadScientific(folder.path))
    const encoder = await textEncoder()
    const { width } = encoder
    const { vectors: expected } = await encoder.encode([texts.B0, texts.B1, texts.B2])
    for (const id of [0, 1, 2]) {
      expect(vectorOf(text, row(id))).toEqual([...expected.subarray(id * width, (id + 1) * width)])
      expect(vectorOf(image, row(id))[0]).toBe(1 + id)
    }
  })

  it('spreads random vectors as the vectors they stand for', async () => {
    const [clip, random] = [
      await features(amazonScientific(folder.path)),
      await features(meaninglessScientific(folder.path)),
    ]
    const square = ({ vectors }: FeatureTable): number => vectors.reduce((sum, value) => sum + value * value, 0)
    for (const modality of ['text', 'image'] as const) {
      // 1,536 squares of normals: a standard error of 4 %.
      expect(square(random[modality]) / square(clip[modality])).toBeCloseTo(1, 0)
      expect(vectorOf(random[modality], 0).every((value) => value === 0)).toBe(true)
    }
    expect(random.text.vectors).not.toEqual(random.image.vectors)
  })
})
