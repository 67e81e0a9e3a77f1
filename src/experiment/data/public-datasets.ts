/** @file The public data sets of experiments, as recipes: which files, which mapping, which vectors. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { wrongImages } from '../../audit/wrong-images.ts'
import type { FeatureMaker, MadeFeatures } from '../../dataset/schema.ts'
import { localFeatures } from '../../features/local.ts'
import { precomputedFeatures } from '../../features/precomputed.ts'
import { sentenceFeatures } from '../../features/sentence.ts'
import { prepareDataset } from '../../prepare/prepare.ts'
import { randomStream } from '../../random/stream.ts'
import type { DatasetChoice } from '../experiment.ts'
import type { DatasetRecipe } from '../harness/dataset-recipe.ts'

/** amazon-scientific with its CLIP vectors, which its item2index joins to the items. */
export const amazonScientific = (root: string): DatasetChoice => ({
  label: 'amazon-scientific',
  recipe() {
    const files = scientificFiles(root)
    return scientificRecipe(files, {
      name: 'amazon-scientific',
      settings: { ...clipSettings, share: 0, seed: 0 },
      features: () => clip(files),
    })
  },
})

/**
 * amazon-scientific where a share of the items, another group of them for each seed, has another item's image vector.
 */
export function noisyScientific(root: string, share: number): DatasetChoice {
  if (share === 0) return amazonScientific(root)
  const percent = Math.round(100 * share)
  return {
    label: `amazon-scientific, ${percent} % wrong images`,
    recipe(seed) {
      const files = scientificFiles(root)
      const features = wrongImages(clip(files), { share, seed })
      return scientificRecipe(files, {
        name: `amazon-scientific-noise${percent}-${seed}`,
        settings: { ...clipSettings, share, seed },
        features: () => features,
      })
    },
  }
}

/** amazon-scientific with its texts by the local encoder in place of CLIP's, and its pictures by CLIP. */
export const locallyReadScientific = (root: string): DatasetChoice =>
  readScientific(root, { by: 'local', encoder: 'the local encoder', features: () => localFeatures() })

/** The same by the sentence encoder. */
export const sentenceReadScientific = (root: string): DatasetChoice =>
  readScientific(root, { by: 'sentence', encoder: 'the sentence encoder', features: sentenceFeatures })

/** @param features of an encoder that may keep vectors in a folder */
const readScientific = (
  root: string,
  { by, encoder, features }: { by: string; encoder: string; features: (cache: string) => FeatureMaker },
): DatasetChoice => ({
  label: `amazon-scientific, texts by ${encoder}`,
  recipe() {
    const files = scientificFiles(root)
    const beside = (out: string): FeatureMaker => {
      const read = features(join(dirname(out), 'vectors'))
      return async (sources) => {
        const textOf = textsOfRows(files)
        const titles = sources.ids.map((id) => textOf.get(id) ?? '')
        const { text } = await read({ ...sources, titles, images: titles.map(() => null) })
        const { image } = await clip(files)(sources)
        return { ...(text && { text }), ...(image && { image }) }
      }
    }
    return scientificRecipe(files, {
      name: `amazon-scientific-${by}`,
      settings: { text: by, image: 'CLIP' },
      features: beside,
    })
  },
})

/**
 * amazon-scientific with normally distributed vectors in place of CLIP's, which say nothing of an item: what content is
 * worth.
 */
export const meaninglessScientific = (root: string): DatasetChoice => ({
  label: 'amazon-scientific, random vectors',
  recipe() {
    const files = scientificFiles(root)
    const features: FeatureMaker = async (sources) => {
      const { text, image } = await clip(files)(sources)
      return { ...(text && { text: meaningless(text, 'text') }), ...(image && { image: meaningless(image, 'image') }) }
    }
    return scientificRecipe(files, {
      name: 'amazon-scientific-random',
      settings: { features: 'random' },
      features: () => features,
    })
  },
})

/** Vectors of the same spread for the same items, in directions that say nothing. */
function meaningless({ table, ...description }: MadeFeatures, modality: string): MadeFeatures {
  const stream = randomStream(1, 'vectors that say nothing', modality)
  const spread = Math.sqrt(
    table.vectors.reduce((sum, value) => sum + value * value, 0) / (table.width * Math.max(1, sumOf(table.present))),
  )
  const vectors = table.vectors.map(() => spread * stream.normal())
  for (const [item, present] of table.present.entries())
    if (!present) vectors.fill(0, item * table.width, (item + 1) * table.width)
  return { ...description, encoder: 'random', table: { ...table, vectors } }
}
const sumOf = (present: Uint8Array): number => present.reduce((sum, one) => sum + one, 0)

interface ScientificFiles {
  readonly input: string
  readonly ids: string
}
const scientificFiles = (root: string): ScientificFiles => {
  const input = join(root, 'amazon-scientific')
  return { input, ids: join(input, 'Scientific.item2index') }
}
const clipSettings = { features: 'CLIP text feat1CLS, image feat3CLS' }

function clip({ input, ids }: ScientificFiles): FeatureMaker {
  const vectors = (name: string) => ({ vectors: join(input, name), ids, width: 512 })
  return precomputedFeatures({ text: vectors('Scientific.feat1CLS'), image: vectors('Scientific.feat3CLS') })
}

/** The text of each item by the row that the split's files name it by. */
function textsOfRows({ input, ids }: ScientificFiles): Map<string, string> {
  const rowOf = new Map(pairsOf(ids))
  return new Map(
    pairsOf(join(input, 'Scientific.text')).flatMap(([asin, text]) =>
      rowOf.has(asin) ? [[rowOf.get(asin) as string, text]] : [],
    ),
  )
}

const pairsOf = (path: string): [string, string][] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [first, second] = line.split('\t')
      return first && second ? [[first, second]] : []
    })

function scientificRecipe(
  { input }: ScientificFiles,
  variant: { name: string; settings: object; features: (out: string) => FeatureMaker },
): DatasetRecipe {
  const mapping = { name: 'amazon-scientific', candidates: 'all' } as const
  const { name, features } = variant
  const settings = { mapping, ...variant.settings }
  return {
    name,
    settings,
    inputs: [input],
    make: (out) => prepareDataset({ source: 'recbole', input, mapping, features: features(out), out }),
  }
}

/** amazon-baby on its published split: title and description by the local encoder where they are known, no pictures. */
export const amazonBaby = (root: string): DatasetChoice => ({
  label: 'amazon-baby',
  recipe() {
    const input = join(root, 'amazon-baby')
    const mapping = { name: 'amazon-baby', candidates: 'all' as const, items: { text: ['description'] } }
    const make = (out: string) => prepareDataset({ source: 'recbole', input, mapping, features: localFeatures(), out })
    return { name: 'amazon-baby', settings: { mapping, encoder: 'local' }, inputs: [input], make }
  },
})

/** ml-latest-small with its posters and titles by the local encoder. */
export const mlLatestSmall = (root: string): DatasetChoice => ({
  label: 'ml-latest-small',
  recipe() {
    const input = join(root, 'ml-latest-small')
    const mapping = { name: 'ml-latest-small' }
    const make = (out: string) =>
      prepareDataset({
        source: 'movielens',
        input,
        images: join(input, 'posters'),
        mapping,
        features: localFeatures(),
        out,
      })
    return { name: 'ml-latest-small', settings: { mapping, encoder: 'local' }, inputs: [input], make }
  },
})

/** kuairand-pure: clicks and likes, texts of tag, author and duration by the local encoder, no pictures. */
export const kuairandPure = (root: string): DatasetChoice =>
  kuairandChoice(root, 'kuairand-pure', { name: 'kuairand-pure' })

/**
 * The same log with long views as the target: eighteen times as many as likes, enough to tell models apart. A click and
 * a long view of one impression are one event.
 */
export const kuairandLongViews = (root: string): DatasetChoice =>
  kuairandChoice(root, 'kuairand-pure, long views', { name: 'kuairand-pure-long-views', target: 'long_view' })

function kuairandChoice(root: string, label: string, mapping: { name: string; target?: string }): DatasetChoice {
  return {
    label,
    recipe() {
      const input = join(root, 'kuairand-pure')
      const make = (out: string) =>
        prepareDataset({ source: 'kuairand', input, mapping, features: localFeatures(), out })
      return { name: mapping.name, settings: { mapping, encoder: 'local' }, inputs: [input], make }
    },
  }
}
