/** @file What is served, for whoever asks. */
import type { Field } from '../dataset/schema.ts'
import type { OpenRun } from '../runs/open-run.ts'
import { fingerprintOf } from '../runs/run-settings.ts'
import { runName } from './answering.ts'
import type { About, RunAbout } from './service.ts'
import type { Serving } from './serving.ts'

/** The most values of a field that are told. */
const toldValues = 100

/** See `Service.about`. */
export function aboutServing({ dataset, listings, pictures, modalities, stages }: Serving, store: string): About {
  const { manifest, userIds } = dataset
  const { catalog } = listings.last
  const fields = Object.entries(catalog.fields).map(([name, field]) => [name, frequentValues(field)] as const)
  return {
    dataset: manifest.name,
    ...(manifest.noun && { noun: manifest.noun }),
    items: catalog.ids.length - 1,
    users: userIds.length - 1,
    behaviors: manifest.behaviors,
    target: manifest.target,
    fields: Object.fromEntries(fields),
    numbers: Object.keys(catalog.numbers ?? {}),
    modalities: ['id', ...modalities],
    pictures: pictures.count > 0,
    ...(stages.retrieve && { retrieve: aboutRun(stages.retrieve.run) }),
    ...(stages.rank && { rank: aboutRun(stages.rank.run) }),
    store,
  }
}

/** The values of most items first; without the unknown one, and those that no item has now. */
function frequentValues({ values, vocabulary }: Field): string[] {
  const counts = new Int32Array(vocabulary.length)
  for (const value of values) counts[value] = (counts[value] as number) + 1
  return Array.from(counts, (count, value) => ({ count, value }))
    .filter(({ count, value }) => count > 0 && value > 0)
    .sort((a, b) => b.count - a.count || a.value - b.value)
    .slice(0, toldValues)
    .map(({ value }) => vocabulary[value] as string)
}

const aboutRun = (open: OpenRun): RunAbout => ({
  name: runName(open),
  model: open.run.model,
  fingerprint: fingerprintOf(open.run),
  trained: open.trained,
})
