import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { paintedPicture } from '../../../test/fixtures/painted-picture.ts'
import { tinyModel } from '../../../test/fixtures/tiny-models.ts'
import { buildGraph } from '../../onnx/graph.ts'
import { constant, input } from '../../tensor/node.ts'
import { take } from '../../tensor/primitives.ts'
import { normalizeRows } from '../encoder.ts'
import type { KeptEncoder } from '../kept-encoder.ts'
import { type ModelFolder, openModelFolder } from './model-folder.ts'
import { openTextTower } from './text-tower.ts'
import { openTokens } from './tokens.ts'
import { openVisionTower } from './vision-tower.ts'

const place = mkdtempSync(join(tmpdir(), 'siftrec-towers-'))
afterAll(() => rmSync(place, { recursive: true, force: true }))

/** A copy of a model's folder, with other files. */
function changed(name: string, model: 'tiny-clip' | 'tiny-siglip', files: Record<string, object | null>): ModelFolder {
  const folder = join(place, name)
  cpSync(tinyModel(model).folder, folder, { recursive: true })
  for (const [file, content] of Object.entries(files)) {
    if (content === null) rmSync(join(folder, file))
    else writeFileSync(join(folder, file), JSON.stringify(content))
  }
  return openModelFolder(folder)
}

const unit = (row: readonly number[]): Float32Array => normalizeRows(Float32Array.from(row), 1)
const farthest = (found: Float32Array, rows: readonly (readonly number[])[]): number =>
  rows.reduce((most, row, at) => {
    const right = unit(row)
    return right.reduce((m, value, x) => Math.max(m, Math.abs(value - (found[at * row.length + x] as number))), most)
  }, 0)

async function encodeAll<Prepared>(encoder: KeptEncoder<Prepared>, contents: readonly Uint8Array[]) {
  const prepared = await Promise.all(contents.map((content) => encoder.prepare(content)))
  return encoder.encode(prepared as Prepared[])
}
const pictures = (sizes: readonly (readonly [number, number])[]) =>
  Promise.all(sizes.map(([width, height], seed) => paintedPicture(width, height, seed)))

describe.each(['tiny-clip', 'tiny-siglip'] as const)('%s', (name) => {
  const { folder: path, expected } = tinyModel(name)
  const folder = openModelFolder(path)

  it('gives Python’s vectors of pictures', async () => {
    await using tower = (await openVisionTower(folder))!
    expect(tower.width).toBe(16)
    expect(tower.name).toMatch(/^clip-image-1 \(vision_model\.onnx, sha256 [0-9a-f]{16}, 16\)$/)
    expect(farthest(await encodeAll(tower, await pictures(expected.sizes)), expected.image)).toBeLessThan(1e-5)
  })

  it('gives Python’s tokens, and its vectors of texts, alone or in a batch', async () => {
    const tokens = await openTokens(folder)
    const padded = expected.texts.map((text) => {
      const ids = tokens.ids(text)
      return [...ids, ...Array(expected.ids[0]!.length - ids.length).fill(tokens.padding)]
    })
    expect(padded).toEqual(expected.ids)
    await using tower = (await openTextTower(folder))!
    const contents = expected.texts.map((text) => Buffer.from(text))
    expect(farthest(await encodeAll(tower, contents), expected.text)).toBeLessThan(1e-5)
    for (const [at, content] of contents.entries())
      expect(farthest(await encodeAll(tower, [content]), [expected.text[at]!])).toBeLessThan(1e-5)
  })
})

describe('a model', () => {
  const { expected, folder: path } = tinyModel('tiny-clip')
  const folder = openModelFolder(path)

  it('is read in 8 bits where that is asked for, or where nothing else is there', async () => {
    await using exact = (await openVisionTower(folder))!
    await using rounded = (await openVisionTower(folder, { precision: 'quantized' }))!
    expect(rounded.name).toContain('vision_model_quantized.onnx')
    expect(rounded.fingerprint).not.toBe(exact.fingerprint)
    const found = await encodeAll(rounded, await pictures(expected.sizes))
    expect(farthest(found, expected.image)).toBeLessThan(0.1)
    expect(farthest(found, expected.image)).toBeGreaterThan(1e-5)
    const small = changed('small', 'tiny-clip', { 'onnx/text_model.onnx': null })
    await using text = (await openTextTower(small))!
    expect(text.name).toContain('text_model_quantized.onnx')
    await expect(openTextTower(small, { precision: 'fp32' })).rejects.toThrow(
      /text_model\.onnx: missing: fp32, expected its file in the folder, which has quantized/,
    )
  })

  it('has another fingerprint with another preprocessing or vocabulary', async () => {
    const read = (file: string): object => JSON.parse(readFileSync(join(path, file), 'utf8')) as object
    const other = changed('other', 'tiny-clip', {
      'preprocessor_config.json': { ...read('preprocessor_config.json'), resample: 2 },
      'tokenizer_config.json': { ...read('tokenizer_config.json'), model_max_length: 12 },
    })
    await using vision = (await openVisionTower(folder))!
    await using otherVision = (await openVisionTower(other))!
    expect(otherVision.fingerprint).not.toBe(vision.fingerprint)
    await using text = (await openTextTower(folder))!
    await using otherText = (await openTextTower(other))!
    expect(otherText.fingerprint).not.toBe(text.fingerprint)
  })

  describe('of texts alone', () => {
    /** A model whose tokens have vectors of their own, as `onnx/model.onnx`, for texts of three tokens, one a batch. */
    function lone(name: string, files: Record<string, object>): ModelFolder {
      const table = Float32Array.from({ length: 35 * 2 }, (_, at) => (at % 2 === 0 ? Math.floor(at / 2) : 10))
      const vectors = take(constant(table, [35, 2]), input('input_ids', [1, 3], 'int64'))
      const without = { 'onnx/vision_model.onnx': null, 'onnx/text_model.onnx': null }
      const made = changed(name, 'tiny-siglip', { ...without, 'config.json': { model_type: 'bert' } })
      mkdirSync(join(made.path, '1_Pooling'))
      for (const [file, content] of Object.entries(files)) writeFileSync(join(made.path, file), JSON.stringify(content))
      writeFileSync(join(made.path, 'onnx/model.onnx'), buildGraph({ last_hidden_state: vectors }).bytes)
      return openModelFolder(made.path)
    }
    const pooled = (by: string) => ({ '1_Pooling/config.json': { [`pooling_mode_${by}`]: true } })

    it.each([
      ['mean_tokens', (ids: readonly number[]) => ids.reduce((sum, id) => sum + id, 0) / ids.length],
      ['cls_token', (ids: readonly number[]) => ids[0] as number],
    ])('makes one vector of those of the tokens as 1_Pooling says: %s', async (by, right) => {
      const made = lone(by, pooled(by))
      expect(await openVisionTower(made)).toBeUndefined()
      const ids = (await openTokens(made)).ids('b')
      expect(ids).toHaveLength(3)
      await using tower = (await openTextTower(made))!
      expect(farthest(await encodeAll(tower, [Buffer.from('b')]), [[right(ids), 10]])).toBeLessThan(1e-6)
    })

    it('is refused where no file says how, or where a layer after it is missing', async () => {
      await expect(openTextTower(lone('unsaid', {}))).rejects.toThrow(
        /model\.onnx: unsupported: outputs last_hidden_state, expected text_embeds/,
      )
      const more = { ...pooled('mean_tokens'), 'modules.json': [{ type: 'sentence_transformers.models.Dense' }] }
      await expect(openTextTower(lone('dense', more))).rejects.toThrow(/last_hidden_state before a dense layer/)
    })
  })

  it.each([
    [
      'config.json',
      /config\.json, expected the folder of a model as transformers\.js has it\. see docs\/encoders\.md$/,
    ],
    ['tokenizer.json', /missing: tokenizer\.json/],
    ['preprocessor_config.json', /missing: preprocessor_config\.json/],
  ])('without its %s is refused', async (file, message) => {
    const opened = async () => {
      const lacking = changed(`without-${file}`, 'tiny-clip', { [file]: null })
      await openVisionTower(lacking)
      await openTextTower(lacking)
    }
    await expect(opened()).rejects.toThrow(message)
  })

  it('that is no ONNX file is refused', async () => {
    const torn = changed('torn', 'tiny-clip', { 'onnx/vision_model.onnx': { no: 'model' } })
    await expect(openVisionTower(torn)).rejects.toThrow(/vision_model\.onnx: corrupted: .*expected an ONNX model/)
  })
})
