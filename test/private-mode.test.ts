import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createApp } from '../src/http/app.ts'
import { serviceLog } from '../src/http/log.ts'
import { type Listening, listen } from '../src/http/server.ts'
import { openService } from '../src/serve/open-service.ts'
import type { ExportsRun } from '../src/serve/private-models.ts'
import type { Service } from '../src/serve/service.ts'
import { memoryStore } from './fixtures/memory-store.ts'
import { idsOf, shopDataset, trainServed } from './fixtures/served-shop.ts'

const chromium = '/usr/bin/chromium'
const place = mkdtempSync(join(tmpdir(), 'siftrec-private-mode-'))
afterAll(() => rmSync(place, { recursive: true, force: true }))

describe.skipIf(!existsSync(chromium))(`private mode in ${chromium}, or skipped without it`, () => {
  let [service, server, browser, page] = [] as unknown as [Service, Listening, Browser, Page]
  const requests: string[] = []
  const problems: string[] = []

  beforeAll(async () => {
    const dataset = shopDataset()
    const folder = join(place, 'page')
    const configFile = fileURLToPath(new URL('../page/vite.config.ts', import.meta.url))
    await build({ configFile, logLevel: 'error', build: { outDir: folder } })
    const script = join(inject('compiled'), 'src/browser/export-run.js')
    const { exportRun: exportsRun } = (await import(script)) as { exportRun: ExportsRun }
    const retrieve = await trainServed(place, 'sasrec', dataset)
    service = await openService({ retrieve, dataset, store: memoryStore(), exportsRun })
    const app = createApp({ service, log: serviceLog({ quiet: true }), version: '1', page: folder })
    server = await listen(app, { host: '127.0.0.1', port: 0 })
    const { chromium: driver } = await import('playwright-core')
    browser = await driver.launch({ executablePath: chromium, args: ['--no-sandbox', '--disable-gpu'] })
    page = await browser.newPage()
    // The runtime is 14 MB of wasm, and machines are busy.
    page.setDefaultTimeout(120_000)
    page.on('request', (request) => requests.push(request.url()))
    page.on('console', (message) => {
      // A model that cannot explain says so, and the page asks for the list without reasons.
      if (message.type() === 'error' && !message.text().includes('status of 409')) problems.push(message.text())
    })
    page.on('pageerror', (error) => problems.push(error.message))
    await page.goto(`${server.url}/#/playground/u3`)
    await page.locator('.card .name').first().waitFor()
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
    await service?.[Symbol.asyncDispose]()
  })

  const shown = (): Promise<string[]> => page.locator('.card .name').allTextContents()

  it('makes the service’s own list here, and asks for nothing once the model is loaded', async () => {
    await page.getByRole('switch', { name: 'Private mode' }).click()
    await page.getByText('Nothing is sent').waitFor()
    await page.getByText(/Same 9 items as the service, (largest|no) difference/).waitFor()
    const { items } = await service.recommend({ user: 'u3', top: 9 })
    expect(await shown()).toEqual(items.map(({ id, title }) => title || id))
    expect(requests.some((url) => url.endsWith('/model.onnx'))).toBe(true)

    const before = requests.length
    const events = await service.history('u3', 50)
    const taken = items[0]?.id as string
    await page
      .getByRole('button', { name: /^View / })
      .first()
      .click()
    await page.getByText('Nothing was sent.').waitFor()
    const history = [
      ...events.map(({ id, behavior }) => ({ item: id, behavior })).reverse(),
      { item: taken, behavior: 'click' },
    ]
    const expected = await service.recommend({ history, top: 9 })
    await expect.poll(shown).toEqual(expected.items.map(({ id, title }) => title || id))
    expect(idsOf(expected)).not.toContain(taken)
    await page
      .getByRole('button', { name: /^Hide / })
      .first()
      .click()
    await page.getByText('You hid').waitFor()
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByText('is shown again').waitFor()
    await page.waitForTimeout(300)
    expect(requests.slice(before)).toEqual([])
    expect(await service.history('u3', 50)).toEqual(events)
  })

  it('is off again with what the service knows, and breaks no policy', async () => {
    await page.getByRole('switch', { name: 'Private mode' }).click()
    await page.locator('.badge.good').waitFor({ state: 'detached' })
    const { items } = await service.recommend({ user: 'u3', top: 9 })
    await expect.poll(shown).toEqual(items.map(({ id, title }) => title || id))
    expect(problems).toEqual([])
  })
})
