import { describe, expect, it } from 'vitest'
import { minutes } from './values.ts'

describe('minutes', () => {
  it('are any number above 0', () => {
    expect([minutes('--checkpoint-minutes', '10'), minutes('--checkpoint-minutes', '0.5')]).toEqual([10, 0.5])
    for (const text of ['0', '-1', '', 'ten', 'Infinity'])
      expect(() => minutes('--checkpoint-minutes', text)).toThrow(
        `--checkpoint-minutes: invalid: "${text}", expected minutes, above 0`,
      )
  })
})
