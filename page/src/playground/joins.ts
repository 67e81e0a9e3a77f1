/** @file What two lists share, and what that comes to in a sentence. */
import type { Modality } from '../../../src/dataset/schema.ts'
import type { AnsweredItem } from '../../../src/serve/service.ts'
import { capital } from '../format.ts'
import type { Noun } from '../words.ts'

type Items = readonly Pick<AnsweredItem, 'id'>[]

/** Places on the one list and on the other of what is on both. */
export function joinsOf(ours: Items, theirs: Items): [number, number][] {
  const places = new Map(theirs.map(({ id }, at) => [id, at]))
  return ours.flatMap(({ id }, at): [number, number][] => {
    const other = places.get(id)
    return other === undefined ? [] : [[at, other]]
  })
}

interface Compared {
  readonly ours: Items
  readonly theirs: Items
  readonly titles: { readonly ours: string; readonly theirs: string }
  readonly reads: { readonly ours: readonly Modality[]; readonly theirs: readonly Modality[] }
  readonly noun: Noun
}

/** How many are on both lists, and what the other model cannot see. */
export function sharedSaid({ ours, theirs, titles, reads, noun }: Compared): string {
  const shared = joinsOf(ours, theirs).length
  const of = Math.max(ours.length, theirs.length)
  const many = of === 1 ? noun.one : noun.many
  const on = shared === 0 ? `No ${noun.one} is` : `${shared} of ${of} ${many} ${shared === 1 ? 'is' : 'are'}`
  return `${on} on both lists. ${seenSaid(titles, reads)}`
}

const seen: Readonly<Record<Modality, string>> = { id: 'others’ choices', text: 'titles', image: 'pictures' }
const named = (names: readonly Modality[], word: string): string => names.map((name) => seen[name]).join(` ${word} `)

/** What one of the models does not see. */
function seenSaid(titles: Compared['titles'], { ours, theirs }: Compared['reads']): string {
  const [missing, more] = [ours, theirs].map((own, at, both) => own.filter((name) => !both[1 - at]?.includes(name)))
  if (missing && missing.length > 0) return capital(`${titles.theirs} does not see ${named(missing, 'or')}.`)
  if (more && more.length > 0) return capital(`${titles.theirs} sees ${named(more, 'and')} too.`)
  return `Both see ${named(theirs, 'and')}.`
}
