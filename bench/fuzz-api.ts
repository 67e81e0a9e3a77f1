/** @file `npm run -s bench -- fuzz-api`: 10,000 right, strange and wrong requests; how many are answered by a fault. */
import * as fc from 'fast-check'
import { createApp } from '../src/http/app.ts'
import { serviceLog } from '../src/http/log.ts'
import { apiRequest, faultOf } from '../test/fixtures/api-requests.ts'
import { stubService } from '../test/fixtures/stub-service.ts'
import type { BenchResult } from './result.ts'

const requests = 10_000

/** Faults are errors of the service, and refusals that are no problem in one sentence. */
export async function fuzzApi(): Promise<BenchResult> {
  const app = createApp({ service: stubService(), log: serviceLog({ quiet: true }), version: 'bench' })
  const statuses: Record<number, number> = {}
  const faults: string[] = []
  const seed = Number(process.env['SEED'] ?? 1)
  for (const { path, ...request } of fc.sample(apiRequest, { numRuns: requests, seed })) {
    const answer = await app.request(path, request)
    statuses[answer.status] = (statuses[answer.status] ?? 0) + 1
    const fault = await faultOf(answer)
    if (fault !== undefined) faults.push(`${request.method} ${path}: ${fault}`)
  }
  const settings = { requests, seed, statuses, first: faults.slice(0, 5) }
  return { name: 'fuzz-api', ours: faults.length, peer: null, ratio: null, unit: 'faults', settings }
}
