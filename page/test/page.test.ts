import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { type Browser, chromium, type Page } from 'playwright-core'
import { build } from 'vite'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createApp } from '../../src/http/app.ts'
import { serviceLog } from '../../src/http/log.ts'
import { askApp } from '../../test/fixtures/ask-app.ts'
import { stubService as emptyService } from '../../test/fixtures/stub-service.ts'
import { type StubService, stubService } from './stub-service.ts'

const executablePath = '/usr/bin/chromium'
const folder = mkdtempSync(join(tmpdir(), 'siftrec-page-'))

beforeAll(async () => {
  // Under a test's name libraries keep what is for developers, and the page would be larger than the one that is served.
  vi.stubEnv('NODE_ENV', 'production')
  await build({
    configFile: fileURLToPath(new URL('../vite.config.ts', import.meta.url)),
    logLevel: 'error',
    build: { outDir: folder },
  })
  vi.unstubAllEnvs()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the built page', () => {
  const files = () => readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.\w+$/.test(name))

  it('is one document without script or style of its own, and hashed files', () => {
    const html = readFileSync(join(folder, 'index.html'), 'utf8')
    expect(html).not.toMatch(/<style|\sstyle=|<script(?![^>]*\ssrc="\.\/assets\/)|https?:|\son\w+=/)
    expect(files().filter((name) => name.startsWith('assets/'))).not.toEqual([])
    expect(files().filter((name) => name.startsWith('assets/') && !/-[\w-]{8}\.\w+$/.test(name))).toEqual([])
  })

  it('is small: compressed, a browser loads less than 100 kB at first, and less than 290 kB with all views', () => {
    const sizeOf = (names: readonly string[]): number =>
      names.reduce((sum, name) => sum + gzipSync(readFileSync(join(folder, name))).length, 0)
    const loaded = files().filter((name) => !name.endsWith('LICENSE.txt'))
    const html = readFileSync(join(folder, 'index.html'), 'utf8')
    expect(sizeOf(loaded.filter((name) => html.includes(name) || name.endsWith('.woff2')))).toBeLessThan(100_000)
    expect(sizeOf(loaded)).toBeLessThan(290_000)
  })
})

// Without a browser, as where CI has none, the page is built and not driven.
describe.skipIf(!existsSync(executablePath))(`in a browser (skipped without ${executablePath})`, () => {
  let browser: Browser
  let stub: StubService
  const problems: string[] = []

  beforeAll(async () => {
    stub = await stubService(folder)
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
  })
  // One that failed must not spoil the next.
  beforeEach(() => Object.assign(stub, { away: false, slow: 0, key: undefined }))
  afterAll(async () => {
    await browser?.close()
    await stub?.[Symbol.asyncDispose]()
  })

  /** Opens a view of the page. */
  async function open(view: string, options: { width?: number; dark?: boolean } = {}): Promise<Page> {
    const page = await watched(options)
    await page.goto(`${stub.address}#/${view}`)
    return page
  }
  /** A tab that notes whatever the browser complains of. */
  async function watched(options: { width?: number; dark?: boolean } = {}): Promise<Page> {
    const page = await browser.newPage({
      viewport: { width: options.width ?? 1280, height: 900 },
      colorScheme: options.dark ? 'dark' : 'light',
      reducedMotion: 'reduce',
    })
    page.setDefaultTimeout(20_000)
    page.on('console', (message) => {
      // An answer of 404 or 503 that a test asks for is written there too.
      if (message.type() === 'error' && !/the server responded with a status of/.test(message.text()))
        problems.push(message.text())
    })
    page.on('pageerror', (error) => problems.push(error.message))
    page.on('request', (request) => {
      if (!request.url().startsWith(stub.address) && !request.url().startsWith('blob:')) problems.push(request.url())
    })
    return page
  }
  /** Buttons and fields that a finger would miss. It runs in the page. */
  const tooSmall = (): string[] =>
    Array.from(document.querySelectorAll('button, select, input:not([type=checkbox]), nav a'))
      .map((element) => ({ element, box: element.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 0 && (box.height < 44 || box.width < 24))
      .map(({ element, box }) => `${element.outerHTML.slice(0, 80)} ${box.width} x ${box.height}`)
  const cardTitles = (page: Page): Promise<string[]> => page.locator('.card .name').allTextContents()

  it('shows a visitor’s history and list, and an act changes both', async () => {
    const page = await open('playground')
    await page.getByRole('heading', { name: 'Visitor 186' }).waitFor()
    await expect.poll(() => page.locator('.strip li').count()).toBe(5)
    await page.locator('.card').first().waitFor()
    const before = await cardTitles(page)
    expect(before).toHaveLength(9)
    await page.getByText('9 of 17 films').waitFor()
    await page
      .getByRole('img', { name: /^Viewed \d+%, Favorited \d+%$/ })
      .first()
      .waitFor()

    await page.getByRole('button', { name: `Favorite ${before[0]}` }).click()
    await page.getByText(`You favorited ${before[0]}.`).waitFor()
    await page.locator('.card .badge').first().waitFor()
    expect(await cardTitles(page)).not.toContain(before[0])
    expect(await page.locator('.strip li').first().textContent()).toMatch(/Favorited.*Just now/)
    // It can be undone since it is not sent yet; what shows its effect stores nothing.
    expect(stub.events).toEqual([])
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByText('Undone').waitFor()
    await expect.poll(() => cardTitles(page)).toEqual(before)
    expect(stub.events).toEqual([])

    // The next act sends the one before.
    await page.getByRole('button', { name: `View ${before[1]}` }).click()
    await page.getByText(`You viewed ${before[1]}.`).waitFor()
    await page
      .getByRole('button', { name: /^Favorite / })
      .first()
      .click()
    await expect.poll(() => stub.events).toMatchObject([{ user: '186', behavior: 'view' }])
    await page.close()
    stub.events.length = 0
  })

  it('stores an act by itself once it can be undone no more, and says so unless something else was done since', async () => {
    const page = await open('playground')
    await page.locator('.card .name').first().waitFor()
    await page.clock.install()
    await page
      .getByRole('button', { name: /^Favorite / })
      .first()
      .click()
    await page.getByText('It is stored in 8 seconds.').waitFor()
    await page.clock.fastForward(8100)
    await page.getByText('It is stored, and the next request reads it.').waitFor()
    expect(stub.events).toHaveLength(1)
    expect(await page.getByRole('button', { name: 'Undo' }).count()).toBe(0)

    await page
      .getByRole('button', { name: /^View / })
      .first()
      .click()
    await page.getByRole('button', { name: 'Picture', exact: true }).click()
    await page.clock.fastForward(8100)
    await expect.poll(() => stub.events).toHaveLength(2)
    await page.getByText('Picture: left out.').waitFor()
    await page.close()
    stub.events.length = 0
  })

  it('leaves out a modality, hides an item and filters, by keyboard too', async () => {
    const page = await open('playground')
    await page.locator('.card').first().waitFor()
    const before = await cardTitles(page)
    const chip = page.getByRole('button', { name: 'Picture', exact: true })
    await chip.focus()
    await page.keyboard.press('Enter')
    await page.getByText('Picture: left out.').waitFor()
    expect(await chip.getAttribute('aria-pressed')).toBe('false')
    await page.keyboard.press('Space')
    await page.getByText('Picture: used again.').waitFor()
    await expect.poll(() => cardTitles(page)).toEqual(before)

    await page.getByRole('button', { name: `Hide ${before[0]}` }).focus()
    await page.keyboard.press('Enter')
    await page.getByText(`You hid ${before[0]}.`).waitFor()
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('undo')

    await page.getByText('Only some films').click()
    await page.getByLabel('Genre').selectOption('Film-Noir')
    await page.getByText('No film passes the filters.').waitFor()
    await page.getByRole('button', { name: 'Remove “genre is Film-Noir”' }).click()
    await page.locator('.card').first().waitFor()
    await page.close()
  })

  it('says that nobody is known, that a store is away, and goes on', async () => {
    const page = await open('playground/999')
    await page.getByText('There is no visitor 999.').waitFor()
    await page.getByRole('button', { name: 'Make 999 a new visitor' }).click()
    await page.getByText('These are popular films instead.').waitFor()
    await page.getByRole('button', { name: 'Random visitor' }).click()
    await page.getByRole('heading', { name: 'Visitor 186' }).waitFor()
    await page.locator('.card .bar').first().waitFor()
    stub.away = true
    await page.getByRole('button', { name: 'Title', exact: true }).click()
    await page.getByText('New events cannot be read right now.').waitFor()
    expect(await page.locator('.card').count()).toBe(9)
    stub.away = false
    await page.getByRole('button', { name: 'Try now' }).click()
    await page.getByText('New events cannot be read right now.').waitFor({ state: 'detached' })
    await page.close()
  })

  it('says of a run that cannot rank in a browser why not, and goes on', async () => {
    const page = await open('playground')
    await page.locator('.card .name').first().waitFor()
    await page.getByRole('switch', { name: 'Private mode' }).click()
    await page.getByText('This model cannot rank in a browser.').waitFor()
    await page.getByText('item-knn counts and has no graph').first().waitFor()
    expect(await page.getByText('Nothing is sent').count()).toBe(0)
    expect(await page.locator('.card').count()).toBe(9)
    await page.close()
  })

  it('shows the list of another run beside the served one’s, at 375 px too', async () => {
    for (const width of [1280, 375]) {
      const page = await open('playground', { width })
      await page.getByLabel('Compare with').selectOption('films-sasrec')
      await page.getByText(/^\d of 9 films are on both lists\. SASRec does not see titles or pictures\.$/).waitFor()
      const shared = await page.locator('.two-lists path').count()
      expect(shared).toBeGreaterThan(0)
      expect(await page.locator('.two-lists .badge').count()).toBe(2 * (9 - shared))
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width)
      // A line begins at the middle of its row.
      const line = await page.locator('.two-lists path').last().boundingBox()
      const rows = page.locator('.side-list').first().locator('li:not(:has(.badge))')
      const row = await rows.last().boundingBox()
      const middle = (row?.y ?? 0) + (row?.height ?? 0) / 2
      const ends = [line?.y ?? 0, (line?.y ?? 0) + (line?.height ?? 0)]
      expect(Math.min(...ends.map((end) => Math.abs(end - middle)))).toBeLessThan(6)
      await page.getByLabel('Compare with').selectOption('films-popular')
      await page.getByText('films-popular makes no list here.').waitFor()
      await page.close()
    }
  })

  it('draws two maps, and tells by keyboard what is near to a film on each', async () => {
    const page = await open('map')
    await page.getByText('The 22 most popular films of 1,000').waitFor()
    await page.locator('.map canvas').nth(1).waitFor()
    await page.getByLabel('Find a film').fill('Spirited Away')
    await page.getByRole('heading', { name: 'Nearest to Spirited Away' }).waitFor()
    const before = page.getByRole('list', { name: 'Nearest, before' }).getByRole('button')
    expect(await before.allTextContents()).toHaveLength(6)
    await page.locator('.map .tip').nth(1).waitFor()
    await before.first().focus()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Nearest to Fight Club' }).waitFor()
    await page.close()
  })

  it('says which run is better, draws trainings, and serves another run when it is asked twice', async () => {
    const page = await open('models')
    await page.getByText('The model being served is not the best one here.').waitFor()
    await page.locator('canvas').first().hover()
    await page.getByRole('button', { name: 'Serve films-sasrec' }).click()
    expect(stub.asked).not.toContain('POST /v1/admin/reload')
    await page.getByRole('button', { name: 'Serve SASRec now' }).click()
    await page.getByText('Serving films-sasrec').waitFor()
    expect(stub.asked).toContain('POST /v1/admin/reload')
    await page.close()
  })

  it('asks for the list anew where another run has come to be served', async () => {
    const page = await open('playground')
    await page.locator('.card .name').first().waitFor()
    await page.getByRole('link', { name: 'Models' }).click()
    await page
      .getByRole('button', { name: /^Serve films-(sasrec|m3bsr)$/ })
      .first()
      .click()
    await page.getByRole('button', { name: /^Serve .* now$/ }).click()
    await page.getByRole('button', { name: /^Serve .* now$/ }).waitFor({ state: 'detached' })
    const lists = () => stub.asked.filter((path) => path.endsWith('/recommendations')).length
    const before = lists()
    await page.getByRole('link', { name: 'Playground' }).click()
    await expect.poll(lists).toBe(before + 1)
    await page.close()
  })

  it('asks for a key where the service does, and fetches pictures with it', async () => {
    stub.key = 'a-key-of-the-shop'
    const page = await open('playground')
    await page.getByLabel('Key').fill('a-key-of-the-shop')
    await page.getByRole('button', { name: 'Use it' }).click()
    await page.locator('.strip img[src^="blob:"]').first().waitFor()
    await expect
      .poll(() =>
        page
          .locator('.strip img')
          .first()
          .evaluate((image) => (image as HTMLImageElement).naturalWidth),
      )
      .toBeGreaterThan(0)
    await page.close()
  })

  it('shows the shape of a list that takes long', async () => {
    stub.slow = 600
    const page = await open('playground')
    await page.locator('.card .skeleton').first().waitFor()
    stub.slow = 0
    await page.locator('.card .name').first().waitFor()
    expect(await page.locator('.skeleton').count()).toBe(0)
    await page.close()
  })

  it('has no sideways scroll at 375 px in any view, and a dark scheme', async () => {
    const page = await open('playground', { width: 375, dark: true })
    for (const view of ['Playground', 'Models', 'Data', 'Map', 'Operations']) {
      await page.getByRole('link', { name: view }).click()
      await page.getByRole('heading', { level: 1, name: view }).waitFor()
      await page.locator('main .panel').first().waitFor()
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(375)
      expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1)
      // Whatever can be used or means something has a name, and is large enough for a finger.
      const spoken = await page.locator('body').ariaSnapshot()
      expect(
        spoken.match(/- (button|link|textbox|combobox|checkbox|spinbutton|img|region|navigation)(?! ")[^\n]*/g),
      ).toBeNull()
      expect(await page.evaluate(tooSmall)).toEqual([])
    }
    const ground = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
    expect(ground).toBe('rgb(13, 14, 17)')
    await page.close()
  })

  it('shows the routes in their own style, which the policy knows by its hash', async () => {
    const app = createApp({ service: emptyService(), log: serviceLog({ quiet: true }), version: '1.2.3' })
    const page = await watched()
    await page.route(`${stub.address}**`, async (route) => {
      const { status, headers, text } = await askApp(app, ['GET', new URL(route.request().url()).pathname])
      await route.fulfill({ status, headers: Object.fromEntries(headers), body: text })
    })
    for (const path of ['docs', '']) {
      await page.goto(`${stub.address}${path}`)
      await page.getByRole('heading', { level: 1 }).first().waitFor()
      expect(await page.evaluate(() => getComputedStyle(document.body).maxWidth)).toBe('960px')
    }
    await page.close()
  })

  it('asks no other host, breaks no policy and writes no error', () => expect(problems).toEqual([]))
})
