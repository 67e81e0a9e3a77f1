/** @file Which request a list comes from. */
import type { Modality } from '../../../src/dataset/schema.ts'
import type { GivenEvent, HistoryEvent, RecommendRequest } from '../../../src/serve/service.ts'
import type { Request } from '../api.ts'

/** Bounds on a number; an end that is not given is open. */
export interface Range {
  readonly from?: number
  readonly to?: number
}

/** What decides a list. */
export interface Asked {
  /** None for a visitor without an id, whose history only this page has. */
  readonly user?: string
  /** Newest first. */
  readonly history: readonly Pick<HistoryEvent, 'id' | 'behavior' | 'time'>[]
  /** Whether the service does not know that history, so that it has to be sent along. */
  readonly unsent: boolean
  readonly top: number
  readonly explain: boolean
  /** Names of behaviors and modalities that are left out. */
  readonly without: { readonly behaviors: readonly string[]; readonly modalities: readonly Modality[] }
  readonly fields: Readonly<Record<string, string>>
  readonly numbers: Readonly<Record<string, Range>>
  /** Items that were hidden. */
  readonly hidden: readonly string[]
}

/** The most events that a request may bring. */
export const mostEvents = 1000

/** The request for a list: the visitor's own route, or one that brings the history along and stores nothing. */
export function requestOf(asked: Asked): Request {
  if (asked.user !== undefined && !asked.unsent)
    return { path: `/v1/users/${encodeURIComponent(asked.user)}/recommendations?${queryOf(asked)}` }
  return { path: '/v1/recommendations', body: { history: givenHistory(asked), ...bodyOf(asked) } }
}

/** The request for the list of a run that is not served, for the same visitor and filters. */
export function comparedRequest(run: string, asked: Asked): Request {
  const { user, unsent } = asked
  const whose = user !== undefined && !unsent ? { user } : { history: givenHistory(asked) }
  const body = bodyOf({ ...asked, explain: false, without: { behaviors: [], modalities: [] } })
  return { path: `/v1/runs/${encodeURIComponent(run)}/recommendations`, body: { ...whose, ...body } }
}

/** Oldest first, as the service wants it; where the log has an order only, no event has a time. */
export function givenHistory({ history }: Pick<Asked, 'history'>): GivenEvent[] {
  const last = history.slice(0, mostEvents).reverse()
  const timed = last.every(({ time }) => time !== undefined)
  return last.map(({ id, behavior, time }) => ({ item: id, behavior, ...(timed && time !== undefined && { time }) }))
}

function queryOf({ top, explain, without, fields, numbers, hidden }: Asked): string {
  const pairs: [string, string][] = [
    ['top', String(top)],
    ...(explain ? [['explain', 'true'] satisfies [string, string]] : []),
    ...without.behaviors.map((name): [string, string] => ['without.behavior', name]),
    ...without.modalities.map((name): [string, string] => ['without.modality', name]),
    ...Object.entries(fields).map(([name, value]): [string, string] => [`field.${name}`, value]),
    ...Object.entries(numbers).map(([name, { from = '', to = '' }]): [string, string] => [
      `number.${name}`,
      `${from}..${to}`,
    ]),
    ...hidden.map((id): [string, string] => ['block', id]),
  ]
  return new URLSearchParams(pairs).toString()
}

function bodyOf({ top, explain, without, fields, numbers, hidden }: Asked): Omit<RecommendRequest, 'history' | 'user'> {
  const filter = {
    ...(Object.keys(fields).length > 0 && {
      fields: Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, [value]])),
    }),
    ...(Object.keys(numbers).length > 0 && { numbers }),
    ...(hidden.length > 0 && { block: hidden }),
  }
  const modalities = without.modalities.filter((name) => name !== 'id')
  const left = {
    ...(without.behaviors.length > 0 && { behaviors: without.behaviors }),
    ...(modalities.length > 0 && { modalities }),
  }
  return {
    top,
    ...(explain && { explain }),
    ...(Object.keys(filter).length > 0 && { filter }),
    ...(Object.keys(left).length > 0 && { without: left }),
  }
}

/** The request as whoever writes programs reads it. */
export const requestText = ({ path, body }: Request): string =>
  body === undefined ? `GET ${decodeURIComponent(path)}` : `POST ${path}`
