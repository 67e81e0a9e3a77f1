import { describe, expect, it } from 'vitest'
import { age, count, counted, fieldName, figure, latency, percent, sentence, signed } from '../src/format.ts'
import { shownShares } from '../src/parts/shares.tsx'
import { changesOf } from '../src/playground/changes.ts'
import { joinsOf, sharedSaid } from '../src/playground/joins.ts'
import { requestOf, requestText } from '../src/playground/request.ts'
import { stripOf } from '../src/playground/strip.ts'
import { behaviorsOf, modalitiesOf } from '../src/words.ts'

describe('numbers', () => {
  it('have a comma in thousands, a real minus sign and no space before percent', () => {
    expect([count(9082), count(-1500)]).toEqual(['9,082', '−1,500'])
    expect([percent(0.364), percent(0.0105, 1)]).toEqual(['36%', '1.1%'])
    expect([figure(0.1114), signed(0.0531), signed(-0.038), signed(0)]).toEqual(['0.111', '+0.053', '−0.038', '0.000'])
    expect([counted(1, 'film', 'films'), counted(9125, 'film', 'films')]).toEqual(['1 film', '9,125 films'])
  })

  it('and names from elsewhere are written the same way', () => {
    expect(sentence('33.2 % of the events share their time')).toBe('33.2% of the events share their time.')
    expect(sentence('are the times only dates?')).toBe('Are the times only dates?')
    expect(fieldName('video_type')).toBe('Video type')
  })

  it('of times take the unit that reads best', () => {
    expect([latency(0), latency(0.0068), latency(0.0179), latency(1.2)]).toEqual(['0 ms', '6.8 ms', '18 ms', '1.20 s'])
    expect([age(0), age(45_000), age(725_000), age(8_040_000), age(275_000_000), age(-5)]).toEqual([
      '0 s',
      '45 s',
      '12 min',
      '2 h 14 min',
      '3 d 4 h',
      '0 s',
    ])
  })
})

describe('behaviors', () => {
  it('are called by our words where there are any, by their own names where not', () => {
    expect(behaviorsOf(['pv', 'tag-it', 'buy']).map(({ did, act, color }) => [did, act, color])).toEqual([
      ['Viewed', 'View', 'view'],
      ['Tag it', 'Tag it', 'favorite'],
      ['Bought', 'Buy', 'buy'],
    ])
  })

  it('never share a color while there are enough', () => {
    const colors = behaviorsOf(['a', 'favorite', 'b', 'c']).map(({ color }) => color)
    expect(new Set(colors).size).toBe(4)
  })

  it('and modalities stand in one order', () => {
    expect(modalitiesOf(['image', 'id']).map(({ said }) => said)).toEqual(['Others’ choices', 'Picture'])
  })
})

describe('shares', () => {
  const part = (said: string, share: number) => ({ said, share, color: 'view' })
  it('are of all, and those that would read 0% are left out', () => {
    const shown = shownShares([part('a', 0.3), part('b', 0.1), part('c', 0.001)])
    expect(shown.map(({ said, share }) => [said, Math.round(100 * share)])).toEqual([
      ['a', 75],
      ['b', 25],
    ])
    expect(shownShares([part('a', 0)])).toEqual([])
  })
})

describe('what changed', () => {
  it('marks what is new, what rose and what fell; what was acted on made room for the rest', () => {
    const { marks, fresh, up, down } = changesOf(['a', 'b', 'c', 'd'], ['c', 'b', 'e'], 'a')
    expect(Object.fromEntries(marks)).toEqual({ c: 1, b: -1, e: 'new' })
    expect([fresh, up, down]).toEqual([1, 1, 1])
    expect([...changesOf(['a', 'b', 'c'], ['b', 'c'], 'a').marks.values()]).toEqual([0, 0])
  })
})

describe('the strip', () => {
  const event = (id: string, behavior: string, time?: number) => ({
    id,
    behavior,
    title: id,
    fresh: false,
    picture: false,
    ...(time !== undefined && { time }),
  })

  it('shows an item once that was acted on twice at one time, by the stronger act', () => {
    const events = [
      event('a', 'view', 9),
      event('a', 'buy', 9),
      event('b', 'view', 8),
      event('a', 'view', 7),
      event('c', 'view', 6),
    ]
    expect(stripOf(events, ['view', 'buy'], 3).map(({ id, behavior }) => `${id} ${behavior}`)).toEqual([
      'a buy',
      'b view',
      'a view',
    ])
    // Without times nothing tells that two events are one.
    expect(stripOf([event('a', 'view'), event('a', 'buy')], ['view', 'buy'], 3)).toHaveLength(2)
  })
})

describe('a request', () => {
  const asked = {
    user: 'a/b',
    history: [
      { id: '2', behavior: 'buy', time: 20 },
      { id: '1', behavior: 'view', time: 10 },
    ],
    unsent: false,
    top: 9,
    explain: true,
    without: { behaviors: ['view'], modalities: ['image' as const] },
    fields: { genre: 'Film-Noir' },
    numbers: { year: { from: 1990 } },
    hidden: ['7', '8'],
  }

  it('is the visitor’s own route while the service knows all', () => {
    const request = requestOf(asked)
    expect(request).toEqual({
      path: '/v1/users/a%2Fb/recommendations?top=9&explain=true&without.behavior=view&without.modality=image&field.genre=Film-Noir&number.year=1990..&block=7&block=8',
    })
    expect(requestText(requestOf({ ...asked, user: '186', hidden: [] }))).toMatch(/^GET \/v1\/users\/186\//)
  })

  it('brings the history along, oldest first, while an act is not stored', () => {
    expect(requestOf({ ...asked, unsent: true })).toEqual({
      path: '/v1/recommendations',
      body: {
        history: [
          { item: '1', behavior: 'view', time: 10 },
          { item: '2', behavior: 'buy', time: 20 },
        ],
        top: 9,
        explain: true,
        filter: { fields: { genre: ['Film-Noir'] }, numbers: { year: { from: 1990 } }, block: ['7', '8'] },
        without: { behaviors: ['view'], modalities: ['image'] },
      },
    })
  })
})

describe('two lists', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((id) => ({ id })) as [{ id: string }, { id: string }, { id: string }]
  const noun = { one: 'film', many: 'films' }
  const titles = { ours: 'M³BSR', theirs: 'SASRec' }

  it('are joined where they share a film', () => {
    expect(joinsOf([a, b, c], [c, a])).toEqual([
      [0, 1],
      [2, 0],
    ])
  })

  it('come to a sentence on what they share and what the other model cannot see', () => {
    const reads = { ours: ['id', 'text', 'image'], theirs: ['id'] } as const
    expect(sharedSaid({ ours: [a, b], theirs: [c, a], titles, noun, reads })).toBe(
      '1 of 2 films is on both lists. SASRec does not see titles or pictures.',
    )
    const more = { ours: ['id'], theirs: ['id', 'image'] } as const
    expect(sharedSaid({ ours: [a], theirs: [b], titles, noun, reads: more })).toBe(
      'No film is on both lists. SASRec sees pictures too.',
    )
    expect(sharedSaid({ ours: [a, b], theirs: [b, a], titles, noun, reads: { ours: ['id'], theirs: ['id'] } })).toBe(
      '2 of 2 films are on both lists. Both see others’ choices.',
    )
  })
})
