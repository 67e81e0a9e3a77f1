/** @file Pictures of the simulated shop: a style is a palette, a shape and a pattern; no two items look quite alike. */
import sharp from 'sharp'
import type { RandomStream } from '../random/stream.ts'

/** Size of a picture in pixels. */
const [width, height] = [96, 128]

/** Background hue, shape hue, shape and pattern of each style. */
const styles = [
  { ground: 210, ink: 20, shape: 'circle', pattern: 'plain' },
  { ground: 50, ink: 300, shape: 'square', pattern: 'stripes' },
  { ground: 120, ink: 0, shape: 'triangle', pattern: 'dots' },
  { ground: 0, ink: 190, shape: 'diamond', pattern: 'plain' },
  { ground: 280, ink: 60, shape: 'bars', pattern: 'dots' },
  { ground: 30, ink: 230, shape: 'triangle', pattern: 'stripes' },
  { ground: 170, ink: 340, shape: 'bars', pattern: 'plain' },
  { ground: 320, ink: 130, shape: 'circle', pattern: 'stripes' },
  { ground: 240, ink: 45, shape: 'square', pattern: 'dots' },
  { ground: 80, ink: 270, shape: 'diamond', pattern: 'stripes' },
] as const

/** Draws a picture in a style, as PNG bytes; brightness, position and size are drawn from the stream. */
export function drawPicture(style: number, random: RandomStream): Promise<Buffer> {
  const { ground, ink, shape, pattern } = styles[style] as (typeof styles)[number]
  const vary = (about: number, by: number): number => about + by * (2 * random.uniform() - 1)
  const paper = `hsl(${vary(ground, 10).toFixed(0)} ${vary(55, 12).toFixed(0)}% ${vary(78, 8).toFixed(0)}%)`
  const color = `hsl(${vary(ink, 10).toFixed(0)} ${vary(65, 12).toFixed(0)}% ${vary(42, 8).toFixed(0)}%)`
  const [x, y, radius] = [vary(width / 2, 9), vary(height / 2, 12), vary(30, 7)]
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="${paper}"/>
${patternOf(pattern, color, random)}<g fill="${color}" transform="translate(${x.toFixed(1)} ${y.toFixed(1)}) rotate(${vary(0, 12).toFixed(0)})">${shapeOf(shape, radius)}</g></svg>`
  return sharp(Buffer.from(svg)).png({ compressionLevel: 9 }).toBuffer()
}

function shapeOf(shape: (typeof styles)[number]['shape'], radius: number): string {
  const r = radius.toFixed(1)
  if (shape === 'circle') return `<circle r="${r}"/>`
  if (shape === 'square') return `<rect x="-${r}" y="-${r}" width="${2 * radius}" height="${2 * radius}"/>`
  if (shape === 'triangle') return `<path d="M0 -${r} L${r} ${r} L-${r} ${r} Z"/>`
  if (shape === 'diamond')
    return `<path d="M0 -${(1.3 * radius).toFixed(1)} L${r} 0 L0 ${(1.3 * radius).toFixed(1)} L-${r} 0 Z"/>`
  return [-1, 0, 1]
    .map((step) => `<rect x="${(step * radius * 0.8 - 5).toFixed(1)}" y="-${r}" width="10" height="${2 * radius}"/>`)
    .join('')
}

function patternOf(pattern: (typeof styles)[number]['pattern'], color: string, random: RandomStream): string {
  const shift = random.integer(12)
  if (pattern === 'plain') return ''
  if (pattern === 'stripes') {
    const lines = Array.from({ length: 12 }, (_, at) => `<path d="M0 ${at * 12 + shift} H${width}"/>`)
    return `<g stroke="${color}" stroke-width="2" opacity="0.45">${lines.join('')}</g>`
  }
  const dots = Array.from(
    { length: 80 },
    (_, at) => `<circle cx="${(at % 8) * 13 + shift}" cy="${Math.floor(at / 8) * 13 + shift}" r="2.4"/>`,
  )
  return `<g fill="${color}" opacity="0.45">${dots.join('')}</g>`
}
