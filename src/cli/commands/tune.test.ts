import { expect, it } from 'vitest'
import { foundText } from './tune.ts'

const found = {
  finished: true,
  space: [],
  rounds: [{ trials: 2, epochs: 1 }],
  trials: [{ trial: 0, config: {}, training: {}, validation: [0.5] }],
}
const told = { out: 't', folderOf: () => 't/trial-000', found, fixed: 'fixed.yaml', epochs: 1, seed: 7 }
const commandIn = (threads: number | undefined): string | undefined =>
  foundText('sasrec', 'data', { ...told, threads })
    .split('\n')
    .find((line) => line.startsWith('  siftrec train'))

it('ends a search with the command that trains the best as it was trained', () => {
  const common = '  siftrec train sasrec data --config fixed.yaml --epochs 1 --seed 7'
  expect(commandIn(undefined)).toBe(`${common} --out runs/sasrec-tuned`)
  expect(commandIn(1)).toBe(`${common} --threads 1 --out runs/sasrec-tuned`)
})
