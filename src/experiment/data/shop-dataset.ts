/** @file The simulated shop as an experiment's dataset, its raw files and planted truth kept beside it. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { localFeatures } from '../../features/local.ts'
import { prepareDataset } from '../../prepare/prepare.ts'
import { simulateShop } from '../../simulate/shop.ts'
import { type ShopSettings, shopDefaults } from '../../simulate/world.ts'
import type { DatasetChoice } from '../experiment.ts'
import type { DatasetRecipe } from '../harness/dataset-recipe.ts'
import { rawShop } from '../harness/run-measures.ts'

/** About 60,000 events, the same for every seed of training. */
export const simulatedShop: DatasetChoice = { label: 'simulated shop', recipe: () => shopRecipe(shopDefaults) }

/** A shop that a grid of trainings can afford: as many users, with fewer items and fewer visits. */
export const smallShop: DatasetChoice = {
  label: 'small simulated shop',
  recipe: () => shopRecipe({ ...shopDefaults, items: 600, sessions: 4 }),
}

/** For each seed a shop of its own. */
export const simulatedShops: DatasetChoice = {
  label: 'simulated shop',
  recipe: (seed) => shopRecipe({ ...shopDefaults, seed }),
}

/** The files of a simulated shop that a dataset is prepared from. */
export const shopFiles = (
  raw: string,
): { readonly events: string; readonly items: string; readonly mapping: string } => ({
  events: join(raw, 'events.csv'),
  items: join(raw, 'items.csv'),
  mapping: join(raw, 'shop.yaml'),
})

const shopRecipe = (shop: ShopSettings): DatasetRecipe => ({
  name: 'shop',
  settings: { shop, encoder: 'local' },
  inputs: [],
  async make(out) {
    const raw = rawShop(out)
    if (!existsSync(raw)) await simulateShop(raw, shop)
    await prepareDataset({ ...shopFiles(raw), out, features: localFeatures() })
  },
})
