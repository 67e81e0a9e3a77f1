/** @file Which question a dataset is asked: what the mapping says, or what the data call for. */
import { readEvents } from '../dataset/load.ts'
import { chosenQuestion, refuseOrder } from '../dataset/questions.ts'
import type { Manifest } from '../dataset/schema.ts'
import type { Database } from '../storage/duckdb.ts'
import type { Mapping } from './mapping.ts'

/**
 * The question of a dataset whose tables are written, as the manifest has it.
 * @throws UserError `unsupported` for discovery without times
 */
export async function askedQuestion(
  db: Database,
  manifest: Manifest,
  { folder, mapping, report }: { folder: string; mapping: Mapping; report: (line: string) => void },
): Promise<Pick<Manifest, 'question' | 'idleMinutes'>> {
  const { candidates, idleMinutes } = mapping
  if (mapping.question === 'auto' && candidates !== undefined) return {}
  if (mapping.question === 'discovery') refuseOrder(manifest)
  const { question, told } =
    mapping.question === 'auto'
      ? chosenQuestion({ manifest, events: await readEvents(db, folder, manifest) }, idleMinutes)
      : { question: mapping.question }
  if (told !== undefined) report(told)
  return question === undefined ? {} : { question, ...(question === 'discovery' && { idleMinutes }) }
}
