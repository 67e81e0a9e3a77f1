/** @file Asks for the key that the service wants. */
import { useRef } from 'preact/hooks'
import { key, needsKey } from '../api.ts'
import { askServed } from '../served.ts'

/** A field for the key. It is kept for this tab and goes nowhere but to the service. */
export function KeyForm() {
  const field = useRef<HTMLInputElement>(null)
  const submit = (event: Event): void => {
    event.preventDefault()
    key.value = field.current?.value.trim() ?? ''
    needsKey.value = false
    void askServed()
  }
  return (
    <form class="notice warn" onSubmit={submit}>
      <span>
        <b>{key.value === '' ? 'This service asks for a key.' : 'The service does not take this key.'}</b> It is kept
        for this tab only.
      </span>
      <label class="row">
        Key
        <input ref={field} type="password" autocomplete="off" required />
      </label>
      <button type="submit" class="primary">
        Use it
      </button>
    </form>
  )
}
