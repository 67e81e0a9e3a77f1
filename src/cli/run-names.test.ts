import { expect, it } from 'vitest'
import { type NamedRun, runNames } from './run-names.ts'

const run = (folder: string, model: string, config: object = {}, seed = 1): NamedRun => ({
  folder,
  run: { model, config: { heads: 2, ...config }, training: { seed } as never },
})

it('are the models, where each is there once', () => {
  expect(runNames([run('runs/a', 'm3bsr'), run('runs/b', 'sasrec')])).toEqual(['m3bsr', 'sasrec'])
})

it('tell what differs, where a model is there several times', () => {
  const runs = [run('a', 'm3bsr'), run('b', 'm3bsr', {}, 2), run('c', 'm3bsr', { heads: 4 }), run('d', 'sasrec')]
  expect(runNames(runs)).toEqual(['m3bsr heads 2, seed 1', 'm3bsr heads 2, seed 2', 'm3bsr heads 4, seed 1', 'sasrec'])
})

it('are the folders, where much differs or nothing does', () => {
  const many = [run('runs/a', 'm3bsr', { x: 1, y: 1, z: 1 }), run('runs/b', 'm3bsr', { x: 2, y: 2, z: 2 })]
  expect(runNames(many)).toEqual(['m3bsr a', 'm3bsr b'])
  expect(runNames([run('runs/a', 'm3bsr'), run('runs/c', 'm3bsr')])).toEqual(['m3bsr a', 'm3bsr c'])
})
