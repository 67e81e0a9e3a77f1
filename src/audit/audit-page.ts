/** @file An audit as an HTML page of one file, with the pictures in it, for whoever runs the shop. */
import type { Pictures } from '../dataset/pictures.ts'
import type { Dataset } from '../dataset/schema.ts'
import { percent } from '../evaluate/printing.ts'
import { smallPicture } from '../features/picture-files.ts'
import { pageStyle } from './page-style.ts'
import { cannotJudge, type ToldAudit, type ToldClick, type ToldPicture } from './told-audit.ts'

/** So many of each kind are on the page; the CSV file has all. */
const shown = { cards: 12, groups: 8, rows: 20 }

/** An item on the page. */
interface Shown {
  readonly name: string
  readonly picture: string | undefined
}
type Show = (item: string) => Shown

/** Draws the page. */
export async function auditPage(audit: ToldAudit, dataset: Dataset, pictures: Pictures): Promise<string> {
  const clicks = audit.clicks.suspects.slice(0, shown.cards)
  const wrong = (audit.pictures?.suspects ?? []).slice(0, shown.cards)
  const groups = audit.samePictures.slice(0, shown.groups)
  const wanted = [
    ...clicks.flatMap(({ item, near }) => [item, ...near]),
    ...wrong.flatMap(({ item, expected }) => [item, ...expected]),
    ...groups.flatMap(({ items }) => items.slice(0, 6)),
  ]
  const show = await shownItems(new Set(wanted), dataset, pictures)
  const title = `${audit.name}: what looks like noise`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${pageStyle}</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
<p class="lead">Nothing here is certain, and nothing was changed. Look at each list from the top, and leave out what you agree with.</p>
${tiles(audit)}
${clickSection(audit, clicks, show)}
${pictureSection(audit, wrong, show)}
${groupSection(audit, groups, show)}
${accountSection(audit)}
${logSection(audit)}
</main>
</body>
</html>
`
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

async function shownItems(wanted: ReadonlySet<string>, { catalog }: Dataset, pictures: Pictures): Promise<Show> {
  const found = new Map<string, Shown>()
  for (const [item, id] of catalog.ids.entries()) {
    if (item === 0 || !wanted.has(id)) continue
    const path = pictures.of(item)
    const picture = path === undefined ? undefined : await smallPicture(path)
    found.set(id, { name: catalog.titles[item] || id, picture })
  }
  return (item) => found.get(item) ?? { name: item, picture: undefined }
}

const unjudged = 'too little is known to judge'

/** A section that says why it is empty. */
const without = (id: string, title: string, why: string): string =>
  `<section id="${id}"><h2>${title}</h2><p class="none">${escaped(why.charAt(0).toUpperCase() + why.slice(1))}.</p></section>`

function tiles({ clicks, pictures, samePictures, accounts }: ToldAudit): string {
  const tile = (link: string, count: number, what: string, more: string): string =>
    `<a class="tile" href="#${link}"><b>${count.toLocaleString('en-US')}</b><span>${what}</span><small>${more}</small></a>`
  return `<nav class="tiles">
${tile('clicks', clicks.suspects.length, 'events that look accidental', clicks.canJudge ? `of ${clicks.judged.toLocaleString('en-US')}; about ${percent(clicks.share, 1)} may be chance` : unjudged)}
${pictures === null ? '' : tile('pictures', pictures.suspects.length, 'pictures that look wrong', pictures.canJudge ? `of ${pictures.judged.toLocaleString('en-US')}; about ${percent(pictures.share, 1)} may be` : unjudged)}
${tile('shared', samePictures.length, 'pictures under several titles', 'copies, variants or placeholders')}
${tile('accounts', accounts.length, 'odd accounts', 'bots, or much entered at once')}
</nav>`
}

const thumb = ({ name, picture }: Shown, kind: string): string =>
  picture === undefined
    ? `<span class="${kind} blank" title="${escaped(name)}">${escaped(name)}</span>`
    : `<img class="${kind}" src="${picture}" alt="${escaped(name)}" title="${escaped(name)}">`

const chip = (chance: number): string => `<span class="chip">${Math.round(100 * chance)} % likely</span>`

function listed(evidence: readonly string[]): string {
  return `<ul>${evidence.map((one) => `<li>${escaped(one.charAt(0).toUpperCase() + one.slice(1))}</li>`).join('')}</ul>`
}

/** A card: what is suspected, beside what it was expected to be like. */
function card(head: string, own: Shown, others: readonly Shown[], text: { beside: string; under: string }): string {
  const row =
    others.length === 0
      ? ''
      : `<div class="beside"><small>${text.beside}</small><div class="thumbs">${others.map((one) => thumb(one, 'thumb')).join('')}</div></div>`
  return `<article class="card">
<header>${head}</header>
<div class="pair">${thumb(own, 'own')}${row}</div>
<h3>${escaped(own.name)}</h3>
${text.under}
</article>`
}

function clickSection({ clicks, least }: ToldAudit, top: readonly ToldClick[], show: Show): string {
  if (clicks.judged === 0) return ''
  const title = 'Events that look accidental'
  if (!clicks.canJudge) return without('clicks', title, cannotJudge('the events', clicks.told))
  const cleared =
    clicks.cleared > 0
      ? ` ${clicks.cleared.toLocaleString('en-US')} are cleared, since the same user came back to the item with a stronger behavior.`
      : ''
  const cards = top.map((one) =>
    card(
      `${chip(one.chance)}<span class="who">${escaped(one.behavior)} of user ${escaped(one.user)}</span>`,
      show(one.item),
      one.near.slice(0, 4).map(show),
      { beside: 'Beside it, the user touched', under: listed(one.evidence) },
    ),
  )
  return `<section id="clicks"><h2>${title}</h2>
<p>Each event was compared with the rest of its user’s history, and with an item drawn by chance in its place. Those that fit no better than chance are here: ${clicks.suspects.length.toLocaleString('en-US')} that are at least ${percent(least, 1)} likely.${cleared}</p>
${grid(cards, clicks.suspects.length)}</section>`
}

function pictureSection({ pictures, least }: ToldAudit, top: readonly ToldPicture[], show: Show): string {
  if (pictures === null) return ''
  const title = 'Pictures that look wrong'
  if (!pictures.canJudge) return without('pictures', title, cannotJudge('the pictures', pictures.told))
  const cards = top.map((one) =>
    card(`${chip(one.chance)}<span class="who">${escaped(one.item)}</span>`, show(one.item), one.expected.map(show), {
      beside: 'It was expected to look like',
      under: listed(one.evidence),
    }),
  )
  return `<section id="pictures"><h2>${title}</h2>
<p>Each picture was compared with the item’s title and with what users touch around it, and so was the picture of another item in its place. ${pictures.suspects.length.toLocaleString('en-US')} fit no better than another’s would: they are at least ${percent(least, 1)} likely.</p>
${grid(cards, pictures.suspects.length)}</section>`
}

function grid(cards: readonly string[], all: number): string {
  if (cards.length === 0) return '<p class="none">None.</p>'
  const more =
    all > cards.length
      ? `<p class="more">${(all - cards.length).toLocaleString('en-US')} more are in the CSV file.</p>`
      : ''
  return `<div class="cards">${cards.join('\n')}</div>${more}`
}

function groupSection({ samePictures }: ToldAudit, top: ToldAudit['samePictures'], show: Show): string {
  if (samePictures.length === 0) return ''
  const groups = top.map(({ items }) => {
    const more = items.length > 6 ? `<small>and ${items.length - 6} more</small>` : ''
    const names = items.slice(0, 6).map((item) => `<li>${escaped(show(item).name)}</li>`)
    return `<article class="card group">${thumb(show(items[0] as string), 'own')}<div><ul>${names.join('')}</ul>${more}</div></article>`
  })
  return `<section id="shared"><h2>One picture under several titles</h2>
<p>The same picture, give or take scaling and compression. Some are variants of one item. Others are placeholders, or a picture that was put in the wrong place.</p>
${grid(groups, samePictures.length)}</section>`
}

function accountSection({ accounts }: ToldAudit): string {
  if (accounts.length === 0) return ''
  const rows = accounts
    .slice(0, shown.rows)
    .map(
      ({ user, events, reasons }) =>
        `<tr><td>${escaped(user)}</td><td class="number">${events.toLocaleString('en-US')}</td><td>${reasons.map(escaped).join('<br>')}</td></tr>`,
    )
  return `<section id="accounts"><h2>Odd accounts</h2>
<p>Their rates, pauses, hours or items are far from those of all others. They may be bots, testers, or accounts through which a shop assistant orders.</p>
<div class="scroll"><table><thead><tr><th>user</th><th class="number">events</th><th>why</th></tr></thead><tbody>${rows.join('\n')}</tbody></table></div>${
    accounts.length > shown.rows ? `<p class="more">${accounts.length - shown.rows} more are in the CSV file.</p>` : ''
  }</section>`
}

function logSection({ log }: ToldAudit): string {
  if (log.length === 0) return ''
  const rows = log.map(
    ({ name, count, of, told, examples }) =>
      `<tr><td>${escaped(name)}</td><td class="number">${count.toLocaleString('en-US')} of ${of.toLocaleString('en-US')}<br><small>${percent(count, of)}</small></td><td>${escaped(told.charAt(0).toUpperCase() + told.slice(1))}.${
        examples.length > 0 ? `<br><small>${escaped(examples.join(', '))}</small>` : ''
      }</td></tr>`,
  )
  return `<section id="log"><h2>The log and the catalog</h2>
<div class="scroll"><table><thead><tr><th>what</th><th class="number">how many</th><th>what it means</th></tr></thead><tbody>${rows.join('\n')}</tbody></table></div></section>`
}
