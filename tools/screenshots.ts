/**
 * @file Takes pictures of every view of a running service's page, and stores nothing:
 * `npm run -s screenshots -- http://127.0.0.1:8080 docs/pictures VISITOR`.
 * Of a page that a command wrote it takes the top, in light, in dark and on a phone, named for the file:
 * `npm run -s screenshots -- audit.html docs/pictures`.
 */

import { mkdirSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium, type Page } from 'playwright-core'

const [base = 'http://127.0.0.1:8080', out = 'docs/pictures', visitor] = process.argv.slice(2)
const playground = visitor === undefined ? 'playground' : `playground/${encodeURIComponent(visitor)}`

interface Shot {
  readonly name: string
  readonly view: string
  readonly width: number
  readonly dark?: boolean
  /** What is done before the picture, and undone after it. */
  readonly act?: true
  /** What is switched on before the picture. */
  readonly also?: (page: Page) => Promise<void>
  /** The part of the page that is taken, the whole by default. */
  readonly part?: string
  /** How long numbers are gathered first, in milliseconds. */
  readonly wait?: number
}
const shots: readonly Shot[] = [
  { name: 'playground-light', view: playground, width: 1440, act: true },
  { name: 'playground-dark', view: playground, width: 1440, dark: true, act: true },
  { name: 'playground-375', view: playground, width: 375, act: true },
  { name: 'private', view: playground, width: 1440, also: goPrivate },
  { name: 'compare', view: playground, width: 1440, also: compare, part: '.panel:has(.two-lists)' },
  { name: 'compare-375', view: playground, width: 375, also: compare, part: '.panel:has(.two-lists)' },
  { name: 'map', view: 'map', width: 1440, also: drawn },
  { name: 'map-dark', view: 'map', width: 1440, dark: true, also: drawn },
  { name: 'map-375', view: 'map', width: 375, also: drawn },
  { name: 'models', view: 'models', width: 1440 },
  { name: 'data', view: 'data', width: 1440 },
  { name: 'operations', view: 'operations', width: 1440, wait: 30_000 },
]

mkdirSync(out, { recursive: true })
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
try {
  if (base.endsWith('.html')) await takeFile(base)
  else for (const shot of shots) await take(shot)
} finally {
  await browser.close()
}

async function takeFile(file: string): Promise<void> {
  const name = basename(file, '.html')
  const looks = [
    [`${name}-light`, 1280, 'light'],
    [`${name}-dark`, 1280, 'dark'],
    [`${name}-375`, 375, 'light'],
  ] as const
  for (const [shot, width, colorScheme] of looks) {
    const page = await browser.newPage({ viewport: { width, height: width < 600 ? 1400 : 1000 }, colorScheme })
    await page.goto(pathToFileURL(resolve(file)).href)
    const path = join(out, `${shot}.png`)
    await page.screenshot({ path })
    await page.close()
    process.stdout.write(`${path}\n`)
  }
}

async function take({ name, view, width, dark, act, also, part, wait = 0 }: Shot): Promise<void> {
  const page = await browser.newPage({
    viewport: { width, height: 900 },
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
  })
  // Private mode and the map are made when they are first asked for.
  page.setDefaultTimeout(180_000)
  await page.goto(`${base.replace(/\/$/, '')}/#/${view}`)
  await page
    .locator(view === playground ? '.card .name' : 'main .panel')
    .first()
    .waitFor()
  if (act) await actOnFirst(page)
  await also?.(page)
  await page.waitForTimeout(wait)
  await page.waitForLoadState('networkidle')
  const path = join(out, `${name}.png`)
  if (part === undefined) await page.screenshot({ path, fullPage: true })
  else {
    // As tall as all of it: the frame sticks to the top while a page scrolls.
    const height = await page.evaluate<number>('document.documentElement.scrollHeight')
    await page.setViewportSize({ width, height })
    await page.locator(part).screenshot({ path })
  }
  if (act) await page.locator('#undo').click()
  await page.close()
  process.stdout.write(`${path}\n`)
}

async function goPrivate(page: Page): Promise<void> {
  await page.getByRole('switch').click()
  await page.getByText('Nothing is sent').waitFor()
  await page.getByText('made in this browser').waitFor()
}

/** Compares with the first other run. */
async function compare(page: Page): Promise<void> {
  await page.getByLabel('Compare with').selectOption({ index: 1 })
  await page.locator('.two-lists').waitFor()
}

async function drawn(page: Page): Promise<void> {
  await page.locator('.map .tip').last().waitFor()
}

/** Acts with the strongest behavior on the first item; nothing is sent while it can be undone. */
async function actOnFirst(page: Page): Promise<void> {
  await page.locator('.card').first().locator('.acts button:not(.quiet)').last().click()
  await page.locator('#undo').waitFor()
  await page.locator('section[aria-busy=false]').waitFor()
  // The time of Undo stands still while somebody points at it.
  await page.locator('#changed').hover()
}
