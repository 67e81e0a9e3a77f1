/** @file A description as plain text: all of it, or the few lines that `prepare` ends with. */
import { drawTable } from '../evaluate/printing.ts'
import type { Description } from './description.ts'
import { sectionsOf, sizesOf } from './sections.ts'

/** The whole description. */
export function printDescription(description: Description): string {
  const { name, findings } = description
  const sections = sectionsOf(description).flatMap(({ title, head, rows, notes }) => [
    '',
    title,
    drawTable(
      [...head],
      rows.map((row) => [...row]),
      { plain: true },
    ),
    ...notes,
  ])
  const told = findings.length === 0 ? [] : ['', 'What to know', ...findings.map((finding) => `- ${finding}`)]
  return [`${name}: ${sizesOf(description)}`, ...sections, ...told].join('\n')
}

/** The most lines of the end of `prepare`. */
const shortLines = 8

/** At most eight lines: targets, lengths, and the gravest findings. */
export function printShortly({ targets, log, findings }: Description): string[] {
  const { rankable, events, behavior, candidates, users } = targets
  const lines = [
    `${rankable} of ${events} ${behavior} events can be targets (candidates: ${candidates}), of ${users} users`,
    ...(log.lengths
      ? [`events of a user: median ${log.lengths.median}, from ${log.lengths.least} to ${log.lengths.most}`]
      : []),
  ]
  const room = shortLines - lines.length
  if (findings.length <= room) return [...lines, ...findings.map((finding) => `note: ${finding}`)]
  const shown = findings.slice(0, room - 1).map((finding) => `note: ${finding}`)
  return [...lines, ...shown, `${findings.length - shown.length} more: siftrec describe`]
}
