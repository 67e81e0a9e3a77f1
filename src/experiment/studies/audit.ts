/** @file What the audit finds of planted noise, accidental clicks and wrong pictures, and of clicks left at once. */

import { judgedClicks, judgedPictures, judgedPlays } from '../../audit/planted.ts'
import { mismatched } from '../../audit/wrong-images.ts'
import type { Dataset } from '../../dataset/schema.ts'
import { readTruth, wrongPicturesOf } from '../../simulate/shop.ts'
import { kuairandPlays } from '../data/kuairand-plays.ts'
import { amazonScientific, kuairandPure, mlLatestSmall } from '../data/public-datasets.ts'
import { simulatedShops } from '../data/shop-dataset.ts'
import type { PlantedExperiment } from '../experiment.ts'
import { rawShop } from '../harness/run-measures.ts'

/** As many as the shop plants. */
const share = 0.2
const swapped = 'Wrong pictures: 20 % of the items have the vector of another item’s picture'

/** Accidental clicks and wrong pictures on the shop, and swapped pictures where CLIP's vectors are at hand. */
export const audit: PlantedExperiment = {
  name: 'audit',
  title: 'What the noise audit finds',
  about:
    'How well siftrec audit finds planted noise: the accidental clicks and wrong pictures of the simulated shop, and pictures swapped among the items of amazon-scientific, whose vectors are CLIP’s.',
  planted: ({ dataRoot }) => [
    {
      title: 'Accidental clicks: 30 % of the clicks are drawn by popularity',
      dataset: simulatedShops,
      judge: (dataset) => judgedClicks(dataset, readTruth(rawShop(dataset.folder))),
      bar: { shareOfOracle: 2 / 3 },
    },
    {
      title: 'Wrong pictures: 20 % of the items are pictured in the style of another',
      dataset: simulatedShops,
      judge(dataset) {
        const wrong = wrongPicturesOf(dataset, readTruth(rawShop(dataset.folder)))
        return judgedPictures(dataset, (item) => wrong[item] === 1)
      },
      bar: { auc: 0.8 },
    },
    { title: swapped, dataset: amazonScientific(dataRoot), judge: judgedSwaps, bar: { auc: 0.95 } },
  ],
}

/** Swapped film posters: the local encoder knows looks and spelling, and neither says which film a poster is of. */
export const auditFilms: PlantedExperiment = {
  name: 'audit-films',
  title: 'What the noise audit finds among film posters',
  about:
    'How well siftrec audit finds posters swapped among the films of ml-latest-small, by the local encoder; no bar is set.',
  planted: ({ dataRoot }) => [{ title: swapped, dataset: mlLatestSmall(dataRoot), judge: judgedSwaps }],
}

/** A click whose video was left within so many seconds; kuairand's log says how long each was played. */
const leftWithin = 3

/** Whether those that the audit finds accidental were left at once; nothing is planted, and no bar set. */
export const auditPlays: PlantedExperiment = {
  name: 'audit-plays',
  title: 'What the noise audit says of clicks that were left at once',
  about: `Whether clicks of kuairand-pure that were left within ${leftWithin} seconds look accidental to siftrec audit, and whether the time until the next event tells them: the log says how long each video was played.`,
  seeds: [1],
  planted: ({ dataRoot }) => [
    {
      title: `Clicks whose video was left within ${leftWithin} seconds`,
      sought: 'Left at once',
      dataset: kuairandPure(dataRoot),
      judge: async (dataset) => judgedPlays(dataset, await kuairandPlays(dataRoot), leftWithin),
    },
  ],
}

function judgedSwaps(dataset: Dataset, seed: number): ReturnType<typeof judgedPictures> {
  const { image } = dataset.features
  if (!image) throw new Error(`${dataset.manifest.name} has no pictures`)
  const planted = mismatched(image, { share, seed })
  const { width } = image
  const changed = (item: number): boolean =>
    planted.vectors
      .subarray(item * width, (item + 1) * width)
      .some((value, at) => value !== image.vectors[item * width + at])
  return judgedPictures({ ...dataset, features: { ...dataset.features, image: planted } }, changed)
}
