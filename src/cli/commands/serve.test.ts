import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { trainServed } from '../../../test/fixtures/served-shop.ts'
import { writeTinyShop } from '../../../test/fixtures/tiny-shop.ts'
import { loadDataset } from '../../dataset/load.ts'
import { serviceLog } from '../../http/log.ts'
import { trainingConfig } from '../../learn/config.ts'
import { modelOf } from '../../models/registry.ts'
import { prepareDataset } from '../../prepare/prepare.ts'
import { splitConfig } from '../../runs/split-config.ts'
import { createProgram } from '../program.ts'
import { openerOf } from './serve.ts'

const folder = mkdtempSync(join(tmpdir(), 'siftrec-serve-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A folder of which only run.json was written. */
function writeRun(name: string, model: string): string {
  const definition = modelOf(model)
  const run = {
    format: 'siftrec-run',
    version: 1,
    model,
    config: definition.config.parse({}),
    training: 'build' in definition ? trainingConfig.parse({}) : null,
    dataset: { folder: 'data', name: 'data', hash: '0'.repeat(64) },
    split: splitConfig.parse({ protocol: 'leave-one-out' }),
  }
  mkdirSync(join(folder, name))
  writeFileSync(join(folder, name, 'run.json'), JSON.stringify(run))
  return join(folder, name)
}
let [next, clicks] = ['', '']
beforeAll(() => {
  next = writeRun('next', 'popularity')
  clicks = writeRun('clicks', 'lr')
  writeFileSync(join(folder, 'keys'), 'read short\n')
})
const serve = (...args: readonly string[]): Promise<unknown> =>
  createProgram().then((program) => program.parseAsync(['node', 'siftrec', 'serve', ...args]))

describe('serve', () => {
  it('refuses no run, a run twice, and runs of another kind', async () => {
    await expect(serve()).rejects.toThrow(/^serve: missing: a run\. siftrec serve RUN, or --retrieve RUN --rank RUN/)
    await expect(serve(next, '--rank', clicks)).rejects.toThrow(/^serve: duplicate/)
    await expect(serve('--retrieve', clicks)).rejects.toThrow(
      /^--retrieve: unsupported: .*clicks, a run of lr, expected/,
    )
    await expect(serve('--retrieve', next, '--rank', next)).rejects.toThrow(/^--rank: unsupported: .*of popularity/)
    await expect(serve(join(folder, 'none'))).rejects.toThrow(/none: missing: the folder/)
  })

  it('refuses to listen elsewhere than on the loopback without keys', async () => {
    await expect(serve(next, '--host', '0.0.0.0')).rejects.toThrow(
      /^--host: unsupported: 0\.0\.0\.0 without keys.*--keys/,
    )
    await expect(serve(next, '--host', '127.evil.example')).rejects.toThrow(/^--host/)
  })

  it('refuses flags that cannot be', async () => {
    await expect(serve(next, '--port', '70000')).rejects.toThrow(/^--port: invalid/)
    await expect(serve(next, '--workers', '10000')).rejects.toThrow(/^--workers: invalid/)
    await expect(serve(next, '--cors', 'https://shop.example/path')).rejects.toThrow(/^--cors: invalid/)
    await expect(serve(next, '--keys', join(folder, 'keys'))).rejects.toThrow(/keys line 1: invalid: the key/)
    await expect(serve(next, '--keys', join(folder, 'no-keys'))).rejects.toThrow(
      /no-keys: invalid: there is no such file/,
    )
  })
})

describe('a service that starts', () => {
  it('logs the memory that it will take, before it says what it serves', async () => {
    writeTinyShop(folder, { users: 12 })
    const at = (name: string): string => join(folder, name)
    const files = { events: at('events.csv'), items: at('items.csv'), mapping: at('shop.yaml') }
    await prepareDataset({ ...files, out: at('data') })
    const retrieve = await trainServed(folder, 'sasrec', await loadDataset(at('data')), { name: 'served' })
    const lines: string[] = []
    const log = serviceLog({ quiet: false, out: { write: (text: string) => lines.push(text) } })
    const opened = await openerOf({ retrieve }, { store: 'memory:' })({ retrieve }, log)
    await opened.close()
    const messages = lines.map((line) => (JSON.parse(line) as { msg: string }).msg)
    expect(messages).toEqual([
      expect.stringMatching(/^memory at the peak, estimated: [\d,]+ MB$/),
      'serving served (sasrec) on data; events: memory',
    ])
  })
})
