/** @file What a service counts and times, for Prometheus. */
import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Recommended, Service } from '../serve/service.ts'
import type { Appended } from '../store/event-store.ts'

/** Counts and times of one process. */
export interface Metrics {
  answered(request: {
    readonly route: string
    readonly method: string
    readonly status: number
    readonly seconds: number
  }): void
  listed(list: Recommended): void
  appended(counts: Appended): void
  /** All of it, as Prometheus reads it. */
  text(): Promise<string>
}

/** Metrics of a service. The store is asked, and the model's age told, whenever they are read. */
export function serviceMetrics(service: Service): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  // Where several processes serve, the first one asks each for its registry and sums them up.
  AggregatorRegistry.setRegistries(registry)
  const requests = new Counter({
    name: 'siftrec_http_requests_total',
    help: 'Requests by route, method and status.',
    labelNames: ['route', 'method', 'status'],
    registers,
  })
  const seconds = new Histogram({
    name: 'siftrec_http_request_seconds',
    help: 'How long requests took.',
    labelNames: ['route'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  })
  const events = new Counter({
    name: 'siftrec_events_total',
    help: 'Events by what became of them: stored, or repeated ones that had been.',
    labelNames: ['outcome'],
    registers,
  })
  const lists = new Counter({
    name: 'siftrec_lists_total',
    help: 'Lists by who made them: the model, or popularity for want of any event.',
    labelNames: ['by'],
    registers,
  })
  const fresh = new Counter({
    name: 'siftrec_fresh_events_read_total',
    help: 'Events read for lists that came since the dataset was prepared.',
    registers,
  })
  storeGauges(service, registers)
  const age = new Gauge({
    name: 'siftrec_model_age_seconds',
    help: 'Time since the run was trained.',
    labelNames: ['stage', 'run'],
    registers,
    aggregator: 'max',
    collect() {
      const { retrieve, rank } = service.about()
      age.reset()
      for (const [stage, run] of Object.entries({ retrieve, rank }))
        if (run) age.set({ stage, run: run.name }, (Date.now() - run.trained) / 1000)
    },
  })
  return {
    answered({ route, method, status, seconds: took }) {
      requests.inc({ route, method, status })
      seconds.observe({ route }, took)
    },
    listed(list) {
      lists.inc({ by: list.fallback ?? 'model' })
      fresh.inc(list.events.fresh)
    },
    appended({ stored, repeated }) {
      events.inc({ outcome: 'stored' }, stored)
      events.inc({ outcome: 'repeated' }, repeated)
    },
    text: () => registry.metrics(),
  }
}

/** Whether the store answers, and how fast. All gauges are read at the same time: one question is for both. */
function storeGauges(service: Service, registers: Registry[]): void {
  let asked: Promise<{ readonly up: boolean; readonly seconds: number }> | undefined
  const ask = () =>
    (asked ??= pinged(service).finally(() => {
      asked = undefined
    }))
  void new Gauge({
    name: 'siftrec_store_ping_seconds',
    help: 'How long the store took to answer just now.',
    registers,
    aggregator: 'max',
    async collect() {
      this.set((await ask()).seconds)
    },
  })
  void new Gauge({
    name: 'siftrec_store_up',
    help: 'Whether the store answers: 1, or 0.',
    registers,
    aggregator: 'min',
    async collect() {
      this.set(Number((await ask()).up))
    },
  })
}

async function pinged(service: Service): Promise<{ up: boolean; seconds: number }> {
  const began = performance.now()
  const up = await service.ready().then(
    () => true,
    () => false,
  )
  return { up, seconds: (performance.now() - began) / 1000 }
}
