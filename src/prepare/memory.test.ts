import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import { memoryBytes } from './memory.ts'
import { prepareDataset } from './prepare.ts'

describe('the memory limit', () => {
  it.each([
    ['2GB', 2e9],
    ['1.5 gb', 1.5e9],
    ['64MB', 64e6],
    ['512MiB', 2 ** 29],
    [' 1TB ', 1e12],
  ])('%s is read', (text, bytes) => {
    expect(memoryBytes(text)).toBe(bytes)
  })

  it.each(['abc', '-1', '0', '0GB', '2', '10%', '', 'unlimited', '1KB', '1e3GB', '99999999TB', '2GB; DROP'])(
    '"%s" is refused by its flag',
    async (text) => {
      using folder = temporaryFolder()
      const events = folder.write({ 'log.csv': 'user,item,time\nu,a,1\n' })
      await expect(prepareDataset({ events, out: join(folder.path, 'out'), memoryLimit: text })).rejects.toThrow(
        `--memory-limit: invalid: "${text}", expected a size from 64MB to 1000TB, such as 2GB`,
      )
    },
  )

  it('is kept', async () => {
    using folder = temporaryFolder()
    const events = folder.write({ 'log.csv': 'user,item,time\nu,a,1\n' })
    const options = { events, mapping: { filters: { minimumEventsPerUser: 0 } }, memoryLimit: '64MiB' }
    expect((await prepareDataset({ ...options, out: join(folder.path, 'out') })).counts.events).toBe(1)
  })
})
