/** @file Which items may be on the list: a value of each categorical field, bounds of each numeric one. */
import { useState } from 'preact/hooks'
import { fieldName } from '../format.ts'
import type { Noun, Served } from '../words.ts'
import type { Range } from './request.ts'
import { fields, filterBy, isFiltered, numbers } from './state.ts'

/** How many fields of a kind there is room for. */
const room = 4

/** The filters, folded away until they are wanted. */
export function Filters({ about, noun }: { readonly about: Served; readonly noun: Noun }) {
  const categorical = Object.entries(about.fields).slice(0, room)
  const numeric = about.numbers.slice(0, room)
  // Only at the start: later it is the reader's to fold and unfold.
  const [open] = useState(isFiltered.value)
  if (categorical.length + numeric.length === 0) return null
  return (
    <details class="filters" open={open}>
      <summary>Only some {noun.many}</summary>
      <div class="row">
        {categorical.map(([name, values]) => (
          <label class="field" key={name}>
            {fieldName(name)}
            <select
              value={fields.value[name] ?? ''}
              onChange={({ currentTarget }) => pickField(name, currentTarget.value)}
            >
              <option value="">Any</option>
              {values.map((value) => (
                <option key={value}>{value}</option>
              ))}
            </select>
          </label>
        ))}
        {numeric.map((name) => (
          <fieldset class="field" key={name}>
            <legend>{fieldName(name)}</legend>
            <Bound name={name} end="from" />
            <Bound name={name} end="to" />
          </fieldset>
        ))}
      </div>
    </details>
  )
}

function pickField(name: string, value: string): void {
  const { [name]: _, ...others } = fields.value
  filterBy({ fields: value === '' ? others : { ...others, [name]: value } })
}

const Bound = ({ name, end }: { readonly name: string; readonly end: 'from' | 'to' }) => (
  <input
    type="number"
    step="any"
    placeholder={end}
    aria-label={`${fieldName(name)}, ${end}`}
    value={numbers.value[name]?.[end] ?? ''}
    onChange={({ currentTarget }) => pickBound(name, end, currentTarget.value)}
  />
)

function pickBound(name: string, end: 'from' | 'to', text: string): void {
  const { [name]: range = {}, ...others } = numbers.value
  const { [end]: _, ...rest } = range
  const next: Range = text === '' ? rest : { ...rest, [end]: Number(text) }
  filterBy({ numbers: Object.keys(next).length === 0 ? others : { ...others, [name]: next } })
}
