import { describe, expect, it } from 'vitest'
import { serviceLog } from './log.ts'

const lines: string[] = []
const out = { write: (line: string) => lines.push(line) }

describe('a log', () => {
  it('is JSON where it is piped, and a line to read in a terminal', () => {
    serviceLog({ quiet: false, out }).info({ status: 200 }, 'request')
    serviceLog({ quiet: false, out: { ...out, isTTY: true } }).error(
      { route: '/docs', err: new Error('broken') },
      'failed',
    )
    const [piped, terminal] = lines.splice(0)
    expect(JSON.parse(piped ?? '')).toEqual({
      level: 30,
      time: expect.stringMatching(/^\d{4}-/),
      status: 200,
      msg: 'request',
    })
    // Without the colors of a terminal.
    const text = terminal?.replaceAll(/\p{Cc}\[\d+m/gu, '')
    expect(text).toMatch(/^\d\d:\d\d:\d\d failed \(route \/docs\)\nError: broken\n +at /)
  })

  it('has warnings alone where it is quiet', () => {
    const log = serviceLog({ quiet: true, out })
    log.info('request')
    log.warn('trouble')
    expect(lines.splice(0).map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['trouble'])
  })
})
