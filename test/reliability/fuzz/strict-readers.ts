/**
 * @file Strict readers of logs, written apart from siftrec's: what a text means, that it means nothing, or that nobody
 * can be sure.
 */

interface Event {
  readonly user: string
  readonly item: string
  readonly time: number
}
type Understood = Event[] | 'malformed' | 'unclear'

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes).replace(/^\uFEFF/, '')
  } catch {
    return undefined
  }
}

/** Delimited text by RFC 4180: a quote opens a cell only at its beginning. */
export function readCsv(bytes: Uint8Array, { delimiter, quoted }: { delimiter: string; quoted: boolean }): Understood {
  const text = decoded(bytes)
  if (text === undefined) return 'malformed'
  const rows: string[][] = [[]]
  let [cell, at] = ['', 0]
  const endCell = (): void => {
    rows.at(-1)?.push(cell)
    cell = ''
  }
  while (at < text.length) {
    const character = text[at] as string
    if (quoted && character === '"') {
      if (cell !== '') return 'unclear'
      const end = closing(text, at + 1)
      if (end === undefined) return 'malformed'
      cell = text.slice(at + 1, end).replaceAll('""', '"')
      at = end + 1
      const after = text.slice(at, at + 2)
      if (after !== '' && !after.startsWith(delimiter) && !after.startsWith('\n') && after !== '\r\n') return 'unclear'
      // An empty quoted cell must not be taken for one that has not begun.
      if (cell === '' && after.startsWith('"')) return 'unclear'
    } else if (character === delimiter) {
      endCell()
      at++
    } else if (character === '\n') {
      endCell()
      rows.push([])
      at++
    } else if (character === '\r') {
      if (text[at + 1] !== '\n') return 'unclear'
      at++
    } else {
      cell += character
      at++
    }
  }
  if (cell !== '' || (rows.at(-1)?.length ?? 0) > 0) endCell()
  else rows.pop()
  return eventsOf(rows)
}

function closing(text: string, from: number): number | undefined {
  for (let at = from; at < text.length; at++) {
    if (text[at] !== '"') continue
    if (text[at + 1] !== '"') return at
    at++
  }
  return undefined
}

function eventsOf([header = [], ...rows]: string[][]): Understood {
  const [user, item, time] = ['user', 'item', 'time'].map((name) => header.indexOf(name)) as [number, number, number]
  // A header that was hit may name the columns otherwise, or by names in other letters.
  if (user < 0 || item < 0 || time < 0) return 'unclear'
  if (new Set(header.map((name) => name.trim().toLowerCase())).size < header.length) return 'unclear'
  if (rows.some((row) => row.length === 1 && row[0] === '')) return 'unclear'
  if (rows.some((row) => row.length !== header.length)) return 'malformed'
  return checked(
    rows.map((row) => ({ user: row[user] as string, item: row[item] as string, time: row[time] as string })),
  )
}

/** Events whose ids are there and whose times are whole seconds. */
function checked(rows: readonly { user: string; item: string; time: string }[]): Understood {
  if (rows.length === 0) return 'unclear'
  if (rows.some(({ user, item }) => user === '' || item === '')) return 'malformed'
  if (rows.some(({ user, item }) => /[\r\n]/.test(user + item))) return 'unclear'
  if (rows.some(({ time }) => !/^\d{9,10}$/.test(time))) return 'unclear'
  return rows.map(({ user, item, time }) => ({ user, item, time: Number(time) }))
}

/** JSON lines: an object a line, ids that are texts or whole numbers. */
export function readJsonLines(bytes: Uint8Array): Understood {
  const text = decoded(bytes)
  if (text === undefined) return 'malformed'
  const rows: { user: string; item: string; time: string }[] = []
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  for (const line of lines) {
    if (line.trim() === '') return 'unclear'
    let parsed: unknown
    try {
      parsed = JSON.parse(line)
    } catch {
      return 'malformed'
    }
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return 'malformed'
    const values = ['user', 'item', 'time'].map((key) => {
      // A key that is written twice, or otherwise, is nobody's to guess.
      if ((line.match(new RegExp(`"${key}"\\s*:`, 'g')) ?? []).length !== 1) return undefined
      const value = (parsed as Record<string, unknown>)[key]
      if (typeof value === 'string') return value
      if (typeof value === 'number') return new RegExp(`"${key}"\\s*:\\s*(-?[0-9.eE+-]+)`).exec(line)?.[1]
      return value === undefined ? undefined : null
    })
    if (values.includes(undefined)) return 'unclear'
    const [user, item, time] = values as [string | null, string | null, string | null]
    if (user === null || item === null || time === null) return 'malformed'
    const fraction = (key: string, value: string): boolean =>
      typeof (parsed as Record<string, unknown>)[key] === 'number' && !/^-?\d+$/.test(value)
    if (fraction('user', user) || fraction('item', item)) return 'malformed'
    rows.push({ user, item, time })
  }
  return checked(rows)
}
