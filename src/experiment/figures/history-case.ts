/**
 * @file One user's history as pictures, and what models say of candidates after it: how probable a click is, and the
 * weight of each event. Drawn by hand: a chart has no pictures.
 */
import { colors } from './svg.ts'

/** An item as it is shown. */
export interface PicturedItem {
  readonly title: string
  /** What is told below it. */
  readonly note: string
  /** As a `data:` address, so that the file stands alone; an empty frame by default. */
  readonly picture?: string
}
/** What a model says of a candidate. */
export interface CaseOpinion {
  readonly model: string
  readonly probability: number
  /** Of each event of the history, in the model's own unit; an event it did not read has 0. */
  readonly weights: readonly number[]
}
/** A user's case. */
export interface HistoryCase {
  readonly title: string
  /** Oldest first. */
  readonly history: readonly PicturedItem[]
  readonly targets: readonly { readonly item: PicturedItem; readonly opinions: readonly CaseOpinion[] }[]
}

const picture = { width: 72, height: 108 }
const column = { width: 88, text: 14 }
const size = { left: 300, top: 64, margin: 16, history: 172, band: 64, least: 150, bar: 40 }

/** The case as SVG text. */
export function drawHistoryCase({ title, history, targets }: HistoryCase): string {
  const width = size.left + column.width * history.length + size.margin
  const heights = targets.map(({ opinions }) => Math.max(size.least, opinions.length * size.band + size.margin))
  const height = heights.reduce((sum, one) => sum + one, size.top + size.history + size.margin)
  const tops = heights.map((_, at) => heights.slice(0, at).reduce((sum, one) => sum + one, size.top + size.history))
  const parts = [
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    text(width / 2, 24, title, { size: 15, anchor: 'middle', weight: 'bold' }),
    text(size.margin, size.top + 20, 'The history, oldest first', { size: 12, weight: 'bold' }),
    text(size.margin, size.top + 40, 'Bars: the weight of each event for a target,', { size: 11 }),
    text(size.margin, size.top + 56, 'over the largest there; outlined below 0', { size: 11 }),
    ...history.map((item, at) => itemAt(item, columnAt(at), size.top)),
    ...targets.flatMap(({ item, opinions }, at) => targetAt(item, opinions, tops[at] as number, width)),
  ]
  return `<svg width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" xmlns="http://www.w3.org/2000/svg" font-family="sans-serif">\n${parts.join('\n')}\n</svg>\n`
}

const columnAt = (at: number): number => size.left + column.width * at

function itemAt({ title, note, picture: address }: PicturedItem, left: number, top: number): string {
  const lines = linesOf(title, column.text)
  const below = top + picture.height + 14
  return [
    frame(left, top, address),
    `<g><title>${escaped(title)}</title>`,
    ...lines.map((line, at) => text(left, below + 12 * at, line, { size: 10 })),
    '</g>',
    text(left, below + 24, note, { size: 10, fill: '#666666' }),
  ].join('')
}

function targetAt(item: PicturedItem, opinions: readonly CaseOpinion[], top: number, width: number): string[] {
  const side = size.margin + picture.width + 12
  const lines = linesOf(item.title, 30)
  const said = opinions.map(({ model, probability }, at) => {
    const line = top + 70 + 18 * at
    const name = text(side, line, model, { size: 12, fill: colorOf(at) })
    return `${name}${text(size.left - 20, line, probability.toFixed(3), { size: 12, anchor: 'end', weight: 'bold' })}`
  })
  return [
    `<path d="M${size.margin} ${top - 8}H${width - size.margin}" stroke="#dddddd"/>`,
    frame(size.margin, top, item.picture),
    `<g><title>${escaped(item.title)}</title>`,
    ...lines.map((line, at) => text(side, top + 14 + 14 * at, line, { size: 12, weight: 'bold' })),
    '</g>',
    text(side, top + 46, item.note, { size: 11, fill: '#666666' }),
    ...said,
    ...opinions.flatMap((opinion, at) => barsAt(opinion, at, top + size.band * at)),
  ]
}

const colorOf = (at: number): string => colors[at % colors.length] as string

/** The weights of one model, each below its event. */
function barsAt({ weights }: CaseOpinion, at: number, top: number): string[] {
  const most = Math.max(...weights.map(Math.abs)) || 1
  const base = top + size.bar + 8
  const end = columnAt(weights.length) - (column.width - picture.width)
  const line = `<path d="M${size.left} ${base}H${end}" stroke="#999999"/>`
  return [line, ...weights.map((weight, event) => barAt(weight, (size.bar * Math.abs(weight)) / most, event, base, at))]
}

function barAt(weight: number, long: number, event: number, base: number, at: number): string {
  const inside = weight < 0 ? `fill="none" stroke="${colorOf(at)}"` : `fill="${colorOf(at)}"`
  const left = columnAt(event)
  const bar = `<rect x="${left + 20}" y="${(base - long).toFixed(1)}" width="32" height="${long.toFixed(1)}" ${inside}/>`
  return `${bar}${text(left + 36, base + 11, weight.toPrecision(2), { size: 9, anchor: 'middle', fill: '#666666' })}`
}

function frame(left: number, top: number, address: string | undefined): string {
  const place = `x="${left}" y="${top}" width="${picture.width}" height="${picture.height}"`
  return address === undefined
    ? `<rect ${place} fill="#f4f4f4" stroke="#cccccc"/>`
    : `<image ${place} href="${escaped(address)}" preserveAspectRatio="xMidYMid slice"/>`
}

function text(
  x: number,
  y: number,
  content: string,
  {
    size: fontSize,
    anchor = 'start',
    weight = 'normal',
    fill = '#1a1a1a',
  }: { size: number; anchor?: 'start' | 'middle' | 'end'; weight?: 'normal' | 'bold'; fill?: string },
): string {
  return `<text x="${x}" y="${y}" font-size="${fontSize}" text-anchor="${anchor}" font-weight="${weight}" fill="${fill}">${escaped(content)}</text>`
}

const escaped = (content: string): string =>
  content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/** A title in at most two lines, cut where it is longer. */
function linesOf(title: string, most: number): string[] {
  const lines = ['']
  for (const word of title.split(/\s+/)) {
    const last = lines.at(-1) as string
    const longer = last === '' ? word : `${last} ${word}`
    if (longer.length <= most || last === '') lines[lines.length - 1] = longer
    else lines.push(word)
  }
  const [first = '', second, ...others] = lines.map((line) => cut(line, most))
  if (second === undefined) return [first]
  return [first, others.length > 0 ? cut(`${second} …`, most) : second]
}

const cut = (line: string, most: number): string =>
  line.length <= most ? line : `${line.slice(0, most - 1).trimEnd()}…`
