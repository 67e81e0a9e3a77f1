import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { addFlags, givenFlags } from './flags.ts'

const schema = z.strictObject({
  bare: z.boolean().default(false).describe('does without'),
  hiddenSize: z.int().min(1).max(9).default(4).describe('width'),
})
const parsed = (...args: readonly string[]): Record<string, unknown> => {
  const command = new Command('x').exitOverride()
  addFlags(command, schema, 'Model:')
  return givenFlags(schema, command.parse([...args], { from: 'user' }).opts())
}

describe('flags of a schema', () => {
  it('read a boolean with and without a value', () => {
    expect(parsed()).toEqual({})
    expect(parsed('--bare', '--hidden-size', '2')).toEqual({ bare: true, hiddenSize: 2 })
    expect([parsed('--bare', 'true'), parsed('--bare', 'false')]).toEqual([{ bare: true }, { bare: false }])
    expect(parsed('--bare', 'maybe')).toEqual({ bare: 'maybe' })
  })

  it('tell a range and a default, and nothing that reads as the flag --preset', () => {
    const command = new Command('x')
    addFlags(command, schema, 'Model:')
    const help = command.helpInformation()
    expect(help).toMatch(/--hidden-size <value>\s+width \(a whole number from 1 to 9; default 4\)/)
    expect(help).not.toContain('preset')
  })
})
