import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { temporaryFolder } from '../../../test/fixtures/prepared-files.ts'
import { type ObjectServer, startS3, stubStorage } from '../../../test/fixtures/s3-server.ts'
import { tinyChoice } from '../../../test/fixtures/tiny-experiment.ts'
import { writeTinyShop } from '../../../test/fixtures/tiny-shop.ts'
import type { Experiment, TrainedCell } from '../experiment.ts'
import { gridProgress } from './grid-progress.ts'
import { runExperiment } from './run-experiment.ts'

const folder = temporaryFolder()
const at = (...names: string[]): string => join(folder.path, ...names)
const address = 's3://shop/experiments'
const near = (neighbors: number) => ({ name: `near ${neighbors}`, model: 'item-knn', config: { neighbors } })
const { recipe } = tinyChoice(folder.path)
const comparison = {
  title: 'All',
  dataset: { label: 'tiny shop', recipe: (seed: number) => ({ ...recipe(seed), prepared: at('data') }) },
  metrics: ['ndcg@10'] as const,
  variants: [{ ...near(2), tune: [{}, { config: { behaviors: 'target' } }] }, near(100)],
}

/** Runs the experiment on a host of this name; tells how many trainings it told of, and the page. */
async function run(
  host: string,
  asked: { readonly storage?: string; readonly only?: readonly string[] } = { storage: address },
  about: Partial<Experiment> = {},
) {
  const said: string[] = []
  const progress = gridProgress({ write: (line: string) => said.push(line) } as unknown as NodeJS.WritableStream, 1)
  const settings = { dataRoot: folder.path, out: at(host), runs: at(host, 'runs'), jobs: 1, progress }
  const experiment = { name: 'small', title: 'Small', about: 'Small.', seeds: [1], comparisons: () => [comparison] }
  const outcome = await runExperiment({ ...experiment, ...about }, { ...settings, ...asked })
  if (outcome.status === 'interrupted') throw new Error('interrupted')
  return { page: outcome.page, files: outcome.files, trained: said.filter((line) => line.startsWith('[')).length }
}

describe('the cells of an experiment in storage', () => {
  let server: ObjectServer
  let alone: string
  beforeAll(async () => {
    writeTinyShop(folder.path)
    await recipe(1).make(at('data'))
    server = await startS3(at('objects'), false)
    alone = (await run('alone', {})).page
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
    folder[Symbol.dispose]()
  })
  beforeEach(() => stubStorage(server))
  afterEach(() => {
    vi.unstubAllEnvs()
  })
  /** The files of each cell there, by the cell's name. */
  const cells = (): Map<string, string[]> => {
    const there = at('objects', 'shop', 'experiments', 'cells')
    const names = (cell: string): string[] =>
      readdirSync(join(there, cell)).flatMap((name) => /^(.+)\._S3rver_object$/.exec(name)?.[1] ?? [])
    return new Map(readdirSync(there).map((cell) => [cell, names(cell)]))
  }
  const fileOf = (cell: string, name: string): string => server.file(`experiments/cells/${cell}/${name}`)

  it('are put there with the page', async () => {
    // Two option sets and another variant; of the better set the test targets too.
    const first = await run('first')
    expect([first.page, first.trained]).toEqual([alone, 4])
    const files = ['json', 'md', 'svg', 'parquet'].map((ending) => `small.${ending}`)
    expect(first.files.filter((file) => file.startsWith('s3:'))).toEqual(files.map((name) => `${address}/${name}`))
    for (const name of files.slice(0, 3))
      expect(readFileSync(server.file(`experiments/${name}`), 'utf8')).toBe(readFileSync(at('first', name), 'utf8'))
    const loser = ['known.json', 'model.safetensors', 'run.json', 'trained.json', 'whole.json']
    const tested = [...loser, 'tested.json'].sort()
    const found = [...cells().values()].sort((one, other) => one.length - other.length)
    expect(found.map((names) => names.sort())).toEqual([loser, tested, tested])
  })

  it('are taken by another host in place of training, also where a study looks into them', async () => {
    const opened: string[] = []
    const look = async (trained: readonly TrainedCell[]) => {
      for (const cell of trained) {
        await using run = await cell.open()
        opened.push(run.run.model)
      }
      return { page: 'Seen.', lines: [], plot: { title: 'Seen', heatmaps: [] } }
    }
    const second = await run('second', { storage: address }, { look })
    expect([second.trained, opened]).toEqual([0, ['item-knn', 'item-knn']])
  })

  it('are trained again where one is there without its last file, and another with a file of something else', async () => {
    const wide = (cell: string): boolean => readFileSync(fileOf(cell, 'run.json'), 'utf8').includes('"neighbors": 100')
    const [half = ''] = [...cells().keys()].filter(wide)
    const [loser = ''] = [...cells()].flatMap(([cell, names]) => (names.includes('tested.json') ? [] : [cell]))
    rmSync(fileOf(half, 'whole.json'))
    writeFileSync(fileOf(loser, 'model.safetensors'), 'of something else')
    expect(await run('third')).toMatchObject({ page: alone, trained: 2 })
    // Now they are whole. Who wants one variant alone has the others in the table as well.
    expect(await run('fourth', { storage: address, only: ['near 100'] })).toMatchObject({ page: alone, trained: 0 })
  })

  it('are put there by a host that did them before', async () => {
    expect(await run('alone', { storage: 's3://shop/later' })).toMatchObject({ page: alone, trained: 0 })
    for (const [cell, names] of cells())
      for (const name of names) expect(existsSync(server.file(`later/cells/${cell}/${name}`))).toBe(true)
  })

  it('are refused before anything is trained where there is no bucket, or no right to it', async () => {
    await expect(run('refused', { storage: 's3://none/experiments' })).rejects.toThrow(
      's3://none/experiments/.siftrec-writable: missing: the server has no such bucket',
    )
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'another')
    await expect(run('refused')).rejects.toThrow(
      /^s3:\/\/shop\/experiments\/\.siftrec-writable: invalid: the server refuses: InvalidAccessKeyId\. the credentials/,
    )
    expect(existsSync(at('refused'))).toBe(false)
  })
})
