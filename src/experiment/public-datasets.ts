/** @file The public data sets of experiments, as recipes: which files, which mapping, which vectors. */
import { join } from 'node:path'
import { prepareDataset } from '../data/prepare.ts'
import type { FeatureMaker } from '../data/schema.ts'
import { localFeatures } from '../features/local.ts'
import { precomputedFeatures } from '../features/precomputed.ts'
import type { DatasetRecipe } from './dataset-recipe.ts'
import type { DatasetChoice } from './experiment.ts'
import { wrongImages } from './wrong-images.ts'

/** amazon-scientific with its CLIP vectors, which its item2index joins to the items. */
export const amazonScientific = (root: string): DatasetChoice => ({
  label: 'amazon-scientific',
  recipe: () => scientificRecipe(join(root, 'amazon-scientific'), {}),
})

/** amazon-scientific where a share of the items, another group of them for each seed, has another item's image vector. */
export function noisyScientific(root: string, share: number): DatasetChoice {
  if (share === 0) return amazonScientific(root)
  const label = `amazon-scientific, ${Math.round(100 * share)} % wrong images`
  return { label, recipe: (seed) => scientificRecipe(join(root, 'amazon-scientific'), { share, seed }) }
}

function scientificRecipe(input: string, { share = 0, seed = 0 }: { share?: number; seed?: number }): DatasetRecipe {
  const vectors = (name: string) => ({ vectors: join(input, name), ids: join(input, 'Scientific.item2index'), width: 512 })
  const clip = precomputedFeatures({ text: vectors('Scientific.feat1CLS'), image: vectors('Scientific.feat3CLS') })
  const features: FeatureMaker = share === 0 ? clip : wrongImages(clip, { share, seed })
  const mapping = { name: 'amazon-scientific', candidates: 'all' } as const
  return {
    name: share === 0 ? 'amazon-scientific' : `amazon-scientific-noise${Math.round(100 * share)}-${seed}`,
    settings: { mapping, features: 'CLIP text feat1CLS, image feat3CLS', share, seed },
    inputs: [input],
    make: (out) => prepareDataset({ source: 'recbole', input, mapping, features, out }),
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
      prepareDataset({ source: 'movielens', input, images: join(input, 'posters'), mapping, features: localFeatures(), out })
    return { name: 'ml-latest-small', settings: { mapping, encoder: 'local' }, inputs: [input], make }
  },
})

/** kuairand-pure: clicks and likes, texts of tag, author and duration by the local encoder, no pictures. */
export const kuairandPure = (root: string): DatasetChoice => ({
  label: 'kuairand-pure',
  recipe() {
    const input = join(root, 'kuairand-pure')
    const mapping = { name: 'kuairand-pure' }
    const make = (out: string) => prepareDataset({ source: 'kuairand', input, mapping, features: localFeatures(), out })
    return { name: 'kuairand-pure', settings: { mapping, encoder: 'local' }, inputs: [input], make }
  },
})
