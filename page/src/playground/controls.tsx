/** @file What the model may use: behaviors to learn from, modalities to look at. */
import type { Behavior, Served } from '../words.ts'
import { modalitiesOf } from '../words.ts'
import { leftOut, toggle } from './state.ts'

/** The two groups of switches. */
export function Controls({ about, behaviors }: { readonly about: Served; readonly behaviors: readonly Behavior[] }) {
  const modalities = modalitiesOf(about.modalities)
  const usedBehaviors = behaviors.filter(({ name }) => !leftOut.value.behaviors.includes(name))
  return (
    <section class="controls" aria-label="What the model may use">
      <fieldset>
        <legend>Learn from</legend>
        <div class="row">
          {behaviors.map(({ name, did, color }) => (
            <Chip
              key={name}
              said={did}
              color={color}
              on={!leftOut.value.behaviors.includes(name)}
              fixed={
                usedBehaviors.length === 1 && usedBehaviors[0]?.name === name ? 'The last one stays on' : undefined
              }
              press={() => toggle('behaviors', name, did)}
            />
          ))}
        </div>
      </fieldset>
      {modalities.length > 1 && (
        <fieldset>
          <legend>Look at</legend>
          <div class="row">
            {modalities.map(({ name, said, color }) => (
              <Chip
                key={name}
                said={said}
                color={color}
                on={!leftOut.value.modalities.includes(name)}
                fixed={name === 'id' ? 'Always used' : undefined}
                press={() => toggle('modalities', name, said)}
              />
            ))}
          </div>
        </fieldset>
      )}
      <p class="small muted">Switch one off to see the list without it. Nothing is retrained.</p>
    </section>
  )
}

interface ChipProps {
  readonly said: string
  readonly color: string
  readonly on: boolean
  /** Why it cannot be switched off. */
  readonly fixed: string | undefined
  readonly press: () => void
}

const Chip = ({ said, color, on, fixed, press }: ChipProps) => (
  <button
    type="button"
    class="chip"
    aria-pressed={on}
    aria-disabled={fixed !== undefined}
    title={fixed}
    style={{ '--c': `var(--${color})` }}
    onClick={() => fixed === undefined && press()}
  >
    <i />
    <span>{said}</span>
    {fixed !== undefined && <span class="sr">. {fixed}</span>}
  </button>
)
