import { describe, expect, it } from 'vitest'
import { leased } from './leases.ts'

describe('a leased value', () => {
  it('is disposed of once, after the last who uses it', async () => {
    const told: string[] = []
    const lease = leased({
      [Symbol.asyncDispose]: () => {
        told.push('disposed')
        return Promise.resolve()
      },
    })
    let end = (): void => undefined
    const working = lease.use(() => new Promise<void>((resolve) => (end = resolve)))
    const failing = lease.use(() => Promise.reject(new Error('work that fails')))
    await expect(failing).rejects.toThrow('work that fails')
    const retiring = lease.retire().then(() => told.push('retired'))
    await new Promise((resume) => setImmediate(resume))
    expect(told).toEqual([])
    end()
    await working
    await retiring
    await lease.retire()
    expect(told).toEqual(['disposed', 'retired'])
  })
})
