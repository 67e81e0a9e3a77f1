import { stripVTControlCharacters } from 'node:util'
import { afterEach, expect, it, vi } from 'vitest'
import { exitCodes, explainFailure } from './failure.ts'
import { createProgram } from './program.ts'

afterEach(() => vi.restoreAllMocks())

it('a store that does not answer is told in a sentence, by whichever command needs it', async () => {
  const written: string[] = []
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0)
  // Nothing listens at port 1.
  const args = ['export-events', 'redis://user:secret@127.0.0.1:1/0', '--out', 'events.csv']
  const error = await (await createProgram('export-events')).parseAsync(args, { from: 'user' }).catch((told) => told)
  expect(explainFailure(error)).toBe(exitCodes.user)
  expect(written.map(stripVTControlCharacters)).toEqual([
    'store: missing: redis at 127.0.0.1:1/0 cannot be reached (ECONNREFUSED), expected a store that answers\n',
  ])
})
