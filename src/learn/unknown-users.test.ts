import { describe, expect, it } from 'vitest'
import { catalogInput, type FrozenInputs } from '../models/contract/catalog.ts'
import { hiddenUsers } from './unknown-users.ts'

/** Two fields of nobody, an unknown user and 2,000 others: the row of the id, and an age. */
const userRow = Int32Array.from({ length: 2002 }, (_, user) => Math.max(1, user))
const table = BigInt64Array.from([...userRow].flatMap((row, user) => [BigInt(row), BigInt(user % 7)]))
const name = catalogInput.fields('user')
const frozen: FrozenInputs = { get: (input) => (input === name ? table : undefined) }

/** The batch has every user but the last hundred, most of them twice. */
const batch = BigInt64Array.from({ length: 3600 }, (_, at) => BigInt(2 + (at % 1900)))

/** The table that a step reads. */
function drawn(steps: readonly number[], { share = 0.25, seed = 1 } = {}): bigint[] {
  const hidden = hiddenUsers(frozen, { userRow, share, seed })
  for (const step of steps) hidden.draw(step, [batch])
  return [...(hidden.frozen.get(name) as BigInt64Array)]
}
/** The users whose id is hidden. */
const hiddenIn = (rows: readonly bigint[]): number[] =>
  [...userRow.keys()].filter((user) => user > 1 && rows[2 * user] === 1n)

describe('hiddenUsers', () => {
  it('hides the share of a batch’s users, and nothing but ids', () => {
    const before = table.slice()
    const rows = drawn([1])
    expect(Math.abs(hiddenIn(rows).length / 1900 - 0.25)).toBeLessThan(0.03)
    expect(hiddenIn(rows).every((user) => user < 1902)).toBe(true)
    for (const user of userRow.keys()) {
      expect([1n, BigInt(userRow[user] as number)]).toContain(rows[2 * user])
      expect(rows[2 * user + 1]).toBe(before[2 * user + 1])
    }
    expect(table).toEqual(before)
  })

  it('hides others in another step and by another seed, and the same after whatever came before', () => {
    expect(drawn([1, 2])).toEqual(drawn([2]))
    expect(drawn([1])).not.toEqual(drawn([2]))
    expect(drawn([1], { seed: 2 })).not.toEqual(drawn([1]))
  })

  it('gives other inputs as they are', () => {
    expect(hiddenUsers(frozen, { userRow, share: 0.5, seed: 1 }).frozen.get('item.text')).toBeUndefined()
  })
})
