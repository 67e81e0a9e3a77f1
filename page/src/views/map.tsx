/** @file Map: what the model takes for alike, and what denoising or learning changed. */
import { useId, useMemo, useState } from 'preact/hooks'
import type { ItemMap, ItemMapSide } from '../../../src/serve/service.ts'
import { Points } from '../charts/points.tsx'
import { capital, count, counted, fieldName, percent } from '../format.ts'
import { agreement, type Group, groupsOf, middleOf, movedMost, nearOf, togetherness } from '../map/groups.ts'
import { Asked } from '../parts/asked.tsx'
import { Panel } from '../parts/panel.tsx'
import { Picture } from '../parts/picture.tsx'
import { type Noun, nounOf, oneOf, type Served } from '../words.ts'

/** The view. */
export function MapView({ about }: { readonly about: Served }) {
  const noun = nounOf(about)
  return (
    <Asked<ItemMap>
      path="/v1/map"
      waiting={`The ${noun.many} are being laid out; this takes some seconds once.`}
      missing="This service has no map."
    >
      {(map) => <Mapped map={map} noun={noun} />}
    </Asked>
  )
}

/** How many items a list of nearest ones shows, and how many that moved. */
const shownNear = 6
const shownMoved = 12

interface MappedProps {
  readonly map: ItemMap
  readonly noun: Noun
}

function Mapped({ map, noun }: MappedProps) {
  const [picked, setPicked] = useState<number | undefined>(map.items.length > 0 ? 0 : undefined)
  const groups = useMemo(() => groupsOf(map.items), [map])
  const { before, after, items, denoises } = map
  const last = denoises ? 'After denoising' : 'After learning'
  const sides = [...(before ? [{ said: 'Before', side: before }] : []), { said: last, side: after }]
  const found = before ? [agreement(before, items), agreement(after, items)] : undefined
  return (
    <>
      <p>{foundSaid(map, noun, found)}</p>
      <div class="row">
        <Find items={items} noun={noun} picked={picked} pick={setPicked} />
        {groups.length > 1 && (
          <ul class="row groups" aria-label={fieldName(map.field ?? 'Category')}>
            {groups.map(({ said, color, items: own }) => (
              <li class="key" key={said}>
                <i style={{ '--c': `var(--${color})` }} />
                <span>
                  {said} <span class="muted">{count(own.length)}</span>
                </span>
              </li>
            ))}
          </ul>
        )}
      </div>
      <div class={sides.length > 1 ? 'grid two' : 'grid'}>
        {sides.map(({ said, side }) => (
          <Side key={said} said={said} side={side} {...{ map, groups, noun, picked, pick: setPicked }} />
        ))}
      </div>
      {picked !== undefined && <Nearest map={map} sides={sides} picked={picked} pick={setPicked} />}
      {before && (
        <Panel
          title="Changed the most"
          said={`${capital(noun.many)} whose ten nearest are others now: a good place to look for wrong pictures and titles.`}
        >
          <Tiles map={map} shown={movedMost(map, shownMoved)} pick={setPicked} label="Changed the most" />
        </Panel>
      )}
      <p class="small muted">
        {items.length < map.of
          ? `The ${count(items.length)} most popular ${noun.many} of ${count(map.of)}, one dot each. `
          : `All ${counted(map.of, noun.one, noun.many)}, one dot each. `}
        Laid out by UMAP. Distances between far-apart groups mean nothing on such a map; who is next to whom does.
      </p>
    </>
  )
}

/** What the map found, before it is drawn. */
function foundSaid({ denoises, field }: ItemMap, noun: Noun, found: readonly number[] | undefined): string {
  const what = `${capital(noun.many)} that the model takes for alike lie close together.`
  const [before, after] = found ?? []
  if (before === undefined || after === undefined || field === undefined) return what
  const left = denoises ? 'as choices, titles and pictures say' : 'as the prepared vectors say'
  const right = denoises ? 'once the noise is taken out' : 'as the model has learned'
  return `${what} Of ${oneOf(noun)}’s ten nearest, ${percent(before)} share its main ${field} ${left}, and ${percent(after)} ${right}.`
}

interface SideProps extends MappedProps {
  readonly said: string
  readonly side: ItemMapSide
  readonly groups: readonly Group[]
  readonly picked: number | undefined
  readonly pick: (item: number) => void
}

/** A name stands on the map where at least this share of a group's nearest is of the group: else it lies nowhere. */
const leastTogether = 0.4

function Side({ said, side, map, groups, noun, picked, pick }: SideProps) {
  const { items, field } = map
  const colors = useMemo(() => {
    const all: string[] = Array.from({ length: items.length }, () => 'c9')
    for (const group of groups) for (const item of group.items) all[item] = group.color
    return all
  }, [groups, items])
  const labels = useMemo(
    () =>
      groups
        .filter(
          ({ said: name, items: own }) => name !== 'Other' && togetherness(side, own, items.length) >= leastTogether,
        )
        .map((group) => ({ said: group.said, at: middleOf(side, group.items) })),
    [groups, side, items],
  )
  const facts = useMemo(() => ({ points: side.points, colors, labels, picked }), [side, colors, labels, picked])
  const item = picked === undefined ? undefined : items[picked]
  return (
    <Panel
      title={said}
      said={
        field === undefined
          ? undefined
          : `${percent(agreement(side, items))} of ${oneOf(noun)}’s ten nearest share its main ${field}`
      }
      padded={false}
    >
      <Points
        facts={facts}
        label={`Map of ${counted(items.length, noun.one, noun.many)}, ${said.toLowerCase()}; the lists below tell who is near whom`}
        pick={pick}
        tip={
          item && (
            <>
              <Picture key={item.id} id={item.id} title={item.title} has={item.picture} size="thumb" />
              <span>
                <b>{item.title || item.id}</b>
                <span class="muted">{item.category.replaceAll('|', ', ')}</span>
              </span>
            </>
          )
        }
      />
    </Panel>
  )
}

interface FindProps {
  readonly items: ItemMap['items']
  readonly noun: Noun
  readonly picked: number | undefined
  readonly pick: (item: number) => void
}

/** How many titles are offered. */
const offered = 20

function Find({ items, noun, picked, pick }: FindProps) {
  const list = useId()
  const name = picked === undefined ? '' : (items[picked]?.title ?? '') || (items[picked]?.id ?? '')
  const [text, setText] = useState<string>()
  const wanted = (text ?? '').toLowerCase()
  const found = items.filter(({ id, title }) => (title || id).toLowerCase().includes(wanted)).slice(0, offered)
  const typed = (value: string): void => {
    const at = items.findIndex(({ id, title }) => (title || id) === value)
    setText(at < 0 ? value : undefined)
    if (at >= 0) pick(at)
  }
  return (
    <label class="field">
      Find {oneOf(noun)}
      <input
        value={text ?? name}
        list={list}
        size={30}
        autocomplete="off"
        spellcheck={false}
        onFocus={({ currentTarget }) => currentTarget.select()}
        onInput={({ currentTarget }) => typed(currentTarget.value)}
      />
      <datalist id={list}>
        {found.map(({ id, title }) => (
          <option key={id} value={title || id} />
        ))}
      </datalist>
    </label>
  )
}

interface NearestProps extends Pick<MappedProps, 'map'> {
  readonly sides: readonly { readonly said: string; readonly side: ItemMapSide }[]
  readonly picked: number
  readonly pick: (item: number) => void
}

function Nearest({ map, sides, picked, pick }: NearestProps) {
  const item = map.items[picked]
  const rows = sides.map(({ said, side }) => ({
    said,
    near: nearOf(side, picked, map.items.length).slice(0, shownNear),
  }))
  const [first, second] = rows
  const both = new Set(first && second ? first.near.filter((other) => second.near.includes(other)) : [])
  return (
    <Panel
      title={`Nearest to ${item?.title || item?.id}`}
      said={`The ${shownNear} closest${rows.length > 1 ? ` before and after. What is on both has a frame.` : ', closest first.'}`}
    >
      <div class="grid">
        {rows.map(({ said, near }) => (
          <div class="near" key={said}>
            <h3>{said}</h3>
            <Tiles map={map} shown={near} framed={both} pick={pick} label={`Nearest, ${said.toLowerCase()}`} />
          </div>
        ))}
      </div>
    </Panel>
  )
}

interface TilesProps {
  readonly map: ItemMap
  readonly shown: readonly number[]
  readonly framed?: ReadonlySet<number>
  readonly pick: (item: number) => void
  readonly label: string
}

const Tiles = ({ map, shown, framed, pick, label }: TilesProps) => (
  <ol class="tiles" aria-label={label}>
    {shown.map((at) => {
      const { id, title, picture } = map.items[at] as ItemMap['items'][number]
      return (
        <li key={id} class={framed?.has(at) ? 'framed' : undefined}>
          <button type="button" class="quiet" onClick={() => pick(at)} title={title || id}>
            <Picture id={id} title={title} has={picture} size="tile" />
            <span>{title || id}</span>
            {framed?.has(at) && <span class="sr">, on both</span>}
          </button>
        </li>
      )
    })}
  </ol>
)
