import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { temporaryFolder } from '../../../test/fixtures/prepared-files.ts'
import { writeTinyShop } from '../../../test/fixtures/tiny-shop.ts'
import { createProgram } from '../program.ts'

describe('prepare --partitions', () => {
  it('makes the dataset without describing it, and refuses what is no number of partitions, or a queue for one', async () => {
    using folder = temporaryFolder()
    writeTinyShop(folder.path)
    const at = (name: string): string => join(folder.path, name)
    const prepare = async (partitions: string, ...more: string[]): Promise<void> => {
      const files = ['--events', at('events.csv'), '--items', at('items.csv'), '--config', at('shop.yaml')]
      const args = ['prepare', ...files, '--out', at('data'), '--overwrite', '--partitions', partitions, ...more]
      await (await createProgram('prepare')).parseAsync(args, { from: 'user' })
    }
    const told: string[] = []
    const said = vi.spyOn(process.stderr, 'write').mockImplementation((text) => told.push(String(text)) > 0)
    const printed = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
    try {
      await prepare('3')
      await expect(prepare('1', '--queue', 'redis://host')).rejects.toThrow(
        '--queue: unsupported: an address, expected it with --partitions',
      )
      await expect(prepare('many')).rejects.toThrow('--partitions: invalid: "many", expected a whole number from 1')
    } finally {
      for (const spy of [said, printed]) spy.mockRestore()
    }
    expect(told.at(-1)).toBe(
      `the log is not described, since that needs all of it in memory; siftrec describe ${at('data')} does it\n`,
    )
  })
})
