import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { apiRequest, faultOf } from '../../test/fixtures/api-requests.ts'
import { stubService } from '../../test/fixtures/stub-service.ts'
import { createApp } from './app.ts'
import { serviceLog } from './log.ts'

it('no request to any route is answered by an error of ours', async () => {
  const app = createApp({ service: stubService(), log: serviceLog({ quiet: true }), version: '1' })
  const statuses = new Set<number>()
  await fc.assert(
    fc.asyncProperty(apiRequest, async ({ path, ...request }) => {
      const answer = await app.request(path, request)
      statuses.add(answer.status)
      expect(await faultOf(answer)).toBeUndefined()
    }),
    { numRuns: 500, seed: 1 },
  )
  // Requests are good enough to get through, and bad enough to be refused in each way.
  expect([...statuses]).toEqual(expect.arrayContaining([200, 204, 400, 404, 405, 415, 422]))
})
