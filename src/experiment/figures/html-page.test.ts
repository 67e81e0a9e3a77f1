import { describe, expect, it } from 'vitest'
import { htmlPage } from './html-page.ts'

describe('an HTML page', () => {
  const markdown =
    '# A & B\n\n`siftrec` says **so**, [here](x.json).\n\n![plot](x.svg)\n\n## Table\n\n| model | NDCG |\n| --- | --- |\n| <a> | 1 |\n\n- one\n- two\n'
  const page = htmlPage({ markdown, plots: { 'x.svg': '<svg></svg>\n' } })

  it('has headings, text, tables, lists and the plot itself', () => {
    for (const part of [
      '<title>A &amp; B</title>',
      '<h1>A &amp; B</h1>',
      '<p><code>siftrec</code> says <b>so</b>, <a href="x.json">here</a>.</p>',
      '\n<svg></svg>\n',
      '<tr><th>model</th><th>NDCG</th></tr>',
      '<tr><td>&lt;a&gt;</td><td>1</td></tr>',
      '<ul><li>one</li><li>two</li></ul>',
    ])
      expect(page).toContain(part)
  })
})
