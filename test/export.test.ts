import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { exportRun } from '../src/browser/export-run.ts'
import type { Recommended } from '../src/browser/recommend-module.ts'
import { excludedItems } from '../src/dataset/candidates.ts'
import { loadDataset } from '../src/dataset/load.ts'
import type { History } from '../src/dataset/schema.ts'
import { topItems } from '../src/dataset/top-items.ts'
import { prepareDataset } from '../src/prepare/prepare.ts'
import { type OpenRun, openRun } from '../src/runs/open-run.ts'
import { trainRun } from '../src/runs/train-run.ts'
import { succeed, succeedHere, workplace } from './fixtures/siftrec.ts'
import { writeTinyFeed } from './fixtures/tiny-feed.ts'
import { prepareTinyShop, writeTinyShop } from './fixtures/tiny-shop.ts'

const place = workplace()
const web = join(place, 'web')
const small = ['--hidden-size', '16', '--layers', '1', '--heads', '2', '--epochs', '2', '--threads', '1']
let told: string

beforeAll(async () => {
  writeTinyShop(place)
  await succeedHere(prepareTinyShop, place)
  await succeedHere(['train', 'sasrec', 'data', '--out', 'run', ...small], place)
  told = (await succeed(['export', 'run', '--out', 'web'], place)).stdout
})

describe('siftrec export', () => {
  it('writes a folder with all that a browser needs, and says how large it is', () => {
    const files = ['catalog.json', 'index.html', 'model.json', 'model.onnx', 'recommend.d.ts', 'recommend.js']
    expect(
      readdirSync(web)
        .filter((name) => !name.startsWith('ort'))
        .toSorted(),
    ).toEqual(files)
    for (const name of [...readdirSync(web), 'together']) expect(told).toMatch(new RegExp(`\\d kB  ${name}$`, 'm'))
    // Whatever is imported lies beside it.
    const imports = [...readFileSync(join(web, 'recommend.js'), 'utf8').matchAll(/\bfrom ["']([^"']+)["']/g)]
    expect(imports.map(([, name]) => name)).toEqual(['./ort.wasm.min.mjs'])
    const names = JSON.parse(readFileSync(join(web, 'catalog.json'), 'utf8')) as { ids: string[]; titles: string[] }
    expect([names.ids.length, names.titles[0]]).toEqual([240, expect.stringMatching(/^(red|blue|green|white) /)])
  })

  it('replaces an export, and nothing else', async () => {
    const script = join(inject('compiled'), 'src/browser/export-run.js')
    const { exportRun: built } = (await import(script)) as { exportRun: typeof exportRun }
    await using run = await openRun(join(place, 'run'), { data: join(place, 'data') })
    writeFileSync(join(web, 'old'), '')
    await built(run, web)
    expect(readdirSync(web)).toContain('recommend.js')
    expect(existsSync(join(web, 'old'))).toBe(false)
    const data = join(place, 'data')
    await expect(built(run, data)).rejects.toThrow(`data: duplicate: a folder of something else. choose another`)
    expect(existsSync(join(data, 'manifest.json'))).toBe(true)
  })

  it.each([
    ['item-knn', 'item-knn counts and has no graph, expected a model that is trained and ranks the next item'],
    ['lr', 'lr predicts clicks, expected a model that ranks the next item'],
  ])('refuses %s by its name', async (model, refusal) => {
    const data = join(place, `data of ${model}`)
    mkdirSync(data)
    ;(model === 'lr' ? writeTinyFeed : writeTinyShop)(data)
    const [events, mapping] = model === 'lr' ? ['shown.csv', 'feed.yaml'] : ['events.csv', 'shop.yaml']
    const at = (name: string): string => join(data, name)
    await prepareDataset({ events: at(events), items: at('items.csv'), mapping: at(mapping), out: at('data') })
    const [dataset, out] = [await loadDataset(at('data')), join(place, model)]
    await trainRun({ model, dataset, out, ...(model === 'lr' && { training: { epochs: 1, threads: 1 } }) })
    await using run = await openRun(out, { dataset })
    await expect(exportRun(run, join(place, 'never'))).rejects.toThrow(`${model}: unsupported: ${refusal}`)
    expect(existsSync(join(place, 'never'))).toBe(false)
  })
})

const chromium = '/usr/bin/chromium'
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
}

/** Nothing but the host itself may be asked. */
const policy = "default-src 'self' 'unsafe-inline' 'wasm-unsafe-eval' data:"

/** Serves the exported folder as any static server would. */
function serve(): Promise<Server> {
  const server = createServer(({ url = '/' }, answer) => {
    const name = url === '/' ? 'index.html' : url.slice(1)
    if (!readdirSync(web).includes(name)) return answer.writeHead(404).end()
    const headers = { 'content-type': types[extname(name)] ?? '', 'content-security-policy': policy }
    return answer.writeHead(200, headers).end(readFileSync(join(web, name)))
  })
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}

describe.skipIf(!existsSync(chromium))(`the exported folder in ${chromium}, or skipped without it`, () => {
  let [server, browser, page, run] = [] as unknown as [Server, Browser, Page, OpenRun]
  const requests: string[] = []
  let origin: string

  beforeAll(async () => {
    server = await serve()
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const { chromium: driver } = await import('playwright-core')
    const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run']
    const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync']
    browser = await driver.launch({ executablePath: chromium, args: [...flags, ...quiet] })
    page = await browser.newPage()
    page.on('request', (request) => requests.push(request.url()))
    await page.goto(origin)
    await page.waitForSelector('#items li')
    run = await openRun(join(place, 'run'), { data: join(place, 'data') })
  })
  afterAll(async () => {
    // What comes later is not there where the first fails.
    await browser?.close()
    server?.close()
    await run?.[Symbol.asyncDispose]()
  })

  /** What the module says of histories, asked all at once. */
  const ask = (histories: readonly unknown[], options: object): Promise<Recommended[]> =>
    page.evaluate(
      `import('./recommend.js').then(({ load }) => load()).then((recommender) =>
        Promise.all(${JSON.stringify(histories)}.map((one) => recommender.recommend(one, ${JSON.stringify(options)}))))`,
    )

  it('has the same top ten as Node for 20 histories, and scores within 1e-5', async () => {
    const { catalog, manifest } = run.dataset
    const histories = Array.from({ length: 20 }, (_, user): History => {
      const length = 1 + 4 * user
      const rows = Array.from({ length }, (_, at) => ({ item: 1 + ((37 * user + 11 * at) % 240), behavior: at % 2 }))
      return {
        user: 0,
        item: Int32Array.from(rows, ({ item }) => item),
        behavior: Uint8Array.from(rows, ({ behavior }) => behavior),
        time: Float64Array.from(rows.keys(), (at) => 1e12 + 1000 * at),
      }
    })
    const named = histories.map(({ item, behavior, time }) =>
      Array.from(item, (index, at) => ({
        item: catalog.ids[index],
        behavior: manifest.behaviors[behavior[at] as number],
        time: time[at],
      })),
    )
    const best = await ask(named, {})
    const all = await ask(named, { top: 240, exclude: 'none' })
    let largest = 0
    for (const [at, history] of histories.entries()) {
      const scores = await run.scorer.score([history])
      const expected = topItems(scores, 10, excludedItems(run.dataset, history))
      expect(best[at]?.items.map(({ id }) => id)).toEqual(expected.map(({ item }) => catalog.ids[item]))
      expect([best[at]?.popular, all[at]?.items.length]).toEqual([false, 240])
      for (const { id, score } of all[at]?.items ?? []) {
        largest = Math.max(largest, Math.abs(score - (scores[catalog.ids.indexOf(id)] as number)))
      }
    }
    expect(largest).toBeLessThan(1e-5)
  })

  it('answers an empty history with popular items, and a bare call with a list', async () => {
    const [empty] = await ask([[]], { top: 3 })
    expect([empty?.popular, empty?.items.length]).toEqual([true, 3])
    const bare = `import('./recommend.js').then(({ recommend }) => recommend([{ item: 'i4' }], 2))`
    const items = await page.evaluate(bare)
    expect(items).toEqual(
      [1, 2].map(() => ({ id: expect.any(String), title: expect.any(String), score: expect.any(Number) })),
    )
  })

  it('says what is wrong with a history or a folder', async () => {
    await expect(ask([[{ item: 'nothing' }]], {})).rejects.toThrow('history[0].item: unknown: "nothing"')
    await expect(ask([[]], { top: 0 })).rejects.toThrow('top: invalid: 0, expected a whole number from 1')
    await expect(ask([[]], { exclude: 'all' })).rejects.toThrow(
      'exclude: unknown: "all", expected one of seen, target, none',
    )
    const elsewhere = page.evaluate(`import('./recommend.js').then(({ load }) => load('/elsewhere'))`)
    await expect(elsewhere).rejects.toThrow(/\/elsewhere\/[\w.]+ could not be fetched: 404/)
  })

  it('has a page that answers a history, which leaves it nowhere', async () => {
    expect(await page.textContent('#heading')).toBe('Popular')
    const before = requests.length
    const { titles } = run.dataset.catalog
    await page.fill('input', titles[4] as string)
    await page.click('form button')
    await page.waitForSelector('#heading:text("Recommended")')
    expect(await page.textContent('#history')).toContain(titles[4])
    expect(requests.slice(before)).toEqual([])
    expect(requests.filter((url) => !url.startsWith(`${origin}/`) && url !== 'data:,')).toEqual([])
  })
})
