/** @file The routes as a page to read. It needs no script and nothing from another host. */
import type { OpenApi, Operation } from './openapi.ts'
import { problemTitles } from './problems.ts'
import type { JsonSchema } from './query.ts'

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => escapes[character] as string)
const code = (value: unknown): string => `<pre>${escaped(JSON.stringify(value, null, 2))}</pre>`

/** The style of the documents, which the policy names by its hash. */
export const documentStyle = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
  body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
  section { border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent); padding: .5rem 0 1rem }
  h2 { font-size: 1.1rem; overflow-wrap: anywhere } h2 b { display: inline-block; min-width: 4.5rem }
  pre { overflow-x: auto; padding: .75rem; font-size: .85rem }
  pre { background: color-mix(in srgb, currentColor 8%, transparent) }
  td { padding: .15rem 1rem .15rem 0; vertical-align: top } code { white-space: nowrap }
`

/** A page of ours. */
const htmlPage = (title: string, body: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title><style>${documentStyle}</style></head><body>${body}</body></html>
`

/** Every operation of a description, with what it takes and gives. */
export function docsPage({ info, paths, components }: OpenApi): string {
  const sections = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => sectionOf(method.toUpperCase(), path, operation)),
  )
  const schemas = Object.entries(components['schemas'] ?? {}).map(
    ([name, schema]) => `<section id="schema-${escaped(name)}"><h2>${escaped(name)}</h2>${code(schema)}</section>`,
  )
  const problems = Object.entries(problemTitles).map(
    ([name, title]) => `<tr id="${name}"><td><code>${name}</code><td>${escaped(title)}`,
  )
  return htmlPage(
    'siftrec: routes',
    `<h1>siftrec ${escaped(info['version'] ?? '')}</h1>
<p>${escaped(info['description'] ?? '')} The same for programs: <a href="/openapi.json">openapi.json</a>.</p>
${sections.join('\n')}
<h1>Problems</h1><p>An error is <code>application/problem+json</code>; its code is one of these.</p>
<table>${problems.join('\n')}</table>
<h1>Schemas</h1>${schemas.join('\n')}`,
  )
}

function sectionOf(method: string, path: string, operation: Operation): string {
  const { operationId, summary, parameters, requestBody, responses, security } = operation
  const scope = security[0]?.['key']?.[0]
  const rows = parameters.map(
    ({ name, description, schema }) =>
      `<tr><td><code>${escaped(name)}</code><td>${escaped(description ?? '')}<td>${kindOf(schema)}`,
  )
  const answer = responses['200']
  return `<section id="${operationId}"><h2><b>${method}</b> ${escaped(path)}</h2>
<p>${escaped(summary)}${scope === undefined ? '' : `; needs a key for <code>${scope}</code>`}</p>
${rows.length > 0 ? `<table>${rows.join('\n')}</table>` : ''}
${requestBody ? `<p>Body</p>${code(requestBody['content'])}` : ''}
${answer === undefined ? '' : `<p>Answer</p>${code((answer as { content?: unknown }).content)}`}</section>`
}

/** A schema in a word or two. */
function kindOf({ type = '', enum: names, minimum, maximum }: JsonSchema): string {
  if (names) return escaped(names.join(', '))
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`
  return type === 'array' ? 'may be given several times' : escaped(type)
}

/** What `/` shows where no page was built: the routes. */
export function indexPage({ paths }: OpenApi): string {
  const rows = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, { summary, operationId }]) =>
        `<tr><td><code>${method.toUpperCase()}</code>
<td><a href="/docs#${operationId}"><code>${escaped(path)}</code></a><td>${escaped(summary)}`,
    ),
  )
  return htmlPage(
    'siftrec',
    `<h1>siftrec</h1><p>This service has no page. <a href="/docs">How to use its routes</a>.</p>
<table>${rows.join('\n')}</table>`,
  )
}
