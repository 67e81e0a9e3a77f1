/** @file Our Markdown pages as HTML pages of one file, with the plots in them. */

/** What a page is made of. */
export interface HtmlPage {
  /** Headings, paragraphs, lists, tables, links, images, code: what our own pages are written in. */
  readonly markdown: string
  /** SVG by the name that an image of the page has. */
  readonly plots?: Readonly<Record<string, string>>
}

const style = `body { max-width: 72rem; margin: 2rem auto; padding: 0 1rem; font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums }
th, td { padding: 0.25rem 0.75rem; border-bottom: 1px solid #ddd; text-align: left }
svg { max-width: 100%; height: auto }
code { background: #f4f4f4; padding: 0 0.2rem }`

/** Draws a page that needs no other file. */
export function htmlPage({ markdown, plots = {} }: HtmlPage): string {
  const title = /^# (.*)$/m.exec(markdown)?.[1] ?? ''
  const body = markdown
    .trim()
    .split(/\n{2,}/)
    .map((block) => blockOf(block, plots))
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${escaped(title)}</title><style>${style}</style></head>
<body>
${body.join('\n')}
</body>
</html>
`
}

function blockOf(block: string, plots: Readonly<Record<string, string>>): string {
  const [, marks, title] = /^(#{1,4}) (.*)$/.exec(block) ?? []
  if (marks) return `<h${marks.length}>${inline(title as string)}</h${marks.length}>`
  const plot = plots[/^!\[[^\]]*\]\(([^)]*)\)$/.exec(block)?.[1] ?? '']
  if (plot !== undefined) return plot.trim()
  const lines = block.split('\n')
  if (lines.every((line) => line.startsWith('|'))) return tableOf(lines)
  if (lines.every((line) => line.startsWith('- ')))
    return `<ul>${lines.map((line) => `<li>${inline(line.slice(2))}</li>`).join('')}</ul>`
  return `<p>${inline(block)}</p>`
}

function tableOf([head = '', , ...rows]: readonly string[]): string {
  const cells = (line: string, tag: string): string =>
    `<tr>${line
      .slice(2, -2)
      .split(' | ')
      .map((cell) => `<${tag}>${inline(cell)}</${tag}>`)
      .join('')}</tr>`
  return `<table><thead>${cells(head, 'th')}</thead><tbody>${rows.map((row) => cells(row, 'td')).join('\n')}</tbody></table>`
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

const inline = (text: string): string =>
  escaped(text)
    .replaceAll(/`([^`]+)`/g, '<code>$1</code>')
    .replaceAll(/\*\*([^*]+)\*\*/g, '<b>$1</b>')
    .replaceAll(/\[([^\]]+)\]\(([^)\s]+)\)/g, '<a href="$2">$1</a>')
