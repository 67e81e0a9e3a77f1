/** @file A process that reads fuzz cases: what it is sent is a kind and a seed, what it answers is a verdict. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mixSeed, randomStream } from '../../../src/random/stream.ts'
import { type CaseMaker, judge } from './case.ts'
import { delimited, jsonLines, parquet } from './logs.ts'
import { json, pictures, vectors, yaml } from './others.ts'

const makers: Readonly<Record<string, CaseMaker>> = {
  'CSV and TSV': delimited,
  'JSON lines': jsonLines,
  Parquet: parquet,
  YAML: yaml,
  safetensors: vectors,
  JSON: json,
  pictures,
}

process.on('message', ({ kind, seed, at }: { kind: string; seed: number; at: number }) => {
  const folder = mkdtempSync(join(tmpdir(), 'siftrec-fuzz-'))
  const work = async (): Promise<void> => {
    try {
      const made = await (makers[kind] as CaseMaker)(randomStream(mixSeed(seed, kind, at)))
      process.send?.(await judge(made, folder))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
  void work().catch((error: unknown) =>
    process.send?.({ outcome: 'wrong', detail: `the suite itself: ${String(error)}` }),
  )
})
process.send?.('ready')
