/**
 * @file What the playground knows: the visitor, the history, what is left out, and the list.
 *
 * Undo is honest. The service forgets no single event, so an act is not sent at once: for some seconds it is only here,
 * and the list that shows its effect comes from `POST /v1/recommendations` with the history and the act, which stores
 * nothing. Undo drops the act. After that time, or with the next act, it is sent to `POST /v1/events`, there is no Undo
 * any more, and the list comes from the visitor's own route again.
 */
import { batch, computed, signal } from '@preact/signals'
import type { Modality } from '../../../src/dataset/schema.ts'
import type { HistoryEvent, Recommended } from '../../../src/serve/service.ts'
import { ask, problemOf, type Request, type ServiceProblem, send } from '../api.ts'
import { type Changes, changesOf } from './changes.ts'
import type { PrivateModel } from './private-model.ts'
import { type Asked, mostEvents, type Range, requestOf } from './request.ts'

/** Who is looked at. Without an id it is a visitor whom only this page knows. */
export interface Visitor {
  readonly id?: string
  readonly state: 'loading' | 'known' | 'new' | 'unknown' | 'failed'
}
/** A list as it was answered. */
export interface Answered {
  readonly answer: Recommended
  /** What decided it. */
  readonly asked: Asked
  /** None for a list that was made here. */
  readonly request?: Request
  /** How long the answer took, in milliseconds, and when it came. */
  readonly took: number
  readonly at: number
}
/** What an act, or leaving something out, did to the list. */
export interface Told {
  readonly said: string
  readonly note: string
  readonly undo?: () => void
}

export const visitor = signal<Visitor>({ state: 'loading' })
export const history = signal<readonly HistoryEvent[]>([])
export const leftOut = signal<{ behaviors: readonly string[]; modalities: readonly Modality[] }>({
  behaviors: [],
  modalities: [],
})
export const fields = signal<Readonly<Record<string, string>>>({})
export const numbers = signal<Readonly<Record<string, Range>>>({})
export const hidden = signal<readonly { readonly id: string; readonly title: string }[]>([])
export const top = signal(pageLength())
export const list = signal<Answered | undefined>(undefined)
export const waiting = signal(false)
export const problem = signal<ServiceProblem | undefined>(undefined)
export const changes = signal<Changes | undefined>(undefined)
export const told = signal<Told | undefined>(undefined)
/** An act that is not sent yet. */
export const pending = signal<
  { readonly event: HistoryEvent; readonly title: string; readonly past: string } | undefined
>(undefined)
/** In private mode, what makes the list here. */
export const privateModel = signal<PrivateModel | undefined>(undefined)
/** What the strip shows: the pending act, then what is stored. */
export const shownHistory = computed(() => (pending.value ? [pending.value.event, ...history.value] : history.value))
export const isFiltered = computed(() => Object.keys(fields.value).length + Object.keys(numbers.value).length > 0)

/** How many items a list has, and how many more are asked for at once. */
export function pageLength(): number {
  return 9
}
/** How long an act can be undone, in milliseconds. */
const undoTime = 8000

/** Some models cannot explain: once one has said so, it is not asked again. */
let explain = true
/** The runs that made the list. */
let madeBy: string | undefined
let asking: AbortController | undefined

/** Looks at a visitor by id. */
export async function openVisitor(id: string, { create = false } = {}): Promise<void> {
  await sendPending()
  clear()
  visitor.value = { id, state: 'loading' }
  try {
    const path = `/v1/users/${encodeURIComponent(id)}/history?limit=${mostEvents}`
    const { events } = await ask<{ events: readonly HistoryEvent[] }>({ path })
    if (visitor.value.id !== id) return
    batch(() => {
      history.value = events
      visitor.value = { id, state: events.length === 0 ? 'new' : 'known' }
    })
  } catch (error) {
    if (visitor.value.id !== id) return
    const found = problemOf(error)
    if (found.status !== 404) {
      batch(() => {
        problem.value = found
        visitor.value = { id, state: 'failed' }
      })
      return
    }
    visitor.value = { id, state: create ? 'new' : 'unknown' }
    if (!create) return
  }
  await refresh()
}

/** Looks at a visitor without an id, of whom nothing is stored. */
export async function openNobody(): Promise<void> {
  await sendPending()
  clear()
  visitor.value = { state: 'new' }
  await refresh()
}

/** Opens any visitor of the dataset. @returns false where there is none */
export async function openAny(): Promise<boolean> {
  try {
    const { users } = await ask<{ users: readonly string[] }>({ path: '/v1/users?limit=100' })
    const others = users.filter((id) => id !== visitor.value.id)
    const id = others[Math.floor(Math.random() * others.length)] ?? users[0]
    if (id === undefined) return false
    await openVisitor(id)
    return true
  } catch (error) {
    problem.value = problemOf(error)
    return false
  }
}

function clear(): void {
  asking?.abort()
  batch(() => {
    history.value = []
    hidden.value = []
    list.value = changes.value = told.value = problem.value = undefined
    top.value = pageLength()
  })
}

/** Asks for the list anew. @param compared tells how it differs from the one before, less the item that was acted on */
export async function refresh({ compared = false, gone }: { compared?: boolean; gone?: string } = {}): Promise<void> {
  asking?.abort()
  const own = new AbortController()
  asking = own
  const before = list.value?.answer.items.map(({ id }) => id)
  waiting.value = true
  const { id: user } = visitor.value
  const asked: Asked = {
    ...(user !== undefined && { user }),
    history: shownHistory.value,
    unsent: user === undefined || pending.value !== undefined || visitor.value.state === 'new',
    top: top.value,
    explain,
    without: leftOut.value,
    fields: fields.value,
    numbers: numbers.value,
    hidden: hidden.value.map(({ id }) => id),
  }
  const { value: model } = privateModel
  const request = model ? undefined : requestOf(asked)
  const began = performance.now()
  try {
    const answer = await (request ? ask<Recommended>(request, own.signal) : (model as PrivateModel).recommend(asked))
    if (own.signal.aborted) return
    batch(() => {
      list.value = { answer, asked, ...(request && { request }), took: performance.now() - began, at: Date.now() }
      problem.value = undefined
      if (compared && before)
        changes.value = changesOf(
          before,
          answer.items.map(({ id }) => id),
          gone,
        )
      waiting.value = false
    })
  } catch (error) {
    if (own.signal.aborted) return
    const found = problemOf(error)
    if (explain && found.code === 'unsupported' && /explain/.test(found.message)) {
      explain = false
      await refresh({ compared, ...(gone !== undefined && { gone }) })
      return
    }
    batch(() => {
      problem.value = found
      waiting.value = false
    })
  }
}

/** Asks for the list anew once other runs are served: another model may put other items on it, and explain them. */
export function servedBy(runs: string): void {
  const others = madeBy !== undefined && madeBy !== runs
  madeBy = runs
  if (!others) return
  explain = true
  changes.value = undefined
  if (list.value) void refresh()
}

/** Tries again what failed. */
export async function retry(): Promise<void> {
  const { id, state } = visitor.value
  if (state === 'loading') await openAny()
  else if (state === 'failed' && id !== undefined) await openVisitor(id)
  else await refresh()
}

/** Shows the next items too. */
export function showMore(): void {
  top.value += pageLength()
  changes.value = told.value = undefined
  void refresh()
}

let timer: ReturnType<typeof setTimeout> | undefined

/** Acts as the visitor; see the head of this file. */
export async function act(
  item: { readonly id: string; readonly title: string; readonly picture: boolean },
  behavior: { readonly name: string; readonly past: string },
): Promise<void> {
  // Its answer is not waited for: what it stores is in the history that the list is made from.
  void sendPending({ quiet: true })
  const { id, title, picture } = item
  const event = { id, title, picture, behavior: behavior.name, time: Date.now(), fresh: true }
  const isPrivate = privateModel.value !== undefined
  const stores = visitor.value.id !== undefined && !isPrivate
  const undo = (): void => {
    clearTimeout(timer)
    if (stores) pending.value = undefined
    else history.value = history.value.filter((one) => one !== event)
    tell({ said: `Undone: ${title} was not ${behavior.past}.`, note: 'Nothing was stored.' })
    void refresh({ compared: true })
  }
  if (stores) pending.value = { event, title, past: behavior.past }
  else history.value = [event, ...history.value]
  const note = stores
    ? `It is stored in ${undoTime / 1000} seconds.`
    : isPrivate
      ? 'Nothing was sent.'
      : 'Nothing is stored: this visitor has no id.'
  tell({ said: `You ${behavior.past} ${title}.`, note, undo })
  if (stores) startTimer()
  await refresh({ compared: true, gone: id })
}

/** While somebody is about to press Undo, its time stands still. */
export const holdUndo = (): void => clearTimeout(timer)
/** Begins the time of Undo, from its start. */
export function startTimer(): void {
  clearTimeout(timer)
  if (pending.value) timer = setTimeout(() => void sendPending().then(() => refresh()), undoTime)
}

/** Stores the act that is waiting, if there is one; where that fails, it is taken back with the reason. */
export async function sendPending({ leaving = false, quiet = false } = {}): Promise<void> {
  clearTimeout(timer)
  const { value: act } = pending
  const { id: user } = visitor.value
  if (!act || user === undefined) return
  pending.value = undefined
  history.value = [act.event, ...history.value]
  const { id: item, behavior } = act.event
  // Without a time it gets that of the service, whose clock decides.
  const body = { user, item, behavior, id: nameOf(act.event) }
  try {
    await send({ path: '/v1/events', body }, { keepalive: leaving })
    if (visitor.value.id === user) {
      visitor.value = { id: user, state: 'known' }
      const said = `You ${act.past} ${act.title}.`
      // What was done since, such as leaving something out, has its own words.
      if (told.value?.said === said) tell({ said, note: 'It is stored, and the next request reads it.' })
    }
  } catch (error) {
    history.value = history.value.filter((event) => event !== act.event)
    tell({ said: `${act.title} was taken back.`, note: problemOf(error).message })
    if (quiet) void refresh()
  }
}

/** A name for an event: sent twice, it is stored once. */
function nameOf({ id, time }: HistoryEvent): string {
  const random = crypto.getRandomValues(new Uint32Array(2))
  return `page-${time}-${[...random].map((part) => part.toString(36)).join('')}-${id}`.slice(0, 128)
}

const tell = (value: Told): void => {
  told.value = value
}

/** Leaves a behavior or a modality out, or uses it again. */
export function toggle(group: 'behaviors' | 'modalities', name: string, said: string): void {
  const { value: before } = leftOut
  const off = (before[group] as readonly string[]).includes(name)
  const names = off ? before[group].filter((one) => one !== name) : [...before[group], name]
  leftOut.value = { ...before, [group]: names }
  const undo = (): void => toggle(group, name, said)
  tell({ said: `${said}: ${off ? 'used again' : 'left out'}.`, note: 'Nothing was stored.', undo })
  void refresh({ compared: true }).then(() => {
    // A model that has no such part says so: the switch goes back.
    if (problem.value && [409, 422].includes(problem.value.status) && !off) {
      const { message } = problem.value
      leftOut.value = before
      tell({ said: `${said} cannot be left out.`, note: message })
      void refresh()
    }
  })
}

/** Takes an item off the list, here only. */
export async function hide(item: { readonly id: string; readonly title: string }): Promise<void> {
  hidden.value = [...hidden.value, item]
  const undo = (): void => {
    hidden.value = hidden.value.filter(({ id }) => id !== item.id)
    tell({ said: `${item.title} is shown again.`, note: 'Nothing was stored.' })
    void refresh({ compared: true })
  }
  tell({ said: `You hid ${item.title}.`, note: 'It is left out here only; nothing was stored.', undo })
  await refresh({ compared: true, gone: item.id })
}

/** Puts filters in place of those there are. */
export function filterBy(next: { fields?: Record<string, string>; numbers?: Record<string, Range> }): void {
  batch(() => {
    if (next.fields) fields.value = next.fields
    if (next.numbers) numbers.value = next.numbers
    top.value = pageLength()
    changes.value = told.value = undefined
  })
  void refresh()
}
