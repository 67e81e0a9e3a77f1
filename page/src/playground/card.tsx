/** @file One recommended item: what it is, from what it comes, because of which events, and what one can do with it. */
import type { AnsweredItem } from '../../../src/serve/service.ts'
import { percent } from '../format.ts'
import { Picture } from '../parts/picture.tsx'
import { ShareBar } from '../parts/shares.tsx'
import { type Behavior, modalitiesOf, type Noun, type Served } from '../words.ts'
import type { Mark } from './changes.ts'
import { act, hide, shownHistory } from './state.ts'

interface CardProps {
  readonly about: Served
  readonly behaviors: readonly Behavior[]
  readonly noun: Noun
  readonly item: AnsweredItem
  readonly rank: number
  readonly mark: Mark
  /** Whether there may be reasons: there are none for popular items, and none in private mode. */
  readonly reasons: boolean
}

/** A card. */
export function Card({ about, behaviors, noun, item, rank, mark, reasons }: CardProps) {
  const title = item.title || item.id
  return (
    <li class="card">
      <Picture id={item.id} title={title} has={item.picture} size="poster" />
      <div>
        <h3>
          <span class="rank">{rank}</span>
          <span class="name" title={title}>
            {title}
          </span>
          <MarkBadge mark={mark} />
        </h3>
        <p class="meta">{metaOf(item)}</p>
        {reasons && <Why about={about} behaviors={behaviors} noun={noun} item={item} />}
      </div>
      <div class="because">
        <Reasons about={about} behaviors={behaviors} item={item} />
        <div class="acts">
          {behaviors.map((behavior) => (
            <button
              type="button"
              key={behavior.name}
              aria-label={`${behavior.act} ${title}`}
              onClick={(event) => void act({ ...item, title }, behavior).then(() => toUndo(event))}
            >
              {behavior.act}
            </button>
          ))}
          <button
            type="button"
            class="quiet"
            aria-label={`Hide ${title}`}
            title="Hide"
            onClick={(event) => void hide({ id: item.id, title }).then(() => toUndo(event))}
          >
            <svg viewBox="0 0 16 16" aria-hidden="true">
              <path d="m4 4 8 8m0-8-8 8" />
            </svg>
          </button>
        </div>
      </div>
    </li>
  )
}

/** From what the item comes: by behavior and by modality, where the model can tell them. */
function Why({ about, behaviors, noun, item }: Omit<CardProps, 'rank' | 'mark' | 'reasons'>) {
  const did = item.behaviors
  const known = item.modalities
  if (!did && !known)
    return (
      <div class="why">
        <p>From what they did and what is known</p>
        <ShareBar parts={undefined} nothing="" />
      </div>
    )
  const words = modalitiesOf(about.modalities)
  return (
    <div class="why">
      <p>From what they did</p>
      <ShareBar
        nothing="No event stands out"
        parts={did && behaviors.map(({ name, did: said, color }) => ({ said, color, share: did[name] ?? 0 }))}
      />
      <p>From what is known of the {noun.one}</p>
      <ShareBar
        nothing="Nothing stands out"
        parts={known && words.map(({ name, said, short, color }) => ({ said, short, color, share: known[name] ?? 0 }))}
      />
    </div>
  )
}

/** Whoever acts by keyboard loses the button with its card: Undo is next. A mouse needs no focus. */
function toUndo({ detail }: MouseEvent): void {
  if (detail === 0) document.getElementById('undo')?.focus()
}

/** The year or another number first, then categories. */
export const metaOf = ({ fields, numbers: { year, ...numbers } }: Pick<AnsweredItem, 'fields' | 'numbers'>): string =>
  [
    ...(year === undefined
      ? Object.entries(numbers).map(([name, value]) => `${name} ${value.toLocaleString('en-US')}`)
      : [`${year}`]
    ).slice(0, 1),
    ...Object.values(fields)
      .filter((value) => value !== '')
      .slice(0, 2)
      .map((value) => value.replaceAll('|', ', ')),
  ].join(' · ')

function MarkBadge({ mark }: { readonly mark: Mark }) {
  if (mark === 0) return null
  if (mark === 'new') return <span class="badge info">New</span>
  const [arrow, way] = mark > 0 ? ['↑', 'up'] : ['↓', 'down']
  return (
    <span class="badge">
      <span aria-hidden="true">
        {arrow} {Math.abs(mark)}
      </span>
      <span class="sr">
        {way} {Math.abs(mark)}
      </span>
    </span>
  )
}

function Reasons({ about, behaviors, item }: Pick<CardProps, 'about' | 'behaviors' | 'item'>) {
  const reasons = (item.because ?? []).filter(({ share }) => share >= 0.005).slice(0, 3)
  if (reasons.length === 0) return null
  const pictured = new Map(shownHistory.value.map(({ id, picture }) => [id, picture]))
  return (
    <>
      <span class="small muted">Because</span>
      <ul class="reasons">
        {reasons.map(({ id, title, behavior, share }) => {
          const did = behaviors.find(({ name }) => name === behavior)?.past ?? behavior
          return (
            <li key={`${id} ${behavior}`} title={`${title || id}, ${did}, ${percent(share)} of the reason`}>
              <Picture id={id} title={title} has={pictured.get(id) ?? about.pictures} size="thumb" />
              <span class="share" aria-hidden="true">
                {percent(share)}
              </span>
              <span class="sr">
                {title || id}, {did}, {percent(share)} of the reason
              </span>
            </li>
          )
        })}
      </ul>
    </>
  )
}
