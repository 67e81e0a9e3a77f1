import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import type { Ranks } from '../mpi/ranks.ts'
import { loadModel, saveModel, type TrainingState } from './checkpoint.ts'
import { everyRow } from './held-rows.ts'

const folder = temporaryFolder()
afterAll(() => folder[Symbol.dispose]())

function stateOf(...values: number[]): TrainingState {
  const made = { shape: [2, 2], held: everyRow, values: Float32Array.from(values), gradient: new Float32Array(4) }
  return { parameters: { step: 0, buffers: new Map([['w', made]]), optimizers: new Map() }, memory: {} }
}
const valuesOf = ({ parameters }: TrainingState): number[] => [...(parameters.buffers.get('w')?.values ?? [])]

it('a file that all ranks read is compared with its hash by the first, and by the others only waited for', async () => {
  const path = join(folder.path, 'model.safetensors')
  await saveModel(path, stateOf(1, 2, 3, 4), 'run')
  const bytes = readFileSync(path)
  bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1
  const met: number[] = []
  const asRank = (rank: number) => ({ rank, size: 2, together: async () => void met.push(rank) }) as unknown as Ranks
  const whole = stateOf(0, 0, 0, 0)
  await loadModel(path, whole, asRank(0))
  expect([valuesOf(whole), met]).toEqual([[1, 2, 3, 4], [0]])
  writeFileSync(path, bytes)
  await expect(loadModel(path, stateOf(0, 0, 0, 0))).rejects.toThrow('corrupted')
  // It refuses before anybody else reads.
  await expect(loadModel(path, stateOf(0, 0, 0, 0), asRank(0))).rejects.toThrow('corrupted')
  expect(met).toEqual([0])
  const state = stateOf(0, 0, 0, 0)
  await loadModel(path, state, asRank(1))
  expect([valuesOf(state).slice(0, 3), met]).toEqual([
    [1, 2, 3],
    [0, 1],
  ])
})
