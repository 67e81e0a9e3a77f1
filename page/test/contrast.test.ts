import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const css = readFileSync(new URL('../src/styles/tokens.css', import.meta.url), 'utf8')
const tokensOf = (text: string): Map<string, string> =>
  new Map(Array.from(text.matchAll(/--([\w-]+):\s*(#[\da-f]{6})\b/gi), ([, name = '', value = '']) => [name, value]))
const [light = '', dark = ''] = css.split('@media')
const schemes = { light: tokensOf(light), dark: new Map([...tokensOf(light), ...tokensOf(dark)]) }

/** Relative luminance, as WCAG 2.2 defines it. */
function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(one: string, other: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (high + 0.05) / (low + 0.05)
}

const grounds = ['page', 'surface', 'sunken']
/** Text and the grounds it stands on. */
const texts: [string, string[]][] = [
  ['text', [...grounds, 'hover', 'info-bg', 'warn-bg', 'bad-bg']],
  ['text-2', [...grounds, 'hover']],
  ['text-3', grounds],
  ['on-ink', ['ink']],
  ...['good', 'warn', 'bad', 'info'].map((name): [string, string[]] => [name, [`${name}-bg`, 'surface']]),
]
/** Shapes, edges of inputs and the focus ring. */
const shapes: [string, string[]][] = [
  ...['view', 'favorite', 'cart', 'buy', 'together', 'title', 'picture', 'line-strong'].map(
    (name): [string, string[]] => [name, ['surface']],
  ),
  ...['series-1', 'series-2', 'series-3', 'warn-fill', 'good'].map((name): [string, string[]] => [name, ['surface']]),
  ...Array.from({ length: 10 }, (_, at): [string, string[]] => [`c${at}`, ['surface']]),
  ['focus', ['page', 'surface']],
]

describe.each(['light', 'dark'] as const)('in the %s scheme', (scheme) => {
  const below = (pairs: readonly [string, string[]][], least: number): string[] =>
    pairs.flatMap(([front, backs]) =>
      backs.flatMap((back) => {
        const [one, other] = [schemes[scheme].get(front), schemes[scheme].get(back)]
        if (one === undefined || other === undefined) return [`${front} or ${back} is not a token`]
        const found = contrast(one, other)
        return found < least ? [`${front} on ${back}: ${found.toFixed(2)}`] : []
      }),
    )

  it('text has 4.5:1 on every ground it stands on', () => expect(below(texts, 4.5)).toEqual([]))
  it('shapes and edges have 3:1', () => expect(below(shapes, 3)).toEqual([]))
})

it('every token of the light scheme that is a color of its own has a dark one', () => {
  expect([...tokensOf(light).keys()].filter((name) => !tokensOf(dark).has(name))).toEqual([])
})
