import { expect, it } from 'vitest'
import { modelOf } from '../models/registry.ts'
import { tinyDataset } from '../testing/tiny-dataset.ts'
import { refuseWithoutContent } from './needed-content.ts'

it('refuses a model without what it needs, and where no item has it', () => {
  const unisrec = modelOf('unisrec')
  const options = unisrec.config.parse({})
  const withTexts = (text?: readonly (readonly number[] | null)[]) =>
    tinyDataset({ events: [[1, 1, 'click', 1]], items: 2, features: text ? { text } : { image: [[1], [2]] } })
  const refused = (dataset: ReturnType<typeof withTexts>) => () => refuseWithoutContent(unisrec, options, dataset)
  const sentence =
    'unisrec: missing: no item with a text, expected a dataset with texts. prepare it with titles (items.title of the mapping) or --text-features'
  expect(refused(withTexts())).toThrow(sentence)
  expect(refused(withTexts([null, null]))).toThrow(sentence)
  expect(refused(withTexts())).not.toThrow('--image')
  expect(refused(withTexts([[1], null]))).not.toThrow()
  const byPictures = unisrec.config.parse({ image: true })
  expect(() => refuseWithoutContent(unisrec, byPictures, withTexts())).not.toThrow()
  const bare = tinyDataset({ events: [[1, 1, 'click', 1]], items: 2 })
  const missrec = modelOf('missrec')
  expect(() => refuseWithoutContent(missrec, missrec.config.parse({}), bare)).toThrow(
    'prepare it with --images or --image-features, or titles (items.title of the mapping) or --text-features',
  )
  expect(() => refuseWithoutContent(modelOf('sasrec'), {}, withTexts())).not.toThrow()
})
