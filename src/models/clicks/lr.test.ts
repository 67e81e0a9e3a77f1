import { expect, it } from 'vitest'
import { expectClickParity } from '../../../test/conformance/click-parity.ts'
import { clickConformance, readsNoModality } from '../../testing/clicks/index.ts'
import { smallShop } from '../../testing/clicks/shop.ts'
import { clickParameters } from '../../testing/clicks/training.ts'
import { lr } from './lr.ts'

clickConformance(lr, {
  config: { maxLength: 12 },
  skip: [readsNoModality],
  learns: { rule: 'appeal', reason: 'weights alone cannot tell what belongs together' },
})

it('LR’s logits, loss and gradients equal PyTorch’s', async () => {
  await expectClickParity(lr, () => ({}))
})

it('without the history has no weights for it, and asks for none of its events', () => {
  const build = (history: boolean) => lr.build(lr.config.parse({ history, maxLength: 12 }), smallShop().shape)
  const tables = (history: boolean) => clickParameters(build(history)).map(({ origin }) => origin.name)
  expect(tables(true).filter((name) => !tables(false).includes(name))).toEqual(['field.history'])
  expect([build(true), build(false)].map(({ history }) => history.maxLength)).toEqual([12, 0])
})
