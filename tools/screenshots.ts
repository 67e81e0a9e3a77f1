/**
 * @file Takes pictures of every view of a running service's page, and stores nothing:
 * `npm run -s screenshots -- http://127.0.0.1:8080 docs/pictures VISITOR`.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
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
  /** How long numbers are gathered first, in milliseconds. */
  readonly wait?: number
}
const shots: readonly Shot[] = [
  { name: 'playground-light', view: playground, width: 1440, act: true },
  { name: 'playground-dark', view: playground, width: 1440, dark: true, act: true },
  { name: 'playground-375', view: playground, width: 375, act: true },
  { name: 'models', view: 'models', width: 1440 },
  { name: 'data', view: 'data', width: 1440 },
  { name: 'operations', view: 'operations', width: 1440, wait: 30_000 },
]

mkdirSync(out, { recursive: true })
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
try {
  for (const shot of shots) await take(shot)
} finally {
  await browser.close()
}

async function take({ name, view, width, dark, act, wait = 0 }: Shot): Promise<void> {
  const page = await browser.newPage({
    viewport: { width, height: 900 },
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
  })
  await page.goto(`${base.replace(/\/$/, '')}/#/${view}`)
  await page
    .locator(act ? '.card .name' : 'main .panel')
    .first()
    .waitFor()
  if (act) await actOnFirst(page)
  await page.waitForTimeout(wait)
  await page.waitForLoadState('networkidle')
  const path = join(out, `${name}.png`)
  await page.screenshot({ path, fullPage: true })
  if (act) await page.locator('#undo').click()
  await page.close()
  process.stdout.write(`${path}\n`)
}

/** Acts with the strongest behavior on the first item; nothing is sent while it can be undone. */
async function actOnFirst(page: Page): Promise<void> {
  await page.locator('.card').first().locator('.acts button:not(.quiet)').last().click()
  await page.locator('#undo').waitFor()
  await page.locator('section[aria-busy=false]').waitFor()
  // The time of Undo stands still while somebody points at it.
  await page.locator('#changed').hover()
}
