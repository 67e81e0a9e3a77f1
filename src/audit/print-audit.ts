/** @file An audit as plain text, and as the rows of a CSV file. */
import { percent } from '../evaluate/printing.ts'
import { cannotJudge, type ToldAudit, type ToldClick } from './told-audit.ts'

const shown = 5

/** The head of each list, with its evidence. */
export function printAudit(audit: ToldAudit): string {
  const { name, clicks, pictures, samePictures, accounts, log, least } = audit
  const likely = `at least ${percent(least, 1)} likely`
  return [
    `${name}: what looks like noise`,
    ...section(
      `Accidental events (${clicks.behaviors.join(', ')})`,
      [
        !clicks.canJudge
          ? cannotJudge('the events', clicks.told)
          : `about ${percent(clicks.share, 1)} of ${clicks.judged} may be chance; ${clicks.suspects.length} are ${likely}`,
        ...(clicks.cleared > 0
          ? [`${clicks.cleared} are cleared: the same user came back to the item with a stronger behavior`]
          : []),
      ],
      clicks.suspects.map(
        (one) =>
          `${Math.round(100 * one.chance)} %  user ${one.user}, ${one.behavior} of ${nameOf(one)}: ${one.evidence.join('; ')}`,
      ),
    ),
    ...(pictures === null
      ? ['', 'Wrong pictures', 'no item has a vector of its picture']
      : section(
          'Wrong pictures',
          [
            !pictures.canJudge
              ? cannotJudge('the pictures', pictures.told)
              : `about ${percent(pictures.share, 1)} of ${pictures.judged} may be wrong; ${pictures.suspects.length} are ${likely}`,
          ],
          pictures.suspects.map(
            (one) => `${Math.round(100 * one.chance)} %  ${nameOf(one)}: ${one.evidence.join('; ')}`,
          ),
        )),
    ...section(
      'One picture under several titles',
      [`${samePictures.length} pictures`],
      samePictures.map(({ items, titles }) => items.map((item, at) => titles[at] || item).join(' = ')),
    ),
    ...section(
      'Bots and bulk accounts',
      [`${accounts.length} accounts`],
      accounts.map(({ user, events, reasons }) => `user ${user}, ${events} events: ${reasons.join('; ')}`),
    ),
    ...section(
      'The log and the catalog',
      [],
      log.map(({ count, of, told, examples }) =>
        [
          `${count} of ${of} (${percent(count, of)}) ${told}`,
          ...(examples.length > 0 ? [examples.join(', ')] : []),
        ].join(': '),
      ),
      Number.POSITIVE_INFINITY,
    ),
  ].join('\n')
}

const nameOf = ({ item, title }: Pick<ToldClick, 'item' | 'title'>): string =>
  title === '' || title === item ? item : `"${title}" (${item})`

function section(title: string, notes: readonly string[], lines: readonly string[], most = shown): string[] {
  const more = lines.length > most ? [`  and ${lines.length - most} more`] : []
  return ['', title, ...notes, ...lines.slice(0, most).map((line) => `  ${line}`), ...more]
}

/** The columns of the CSV file. */
const columns = ['kind', 'rank', 'user', 'item', 'title', 'behavior', 'time', 'chance', 'evidence'] as const

/** Every suspect as a row, its head first. */
export function auditRows(audit: ToldAudit): string[][] {
  const rows = (kind: string, all: readonly Partial<Record<(typeof columns)[number], string | number>>[]): string[][] =>
    all.map((one, at) => columns.map((name) => `${{ ...one, kind, rank: at + 1 }[name] ?? ''}`))
  const joined = (evidence: readonly string[]): string => evidence.join('; ')
  return [
    [...columns],
    ...rows(
      'accidental event',
      audit.clicks.suspects.map((one) => ({ ...one, near: undefined, evidence: joined(one.evidence) })),
    ),
    ...rows(
      'wrong picture',
      (audit.pictures?.suspects ?? []).map((one) => ({ ...one, evidence: joined(one.evidence) })),
    ),
    ...rows(
      'shared picture',
      audit.samePictures.flatMap(({ items, titles }) =>
        items.map((item, at) => ({
          item,
          title: titles[at] ?? '',
          evidence: `the picture of ${items.filter((other) => other !== item).join(', ')} too`,
        })),
      ),
    ),
    ...rows(
      'account',
      audit.accounts.map(({ user, reasons }) => ({ user, evidence: joined(reasons) })),
    ),
    ...rows(
      'log',
      audit.log.map(({ name, count, of, told }) => ({ title: name, evidence: `${count} of ${of} ${told}` })),
    ),
  ]
}
