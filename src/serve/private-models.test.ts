import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import type { OpenRun } from '../runs/open-run.ts'
import { privateModels } from './private-models.ts'

const run = (trained: number): OpenRun =>
  ({
    run: { model: 'sasrec', config: {}, training: null, dataset: { hash: 'h' }, split: {} },
    trained,
    dataset: { catalog: { ids: ['', 'a', 'b'] } },
  }) as unknown as OpenRun
let exported = 0
const exportsRun = async (_: OpenRun, folder: string) => {
  exported++
  mkdirSync(folder)
  const files = { 'model.onnx': 'a'.repeat(20_000), 'model.json': '{}', 'index.html': '<p>', 'recommend.d.ts': '' }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return Object.entries(files).map(([name, { length: bytes }]) => ({ name, bytes }))
}

it('exports a run once, what a browser needs of it, large files compressed as well', async () => {
  using models = privateModels(exportsRun)
  const [one, other] = await Promise.all([models.of(run(1)), models.of(run(1))])
  expect([exported, one]).toEqual([1, other])
  const large = gunzipSync(readFileSync(join(one.folder, 'model.onnx.gz'))).length
  expect(one.files.map(({ name, bytes }) => [name, bytes])).toEqual([
    ['model.onnx', large],
    ['model.json', 2],
  ])
  expect(one.files[0]?.sent).toBeLessThan(1000)
  expect(one.files[1]?.sent).toBe(2)
})

it('keeps the run before, and nothing once it is closed', async () => {
  const models = privateModels(exportsRun)
  const made = []
  for (const trained of [1, 2, 3]) made.push(await models.of(run(trained)))
  expect(made.map(({ folder }) => existsSync(folder))).toEqual([false, true, true])
  const home = dirname(made[2]?.folder as string)
  expect(readdirSync(home)).toHaveLength(2)
  models[Symbol.dispose]()
  expect(existsSync(home)).toBe(false)
})

it('tries again what failed', async () => {
  let fails = true
  using models = privateModels((opened, folder) =>
    fails ? Promise.reject(new Error('full')) : exportsRun(opened, folder),
  )
  await expect(models.of(run(1))).rejects.toThrow('full')
  fails = false
  expect((await models.of(run(1))).files).toHaveLength(2)
})
