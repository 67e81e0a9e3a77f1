import { describe, expect, it } from 'vitest'
import { agreement, groupsOf, middleOf, movedMost, nearOf, togetherness } from '../src/map/groups.ts'

const item = (category: string) => ({ id: category, title: '', category, picture: false })

describe('the groups of a map', () => {
  it('are the nine largest main categories, and all others', () => {
    const items = Array.from({ length: 12 }, (_, at) => Array.from({ length: 12 - at }, () => item(`c${at}|x`))).flat()
    const groups = groupsOf([...items, item('')])
    expect(groups.map(({ said, color }) => `${said} ${color}`)).toEqual([
      ...Array.from({ length: 9 }, (_, at) => `c${at} c${at}`),
      'Other c9',
    ])
    expect(groups.at(-1)?.items).toHaveLength(3 + 2 + 1 + 1)
    expect(groupsOf([item('a')]).map(({ said }) => said)).toEqual(['a'])
  })

  it('have their name at one of their own points', () => {
    const side = { points: [0, 0, 1, 1, 2, 2, 90, 90], near: [] }
    expect(middleOf(side, [0, 1, 2])).toEqual([1, 1])
  })
})

describe('who is near', () => {
  const items = ['a', 'a', 'b', ''].map(item)
  const before = { points: [], near: [1, 2, 0, 2, 0, 1, 0, 1] }
  const after = { points: [], near: [1, 2, 0, 3, 3, 1, 0, 1] }

  it('is told by item', () => expect(nearOf(before, 1, 4)).toEqual([0, 2]))

  it('shares a main category or not; items without one do not count', () => {
    expect(agreement(before, items)).toBeCloseTo(2 / 6)
  })

  it('is of the same group or of another', () => expect(togetherness(before, [0, 1], 4)).toBe(2 / 4))

  it('changed most where the fewest stayed', () => {
    const map = { run: '', model: '', denoises: true, of: 4, items, before, after }
    expect(movedMost(map, 3)).toEqual([1, 2, 0])
  })
})
