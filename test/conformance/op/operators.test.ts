import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { mul } from '../../../src/tensor/elementwise.ts'
import * as exported from '../../../src/tensor/index.ts'
import { scalar } from '../../../src/tensor/node.ts'
import { algebra, products } from './algebra-cases.ts'
import { checkOperator, type OperatorCase } from './check-operator.ts'
import { elementwise } from './elementwise-cases.ts'
import { moving } from './moving-cases.ts'
import { each } from './naive.ts'
import { reducing } from './reducing-cases.ts'
import { ranked } from './shapes.ts'

describe.each(Object.entries({ elementwise, moving, reducing, algebra, matmul: products }))('%s', (_, cases) => {
  it.each(Object.entries(cases))('%s is its naive loop, in value, shape and gradient', async (_, operator) => {
    await expect(checkOperator(operator)).resolves.toBeUndefined()
  })
})

describe('the check itself', () => {
  const wrong = async (build: OperatorCase['build']): Promise<void> => {
    await checkOperator({ shapes: ranked, build, naive: each((x) => x * x) }, 2).catch((error: unknown) => {
      throw (error as Error).cause
    })
  }

  it('fails on a wrong value', async () => {
    await expect(wrong((x) => mul(x, 2))).rejects.toThrow(/value 0 is/)
  })
  it('fails on a wrong gradient', async () => {
    await expect(wrong((x) => mul(x, exported.stopGradient(x)))).rejects.toThrow(/gradient of argument 0 0 is/)
  })
  it('fails on a wrong shape rule', async () => {
    await expect(wrong((x) => ({ ...mul(x, x), shape: [...x.shape, 1] }))).rejects.toThrow(/to deeply equal/)
  })
})

it('covers every operator that siftrec/tensor exports, here or beside its file', () => {
  const elsewhere = [
    'attention',
    'crossEntropy',
    'dims',
    'hiddenScore',
    'gradients',
    'stopGradient',
    'withGradient',
    'constant',
    'input',
    'integers',
    'parameter',
    'scalar',
    'sizeOf',
  ]
  const tested = Object.keys({ ...elementwise, ...moving, ...reducing, ...algebra, matmul: products }).map(
    (name) => name.split(' ')[0],
  )
  expect(Object.keys(exported).filter((name) => !tested.includes(name) && !elsewhere.includes(name))).toEqual([])
  expect(scalar(2).shape).toEqual([])
})

it('lists every operator in docs/engine.md', () => {
  const listed = readFileSync('docs/engine.md', 'utf8')
  const leaves = ['constant', 'input', 'integers', 'parameter', 'scalar', 'sizeOf']
  expect(
    Object.keys(exported).filter((name) => !leaves.includes(name) && !new RegExp(`\\b${name}\\b`).test(listed)),
  ).toEqual([])
})
