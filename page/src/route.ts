/** @file Which view is open: the part of the address after `#`, which no server needs to know of. */
import { computed, signal } from '@preact/signals'

export const views = ['playground', 'models', 'data', 'map', 'operations'] as const
export type View = (typeof views)[number]

const hash = signal(location.hash)
addEventListener('hashchange', () => {
  hash.value = location.hash
})

export const view = computed<View>(() => views.find((name) => hash.value.startsWith(`#/${name}`)) ?? 'playground')

/** The visitor that the address names: `#/playground/186`. */
export const addressedVisitor = (): string | undefined => {
  const [, part] = /^#\/playground\/(.+)$/.exec(location.hash) ?? []
  return part === undefined ? undefined : decodeURIComponent(part)
}

/** Names the visitor in the address, without a step in the browser's history. */
export function addressVisitor(id: string | undefined): void {
  history.replaceState(null, '', id === undefined ? '#/playground' : `#/playground/${encodeURIComponent(id)}`)
}
