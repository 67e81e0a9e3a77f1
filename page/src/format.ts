/** @file Numbers and times as the page writes them: commas in thousands, a real minus sign, `36%`. */

const minus = (text: string): string => text.replace(/^-/, '−')

/** 9082 as `9,082`. */
export const count = (value: number): string => minus(Math.round(value).toLocaleString('en-US'))

/** 0.364 as `36%`. */
export const percent = (share: number, digits = 0): string => minus(`${(100 * share).toFixed(digits)}%`)

/** A measured figure: `0.111`. */
export const figure = (value: number, digits = 3): string => minus(value.toFixed(digits))

/** A difference with its sign: `+0.053`, `−0.038`. */
export const signed = (value: number, digits = 3): string => `${value > 0 ? '+' : ''}${figure(value, digits)}`

/** Bytes as `4.2 MB`. */
export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

/** `1 film`, `3 films`. */
export const counted = (value: number, one: string, many: string): string =>
  `${count(value)} ${value === 1 ? one : many}`

/** Seconds as a time to answer: `6.8 ms`, `1.20 s`. */
export function latency(seconds: number): string {
  if (seconds === 0) return '0 ms'
  if (seconds >= 1) return `${seconds.toFixed(2)} s`
  const ms = seconds * 1000
  return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`
}

/** Milliseconds as how long something is: `45 s`, `12 min`, `2 h 14 min`, `3 d 4 h`. */
export function age(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  const units = [
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ] as const
  const at = units.findIndex(([, size]) => seconds >= size)
  if (at < 0) return '0 s'
  const [unit, size] = units[at] as (typeof units)[number]
  const next = unit === 'd' || unit === 'h' ? units[at + 1] : undefined
  const rest = next ? Math.floor((seconds % size) / next[1]) : 0
  return `${Math.floor(seconds / size)} ${unit}${next && rest > 0 ? ` ${rest} ${next[0]}` : ''}`
}

/** `Jan 19, 2011`, in the browser's own zone. */
export const date = (time: number): string =>
  new Date(time).toLocaleDateString('en-US', { month: 'short', day: 'numeric', year: 'numeric' })

/** The whole time with its zone, for whoever points at a date. */
export const fullTime = (time: number): string =>
  new Date(time).toLocaleString('en-US', { dateStyle: 'medium', timeStyle: 'long' })

/** `11:42:07`. */
export const clock = (time: number): string => new Date(time).toLocaleTimeString('en-US', { hour12: false })

/** A field's name as a label: `video_type` as `Video type`. */
export const fieldName = (name: string): string => capital(name.replaceAll(/[_-]+/g, ' '))

/** One of the service's sentences as the page writes them. */
export const sentence = (text: string): string =>
  `${capital(text).replaceAll(/(\d) %/g, '$1%')}${/[.?!]$/.test(text) ? '' : '.'}`

/** A sentence's first letter as a capital. */
export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
