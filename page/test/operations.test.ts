import { describe, expect, it } from 'vitest'
import { happenedIn } from '../src/operations/happened.ts'
import { histogramBetween, histogramOf, parseMetrics, quantileOf, sumOf } from '../src/operations/metrics-text.ts'
import { between, readingOf, routesOf } from '../src/operations/readings.ts'

const text = (requests: number, slow: number, failed = 0) => `# HELP a comment
siftrec_http_requests_total{route="/v1/a",method="GET",status="200"} ${requests}
siftrec_http_requests_total{route="/v1/a",method="GET",status="503"} ${failed}
siftrec_http_requests_total{route="/metrics",method="GET",status="200"} 500
siftrec_http_request_seconds_bucket{le="0.01",route="/v1/a"} ${requests - slow}
siftrec_http_request_seconds_bucket{le="0.1",route="/v1/a"} ${requests}
siftrec_http_request_seconds_bucket{le="+Inf",route="/v1/a"} ${requests}
siftrec_lists_total{by="model"} ${requests}
siftrec_lists_total{by="popular"} ${slow}
siftrec_store_up 1
siftrec_store_ping_seconds 4e-4
odd{text="a \\"b\\" \\\\ c"} NaN
`

describe('the text of metrics', () => {
  it('is read with its labels, escapes and numbers', () => {
    const samples = parseMetrics(text(100, 10))
    expect(samples.at(-1)).toEqual({ name: 'odd', labels: { text: 'a "b" \\ c' }, value: Number.NaN })
    expect(sumOf(samples, 'siftrec_store_ping_seconds')).toBe(0.0004)
    expect([...histogramOf(samples, 'siftrec_http_request_seconds').keys()]).toEqual([
      0.01,
      0.1,
      Number.POSITIVE_INFINITY,
    ])
  })

  it('tells within which time a share was answered', () => {
    const histogram = histogramOf(parseMetrics(text(100, 10)), 'siftrec_http_request_seconds')
    // 90 of 100 within 10 ms: half of all are within 50 / 90 of that; 99 are 9 tenths into the next bucket.
    expect(quantileOf(histogram, 0.5)).toBeCloseTo(0.01 * (50 / 90))
    expect(quantileOf(histogram, 0.99)).toBeCloseTo(0.01 + 0.09 * 0.9)
    expect(quantileOf(new Map(), 0.5)).toBeUndefined()
    expect(
      quantileOf(
        new Map([
          [0.1, 0],
          [Number.POSITIVE_INFINITY, 4],
        ]),
        0.5,
      ),
    ).toBe(0.1)
  })
})

describe('two readings', () => {
  const reading = (at: number, ...counts: [number, number, number?]) => readingOf(parseMetrics(text(...counts)), at)

  it('tell what came between them, without the questions about metrics', () => {
    expect(between(reading(0, 100, 10), reading(2000, 140, 20, 3))).toMatchObject({
      rate: 21.5,
      errors: 3,
      popularShare: 0.2,
    })
  })

  it('tell nothing false of a service that began anew', () => {
    const { rate, half } = between(reading(0, 1000, 10), reading(2000, 10, 0))
    expect(rate).toBe(5)
    expect(half).toBeCloseTo(0.005)
    expect([...histogramBetween(new Map([[1, 5]]), new Map([[1, 2]]))]).toEqual([[1, 2]])
  })

  it('know no time to answer where nothing was asked', () => {
    expect(between(reading(0, 100, 10), reading(2000, 100, 10))).toMatchObject({
      rate: 0,
      half: undefined,
      popularShare: undefined,
    })
  })
})

describe('what happened', () => {
  const reading = (at: number, failed: number, { up = true, run = 'a' } = {}) =>
    readingOf(
      parseMetrics(
        `${text(100, 0, failed).replace('store_up 1', `store_up ${up ? 1 : 0}`)}siftrec_model_age_seconds{stage="retrieve",run="${run}"} 9`,
      ),
      at,
    )

  it('is one thing for as long as it goes on, the latest first', () => {
    const told = happenedIn([
      reading(0, 0),
      reading(1, 2, { up: false }),
      reading(2, 5, { up: false }),
      reading(3, 5),
      reading(4, 5, { run: 'b' }),
      reading(5, 6, { run: 'b' }),
    ])
    expect(told.map(({ at, what, state }) => [at, what, state])).toEqual([
      [5, '1 request failed', 'Open'],
      [4, 'Model changed', 'Done'],
      [1, 'The store did not answer', 'Over'],
      [1, '5 requests failed', 'Over'],
    ])
    expect(told[1]?.note).toBe('b replaced a.')
    expect(happenedIn([reading(0, 0), reading(1, 0)])).toEqual([])
  })
})

it('routes are told by method, the most asked first', () => {
  expect(routesOf(parseMetrics(text(100, 10, 2)))).toMatchObject([
    { route: 'GET /v1/a', requests: 102, errors: 2, refused: 0 },
  ])
})
