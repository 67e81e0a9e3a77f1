import { expect, it } from 'vitest'
import { clickConformance, readsNoModality } from '../../testing/clicks/index.ts'
import { smallShop } from '../../testing/clicks/shop.ts'
import { clickParameters } from '../../testing/clicks/training.ts'
import { twin } from './twin.ts'

clickConformance(twin, {
  config: { embeddingSize: 4, hiddenSize: 16, topItems: 4, recentItems: 2 },
  skip: [readsNoModality],
})

it('is its long half alone without recent events', () => {
  const tables = (recentItems: number) => {
    const config = twin.config.parse({ recentItems, maxLength: 12 })
    return clickParameters(twin.build(config, smallShop().shape)).map(({ origin }) => origin.name)
  }
  expect(tables(3).filter((name) => !tables(0).includes(name))).toEqual(
    ['query', 'key', 'value', 'output'].map((part) => `interest.short.${part}.weight`),
  )
})
