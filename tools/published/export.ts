/**
 * @file Writes a dataset, as it is split, for programs that are not ours:
 * `node --import tsx tools/published/export.ts next-item|clicks DATASET OUT`.
 *
 * next-item: `train.tsv` has a user a line, the items of the training events; `validation.tsv` and `test.tsv` have a
 * target a line, the user's earlier items and the item that came, in the order of our ranks. Items are numbers from 1.
 * clicks: `train.tsv`, `validation.tsv` and `test.tsv` have a sample a line, in the order of our probabilities: label,
 * user, candidate, the items before it. `items.tsv` and `users.tsv` have the row of each in our tables of embeddings,
 * from number 0 on: 0 pads, 1 is shared by all that training hardly knows.
 * Both: `about.json` has the counts, `image.f32` and `text.f32` a row of numbers an item, zeros for row 0 and missing
 * ones.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ClickSplitConfig, clickSamples } from '../../src/dataset/click-samples.ts'
import { historyBefore } from '../../src/dataset/histories.ts'
import { loadDataset } from '../../src/dataset/load.ts'
import type { Dataset } from '../../src/dataset/schema.ts'
import { splitDataset } from '../../src/dataset/splits.ts'
import { splitSettings } from '../../src/runs/task-options.ts'

const parts = ['train', 'validation', 'test'] as const
const [kind, folder, out] = process.argv.slice(2)
if ((kind !== 'next-item' && kind !== 'clicks') || folder === undefined || out === undefined)
  throw new Error('usage: export.ts next-item|clicks DATASET OUT')

const dataset = await loadDataset(folder)
mkdirSync(out, { recursive: true })
const tables = kind === 'clicks' ? writeSamples(dataset) : writeTargets(dataset)
for (const [modality, { vectors }] of Object.entries(dataset.features))
  writeFileSync(join(out, `${modality}.f32`), new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength))
const { manifest, catalog, userIds, features } = dataset
const widths = Object.fromEntries(Object.entries(features).map(([modality, { width }]) => [modality, width]))
const about = { name: manifest.name, items: catalog.ids.length - 1, users: userIds.length - 1, widths, ...tables }
writeFileSync(join(out, 'about.json'), `${JSON.stringify(about)}\n`)

function writeTargets({ events, userIds, ...rest }: Dataset): object {
  const split = splitDataset({ events, userIds, ...rest })
  const users = Array.from(userIds.keys()).slice(1)
  const trained = (user: number): Int32Array => events.item.subarray(events.start[user], split.trainEnd[user])
  write('train', users.map(trained).map(joined))
  for (const part of ['validation', 'test'] as const) {
    const lines = Array.from(split[part], (row) => {
      const { item } = historyBefore(events, events.user[row] as number, events.time[row] as number)
      return `${joined(item)}\t${events.item[row]}`
    })
    write(part, lines)
  }
  return {}
}

function writeSamples(dataset: Dataset): object {
  const samples = clickSamples(dataset, splitSettings('din', dataset, {}) as ClickSplitConfig)
  const { columns, user, item, label, end, vocabulary } = samples
  for (const part of parts) {
    const lines = Array.from(samples[part], (at) => {
      const history = columns.item.subarray(columns.start[user[at] as number], end[at])
      return [label[at], user[at], item[at], joined(history)].join('\t')
    })
    write(part, lines)
  }
  write('items', Array.from(vocabulary.itemRow, String))
  write('users', Array.from(vocabulary.userRow, String))
  return { itemRows: vocabulary.itemRows, userRows: vocabulary.userRows }
}

function write(name: string, lines: readonly string[]): void {
  writeFileSync(join(out as string, `${name}.tsv`), lines.map((line) => `${line}\n`).join(''))
}

function joined(items: Int32Array): string {
  return Array.from(items).join(' ')
}
