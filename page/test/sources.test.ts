import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../src', import.meta.url))
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.tsx?$/.test(name))
  .map((name) => ({ name, text: readFileSync(join(root, name), 'utf8') }))

/** The places where a pattern is found, as `file:line`. */
const places = (pattern: RegExp, among = files): string[] =>
  among.flatMap(({ name, text }) =>
    text.split('\n').flatMap((line, at) => (pattern.test(line) ? [`${name}:${at + 1}`] : [])),
  )

describe('the sources of the page', () => {
  it('take types alone from the package: all else is asked over HTTP', () => {
    expect(places(/from '(\.\.\/)+src\//).length).toBeGreaterThan(5)
    expect(places(/^(?!import type ).*from '(\.\.\/)+src\//)).toEqual([])
    expect(places(/from 'node:/)).toEqual([])
  })

  it('load echarts with the first chart, and only what they name of it', () => {
    const drawing = ['draw.ts', 'draw-map.ts'].map((name) => join('charts', name))
    const others = files.filter(({ name }) => !drawing.includes(name))
    const late = ['chart.tsx', 'points.tsx'].map((name) => join('charts', name))
    expect(
      places(/from '(echarts|.*\/draw(-map)?\.ts)/, others).filter(
        (place) => !late.some((name) => place.startsWith(name)),
      ),
    ).toEqual([])
    expect(places(/from 'echarts'/)).toEqual([])
    expect(places(/import type .*draw(-map)?\.ts/).length).toBe(2)
    expect(places(/from '.*views\/map\.tsx/)).toEqual([])
  })

  it('put no HTML together from texts', () => expect(places(/innerHTML|dangerouslySet|insertAdjacentHTML/)).toEqual([]))

  it('have at most 400 lines, and no comment wider than 120 columns', () => {
    expect(files.filter(({ text }) => text.split('\n').length > 401).map(({ name }) => name)).toEqual([])
    expect(places(/^(?=.{121})\s*(\/\/|\/?\*)/)).toEqual([])
  })
})
