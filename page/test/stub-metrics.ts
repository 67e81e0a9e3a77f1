/** @file Metrics as the service writes them, of a service that is asked ever more. */

const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** The text of `/metrics` after so many requests. */
export function stubMetrics(asked: number): string {
  const all = 90 * asked + 30 * Math.sin(asked)
  const route = '/v1/users/{id}/recommendations'
  const buckets = bounds.map(
    (bound) =>
      `siftrec_http_request_seconds_bucket{le="${bound}",route="${route}"} ${Math.round(all * Math.min(1, 1 - Math.exp(-bound * 180)))}`,
  )
  return `# HELP siftrec_http_requests_total Requests by route, method and status.
# TYPE siftrec_http_requests_total counter
siftrec_http_requests_total{route="${route}",method="GET",status="200"} ${Math.round(all)}
siftrec_http_requests_total{route="${route}",method="GET",status="404"} 12
siftrec_http_requests_total{route="/v1/events",method="POST",status="200"} ${4 * asked}
siftrec_http_requests_total{route="/metrics",method="GET",status="200"} 1000
${buckets.join('\n')}
siftrec_http_request_seconds_bucket{le="+Inf",route="${route}"} ${Math.round(all)}
siftrec_events_total{outcome="stored"} ${4 * asked}
siftrec_lists_total{by="model"} ${Math.round(all)}
siftrec_lists_total{by="popular"} ${asked}
siftrec_fresh_events_read_total ${asked}
siftrec_store_up 1
siftrec_store_ping_seconds 0.0004
siftrec_model_age_seconds{stage="retrieve",run="films-m3bsr"} 8040
process_resident_memory_bytes 412000000
`
}
