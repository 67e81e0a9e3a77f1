import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { ToldAudit } from '../../audit/told-audit.ts'
import { localFeatures } from '../../features/local.ts'
import { prepareDataset } from '../../prepare/prepare.ts'
import { simulateShop } from '../../simulate/shop.ts'
import { createProgram } from '../program.ts'

const folder = mkdtempSync(join(tmpdir(), 'siftrec-audit-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const at = (name: string): string => join(folder, name)
const shop = { events: at('raw/events.csv'), items: at('raw/items.csv'), mapping: at('raw/shop.yaml') }

/** What the command prints. */
async function siftrec(...args: string[]): Promise<string> {
  const printed: string[] = []
  const catches = (text: string | Uint8Array): boolean => printed.push(text.toString()) > 0
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(catches),
    vi.spyOn(process.stderr, 'write').mockReturnValue(true),
  ]
  try {
    await (await createProgram('audit')).parseAsync(args, { from: 'user' })
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
  return printed.join('')
}

beforeAll(async () => {
  await simulateShop(at('raw'), { users: 60, items: 100, sessions: 6 })
  await prepareDataset({ ...shop, out: at('data'), features: localFeatures() })
})

describe('siftrec audit', () => {
  let told: ToldAudit
  beforeAll(async () => {
    const files = ['--html', at('a.html'), '--csv', at('a.csv'), '--suspects', at('suspects.json')]
    told = JSON.parse(await siftrec('audit', at('data'), '--json', ...files)) as ToldAudit
  })

  it('ranks suspects with evidence, as JSON and as rows', () => {
    const { suspects, judged } = told.clicks
    expect(suspects.length).toBeGreaterThan(10)
    expect(suspects.length).toBeLessThan(judged)
    expect(suspects[0]).toMatchObject({ behavior: 'click', evidence: expect.arrayContaining([expect.any(String)]) })
    expect(suspects.map(({ chance }) => chance)).toEqual(suspects.map(({ chance }) => chance).sort((a, b) => b - a))
    const [head, first, ...rest] = readFileSync(at('a.csv'), 'utf8').trim().split('\n')
    expect(head).toBe('kind,rank,user,item,title,behavior,time,chance,evidence')
    expect(first).toContain(`accidental event,1,${suspects[0]?.user},${suspects[0]?.item},`)
    expect(rest.filter((row) => row.startsWith('accidental event'))).toHaveLength(suspects.length - 1)
  })

  it('writes a page of one file, with the pictures in it', () => {
    const page = readFileSync(at('a.html'), 'utf8')
    expect(page).toContain('Events that look accidental')
    expect(page).toContain('<img class="own" src="data:image/jpeg;base64,')
    expect(page).not.toMatch(/src="(?!data:)|<script|href="(?!#)/)
  })

  it('prints the head of each list', async () => {
    const text = await siftrec('audit', at('data'), '--least', '0.9')
    for (const part of [
      'Accidental events (click)',
      'at least 90 % likely',
      'Wrong pictures',
      'The log and the catalog',
    ])
      expect(text).toContain(part)
  })

  it('writes suspects that prepare leaves out', async () => {
    const options = { ...shop, out: at('sifted'), drop: at('suspects.json'), allowDropped: true }
    const { dropped } = await prepareDataset(options)
    expect(dropped[0]).toMatchObject({ filter: 'suspects' })
    expect(dropped[0]?.events).toBeGreaterThanOrEqual(told.clicks.suspects.length)
  })
})
