/** @file Readings of `/metrics` one after another, and what came between them. */
import { type Histogram, histogramBetween, histogramOf, quantileOf, type Sample, sumOf } from './metrics-text.ts'

/** What one reading says, the page's own questions about metrics left out. */
export interface Reading {
  /** When, in milliseconds. */
  readonly at: number
  readonly requests: number
  /** Answers that were errors of the service, and requests that it refused. */
  readonly errors: number
  readonly refused: number
  readonly lists: number
  /** Of them popular items instead. */
  readonly popular: number
  readonly events: number
  readonly seconds: Histogram
  readonly storeUp: boolean
  readonly storeSeconds: number
  /** Names of the runs that are served. */
  readonly runs: string
}

const own = new Set(['/metrics', '/readyz', '/healthz'])
const counts = ({ route = '' }: Sample['labels']): boolean => !own.has(route)

/** Takes a reading. */
export function readingOf(samples: readonly Sample[], at: number): Reading {
  const requests = 'siftrec_http_requests_total'
  const lists = 'siftrec_lists_total'
  const withStatus = (first: string) => (labels: Sample['labels']) =>
    counts(labels) && (labels['status'] ?? '').startsWith(first)
  return {
    at,
    requests: sumOf(samples, requests, counts),
    errors: sumOf(samples, requests, withStatus('5')),
    refused: sumOf(samples, requests, withStatus('4')),
    lists: sumOf(samples, lists),
    popular: sumOf(samples, lists, ({ by }) => by === 'popular'),
    events: sumOf(samples, 'siftrec_events_total', ({ outcome }) => outcome === 'stored'),
    seconds: histogramOf(samples, 'siftrec_http_request_seconds', counts),
    storeUp: sumOf(samples, 'siftrec_store_up') > 0,
    storeSeconds: sumOf(samples, 'siftrec_store_ping_seconds'),
    runs: samples
      .filter(({ name }) => name === 'siftrec_model_age_seconds')
      .map(({ labels }) => labels['run'] ?? '')
      .join(', '),
  }
}

/** What happened between two readings. */
export interface Between {
  readonly at: number
  /** A second. */
  readonly rate: number
  readonly half: number | undefined
  readonly most: number | undefined
  /** Of the lists; undefined where there was none. */
  readonly popularShare: number | undefined
  readonly errors: number
  readonly refused: number
}

/** Compares two readings. */
export function between(before: Reading, after: Reading): Between {
  // Less than before: the service began anew, and has counted from 0.
  const grown = (key: 'requests' | 'errors' | 'refused' | 'lists' | 'popular'): number =>
    after.requests < before.requests ? after[key] : after[key] - before[key]
  const seconds = histogramBetween(before.seconds, after.seconds)
  const lists = grown('lists')
  return {
    at: after.at,
    rate: grown('requests') / Math.max(0.001, (after.at - before.at) / 1000),
    half: quantileOf(seconds, 0.5),
    most: quantileOf(seconds, 0.99),
    popularShare: lists > 0 ? grown('popular') / lists : undefined,
    errors: grown('errors'),
    refused: grown('refused'),
  }
}

/** One route since the service began. */
export interface RouteFacts {
  readonly route: string
  readonly requests: number
  readonly half: number | undefined
  readonly most: number | undefined
  readonly refused: number
  readonly errors: number
}

/** All routes that were asked, the most asked first. */
export function routesOf(samples: readonly Sample[]): RouteFacts[] {
  const name = 'siftrec_http_requests_total'
  const asked = samples.filter((sample) => sample.name === name && counts(sample.labels))
  const routes = new Set(asked.map(({ labels: { method = '', route = '' } }) => `${method} ${route}`))
  return [...routes]
    .map((whole) => {
      const [method = '', route = ''] = whole.split(' ')
      const ours = (labels: Sample['labels']): boolean => labels['route'] === route && labels['method'] === method
      const seconds = histogramOf(samples, 'siftrec_http_request_seconds', (labels) => labels['route'] === route)
      const of = (first: string): number =>
        sumOf(samples, name, (labels) => ours(labels) && (labels['status'] ?? '').startsWith(first))
      return {
        route: whole,
        requests: of(''),
        half: quantileOf(seconds, 0.5),
        most: quantileOf(seconds, 0.99),
        refused: of('4'),
        errors: of('5'),
      }
    })
    .sort((a, b) => b.requests - a.requests)
}
