/**
 * @file `npm run fuzz`: inputs of every kind, right, strange and damaged; its counts go to docs/reliability.md.
 * `npm run fuzz -- --kind CSV --case 17` looks at one again.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { fuzz, type Kind, kinds } from './fuzz/pool.ts'

/** Where the counts are, for the page. */
const results = 'test/reliability/fuzz.json'

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    kind: { type: 'string' },
    case: { type: 'string' },
    /** Prints the counts, and leaves the page as it is. */
    'no-save': { type: 'boolean', default: false },
  },
})
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const kind = Object.keys(kinds).find((name) => values.kind !== undefined && name.startsWith(values.kind)) as
  | Kind
  | undefined
const only = kind && values.case !== undefined ? { kind, at: Number(values.case) } : undefined
const found = await fuzz(Number(values.cases), Number(values.seed), { report: say, only })
for (const [name, count] of Object.entries(found.kinds)) if (count.cases > 0) say(`${name}: ${JSON.stringify(count)}`)
for (const line of found.wrong) say(line)
if (!values['no-save'] && !only) writeFileSync(results, `${JSON.stringify(found, null, 2)}\n`)
if (found.wrong.length > 0) process.exitCode = 1
