/** @file Mappings, vectors, JSON files of ours and pictures: as they should be, strange, and damaged. */
import { cpSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { loadDataset } from '../../../src/dataset/load.ts'
import { localFeatures } from '../../../src/features/local.ts'
import { precomputedFeatures } from '../../../src/features/precomputed.ts'
import { prepareDataset } from '../../../src/prepare/prepare.ts'
import type { RandomStream } from '../../../src/random/stream.ts'
import { recommend } from '../../../src/rank/recommend.ts'
import { openRun } from '../../../src/runs/open-run.ts'
import { trainRun } from '../../../src/runs/train-run.ts'
import { encodeSafetensors } from '../../../src/storage/safetensors.ts'
import { type CaseMaker, chance, damage, type FuzzCase, pick } from './case.ts'

const log = 'who,what,when,kind,stars\nu1,a,1700000000,view,5\nu1,b,1700000100,buy,2\nu2,a,1700000200,view,4\n'
const catalog = 'id,title,shade\na,red chair,red\nb,blue lamp,blue\n'
/** A mapping that reads the log, by its keys; each may be left out or spoilt. */
const mapping: readonly (readonly [key: string, yaml: string])[] = [
  ['name', 'name: shop'],
  ['events', 'events: {user: who, item: what, time: when, behavior: kind}'],
  ['behaviors', 'behaviors: [view, buy]'],
  ['target', 'target: buy'],
  ['items', 'items: {fields: {shade: shade}}'],
  ['filters', 'filters: {minimumEventsPerUser: 0}'],
  ['candidates', 'candidates: untargeted'],
]
const strange = [
  'a: &a [*a]',
  '&a {b: *a}',
  '[]',
  '7',
  'null',
  '~',
  '"text"',
  '{}',
  '[[[[[[[[[[]]]]]]]]]]',
  '!!js/function "x"',
  '!!binary aGk=',
  '{__proto__: {a: 1}}',
  '{constructor: 1}',
  '1e999',
  '-.inf',
  '.nan',
  '0x7fffffffffffffff',
  '2024-01-31',
  'yes',
  '{a: 1, a: 2}',
  `"${'x'.repeat(5000)}"`,
  `[${Array.from({ length: 300 }, (_, at) => `b${at}`).join(', ')}]`,
  '{user: [who]}',
  '{delimiter: ""}',
  '{delimiter: "\\n"}',
  "{delimiter: '\"'}",
  "{timeFormat: '%Q'}",
  "{timeFormat: ''}",
  '{when: "stars >> 3"}',
  '{format: exe}',
  '{files: [/dev/zero]}',
  '{files: ../../../../etc/passwd}',
  '{user: "who; DROP TABLE x"}',
  '{user: "who\'"}',
  '[{name: view, when: "stars >= "}]',
  '[{name: "a\\nb"}]',
]

const datasetText = async (folder: string): Promise<string> => {
  const { folder: _, manifest, ...dataset } = await loadDataset(folder)
  return JSON.stringify({ ...dataset, counts: manifest.counts, behaviors: manifest.behaviors, target: manifest.target })
}

/** Mappings in YAML. */
export const yaml: CaseMaker = (random) => {
  const read = async (folder: string): Promise<string> => {
    const paths = { events: join(folder, 'log.csv'), items: join(folder, 'items.csv'), mapping: join(folder, 'm.yaml') }
    const out = join(folder, 'out')
    await prepareDataset({ ...paths, out, allowDropped: true })
    const { events, manifest } = await loadDataset(out)
    return `${events.item.length} events, ${manifest.behaviors.join()}`
  }
  const files = (text: string | Uint8Array) => ({ 'log.csv': log, 'items.csv': catalog, 'm.yaml': text })
  const whole = mapping.map(([, line]) => line).sort(() => random.uniform() - 0.5)
  if (chance(random, 0.15)) {
    const text = whole.join(pick(random, ['\n', '\r\n', '\n\n# a note\n']))
    return { what: 'a mapping', files: files(text), read, truth: '3 events, view,buy', mayRefuse: false }
  }
  if (chance(random, 0.4)) {
    const { bytes, how } = damage(random, new TextEncoder().encode(whole.join('\n')))
    return { what: `a mapping, ${how}`, files: files(bytes), read, truth: 'unknown', mayRefuse: true }
  }
  const at = random.integer(mapping.length)
  const value = pick(random, strange)
  const [key] = mapping[at] as readonly [string, string]
  const lines = mapping.map(([, line], index) => (index === at ? `${key}: ${value}` : line))
  return {
    what: `a mapping with ${key}: ${value.slice(0, 80)}`,
    files: files(lines.join('\n')),
    read,
    truth: 'unknown',
    mayRefuse: true,
  }
}

/** Vectors in safetensors, ours and others'. */
export const vectors: CaseMaker = (random) => {
  const width = 1 + random.integer(8)
  const values = Float32Array.from({ length: 2 * width }, () => random.normal())
  const ours = chance(random, 0.5)
  const whole = ours
    ? encodeSafetensors({ vectors: { shape: [2, width], data: values } }, { format: 'siftrec-vectors' })
    : othersSafetensors(random, values, width)
  const read = async (folder: string): Promise<string> => {
    const features = precomputedFeatures({ text: { vectors: join(folder, 'v.safetensors'), ids: join(folder, 'ids') } })
    const paths = { events: join(folder, 'log.csv'), items: join(folder, 'items.csv'), mapping: join(folder, 'm.yaml') }
    await prepareDataset({ ...paths, out: join(folder, 'out'), features, allowDropped: true })
    return (await loadDataset(join(folder, 'out'))).features.text?.vectors.join() ?? 'none'
  }
  const text = mapping.map(([, line]) => line).join('\n')
  const files = { 'log.csv': log, 'items.csv': catalog, 'm.yaml': text, ids: 'a\nb\n' }
  const truth = [...new Float32Array(width), ...values].join()
  if (chance(random, 0.25))
    return { what: 'vectors', files: { ...files, 'v.safetensors': whole }, read, truth, mayRefuse: false }
  const { bytes, how } = damage(random, whole)
  return {
    what: `vectors${ours ? ' of ours' : ''}, ${how}`,
    files: { ...files, 'v.safetensors': bytes },
    read,
    truth: ours ? truth : 'unknown',
    mayRefuse: true,
  }
}

/** A file as another program writes it: without a hash, sometimes with a strange header. */
function othersSafetensors(random: RandomStream, values: Float32Array, width: number): Uint8Array {
  const header = JSON.stringify({ vectors: { dtype: 'F32', shape: [2, width], data_offsets: [0, values.byteLength] } })
  const text = header.padEnd(header.length + random.integer(16))
  const bytes = Buffer.alloc(8 + text.length + values.byteLength)
  bytes.writeBigUInt64LE(BigInt(text.length))
  bytes.write(text, 8)
  Buffer.from(values.buffer).copy(bytes, 8 + text.length)
  return bytes
}

/** A dataset and a run of it, made once a process. */
let made: Promise<{ folder: string; data: string; list: string }> | undefined
function runOfOurs(): Promise<{ folder: string; data: string; list: string }> {
  made ??= (async () => {
    const folder = mkdtempSync(join(tmpdir(), 'siftrec-fuzz-run-'))
    const { writeTinyShop } = await import('../../fixtures/tiny-shop.ts')
    writeTinyShop(folder)
    const data = join(folder, 'data')
    await prepareDataset({ events: join(folder, 'events.csv'), mapping: join(folder, 'shop.yaml'), out: data })
    await trainRun({ model: 'popularity', dataset: await loadDataset(data), out: join(folder, 'run') })
    return { folder, data: await datasetText(data), list: await listOf(join(folder, 'run')) }
  })()
  return made
}
async function listOf(run: string): Promise<string> {
  await using opened = await openRun(run)
  return JSON.stringify(await recommend(opened, 'u1', { top: 5 }))
}

/** `manifest.json` and `run.json`. */
export const json: CaseMaker = async (random): Promise<FuzzCase> => {
  const { folder: home, data, list } = await runOfOurs()
  const [from, file] = pick(random, [
    ['data', 'manifest.json'],
    ['run', 'run.json'],
  ] as const)
  const whole = readFileSync(join(home, from, file))
  const { bytes, how } = chance(random, 0.6) ? damage(random, whole) : changed(random, whole.toString())
  return {
    what: `${file}, ${how}`,
    files: { [file]: bytes },
    async read(folder) {
      const copied = join(folder, from)
      cpSync(join(home, from), copied, { recursive: true })
      cpSync(join(folder, file), join(copied, file))
      return from === 'data' ? await datasetText(copied) : await listOf(copied)
    },
    truth: from === 'data' ? data : list,
    mayRefuse: true,
  }
}

/** A value of a JSON text replaced by another kind of value. */
function changed(random: RandomStream, text: string): { bytes: Uint8Array; how: string } {
  const values = [...text.matchAll(/: ("[^"]*"|-?\d+|\[\]|\{\}|null|true|false)/g)]
  const { index, 0: found, 1: value = '' } = pick(random, values)
  const by = pick(random, [
    'null',
    '-1',
    '1e999',
    '[]',
    '{}',
    '"x"',
    '""',
    '7',
    '1e9',
    '"../../x"',
    'true',
    '{"__proto__": 1}',
    '['.repeat(5000),
  ])
  const start = index + found.length - value.length
  return {
    bytes: new TextEncoder().encode(text.slice(0, start) + by + text.slice(start + value.length)),
    how: `${value.slice(0, 20)} replaced by ${by.slice(0, 20)}`,
  }
}

/** Pictures in a catalog: whatever they are, the log is read, and broken ones are told. */
export const pictures: CaseMaker = async (random) => {
  const kind = pick(random, ['png', 'jpeg', 'webp', 'gif', 'tiff', 'svg', 'text', 'nothing'] as const)
  const size = 1 + random.integer(40)
  const drawn = sharp({
    create: { width: size, height: 1 + random.integer(40), channels: pick(random, [3, 4]), background: 'red' },
  })
  const whole =
    kind === 'svg'
      ? Buffer.from(
          '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="file:///etc/passwd"/></svg>',
        )
      : kind === 'text'
        ? Buffer.from('no picture')
        : kind === 'nothing'
          ? Buffer.alloc(0)
          : await drawn.toFormat(kind).toBuffer()
  const { bytes, how } = chance(random, 0.8) ? damage(random, whole) : { bytes: whole, how: 'whole' }
  const text = mapping.map(([, line]) => (line.startsWith('items') ? "items: {image: '{id}.*'}" : line)).join('\n')
  return {
    what: `a picture (${kind}), ${how}`,
    files: {
      'log.csv': log,
      'items.csv': catalog,
      'm.yaml': text,
      [`images/a.${kind === 'text' || kind === 'nothing' ? 'jpg' : kind}`]: bytes,
    },
    async read(folder) {
      const paths = {
        events: join(folder, 'log.csv'),
        items: join(folder, 'items.csv'),
        mapping: join(folder, 'm.yaml'),
      }
      const out = join(folder, 'out')
      await prepareDataset({
        ...paths,
        images: join(folder, 'images'),
        out,
        features: localFeatures(),
        allowDropped: true,
      })
      const { events, catalog: items, features } = await loadDataset(out)
      if (features.image?.vectors.some((value) => !Number.isFinite(value))) return 'vectors that are no numbers'
      return `${events.item.length} events of ${items.ids.length - 1} items`
    },
    truth: '3 events of 2 items',
    mayRefuse: false,
  }
}
