/** @file Labelled impressions: each row of a log, with labels of 0 and 1 from its columns. */
import { basename } from 'node:path'
import { UserError } from '../../errors.ts'
import { type Database, identifier } from '../../storage/duckdb.ts'
import type { Mapping } from '../mapping.ts'
import { conditionSql, type KeptColumns, numberChecks, readConditions } from './conditions.ts'
import { type LogFiles, needColumn } from './log-files.ts'
import type { RecordCheck } from './records.ts'
import type { RawTables } from './source.ts'

interface Label {
  readonly name: string
  /** An SQL condition over `raw_log`, never NULL. */
  readonly sql: string
  /** The column or condition that the mapping names. */
  readonly from: string
  readonly checks: readonly RecordCheck[]
}

/**
 * The labels of a mapping over a log. The columns that they read are added to `kept`.
 * @throws UserError `missing` for a column that does not exist, `invalid` for a condition that cannot be read
 */
export function impressionLabels({ impressions }: Mapping, log: LogFiles, kept: KeptColumns): Label[] {
  return Object.entries(impressions.labels).map(([name, from]) => {
    if (/[<>=!]/.test(from) && !log.columns.has(from)) {
      const conditions = readConditions(`label "${name}"`, from, log)
      const sql = conditions.map((condition) => conditionSql(condition, kept)).join(' AND ')
      return { name, from, sql: `coalesce(${sql}, false)`, checks: numberChecks(conditions, kept) }
    }
    const column = needColumn(log, from, [], `impressions.labels.${name}`)
    const number = `TRY_CAST(${kept.alias(column)} AS DOUBLE)`
    const bad = `${number} IS NULL OR ${number} NOT IN (0, 1)`
    return {
      name,
      from,
      sql: `${number} = 1`,
      checks: [{ column, bad, value: kept.alias(column), problem: 'invalid', expected: '0 or 1' }],
    }
  })
}

interface ImpressionLog {
  readonly files: LogFiles
  /** The SQL of a record's time. */
  readonly time: string
  /** Whether the labels are the source's own; then a label with a single class is left out without an error. */
  readonly preset: boolean
  readonly report: (line: string) => void
}

/**
 * Makes the view `raw_impressions` of `raw_log`.
 * @throws UserError `invalid` for a label of the user's mapping that is the same in all impressions
 */
export async function addImpressions(
  db: Database,
  labels: readonly Label[],
  log: ImpressionLog,
): Promise<Pick<RawTables, 'impressionLabels'>> {
  if (labels.length === 0) return {}
  const sums = labels.map(({ sql }, index) => `count(*) FILTER (WHERE ${sql}) AS n${index}`)
  const [counts = {}] = await db.rows<Record<string, number>>(
    `SELECT count(*) AS total, ${sums.join(', ')} FROM raw_log`,
  )
  const { total = 0 } = counts
  const told = labels.filter((label, index) => {
    const ones = counts[`n${index}`] as number
    if (total === 0 || (ones > 0 && ones < total)) return true
    refuseOneClass(label, { total, value: ones > 0 ? 1 : 0 }, log)
    return false
  })
  if (told.length === 0) return {}
  const columns = told.map(({ name, sql }) => `CAST(${sql} AS UTINYINT) AS ${identifier(`label_${name}`)}`)
  await db.run(
    `CREATE VIEW raw_impressions AS SELECT user, item, ${log.time} AS time, rowid AS row, ${columns.join(', ')} FROM raw_log`,
  )
  return { impressionLabels: told.map(({ name }) => name) }
}

function refuseOneClass(
  { name, from }: Label,
  found: { total: number; value: number },
  { files, preset, report }: ImpressionLog,
): void {
  const value = `label ${name} is ${found.value} in all ${found.total} impressions`
  if (preset) {
    report(`left out: ${value}`)
    return
  }
  const [first = '', ...others] = files.files.map((file) => basename(file))
  const where = `${first}${others.length > 0 ? ` and ${others.length} more` : ''}, ${files.columns.has(from) ? `column "${from}"` : from}`
  throw new UserError({ where, problem: 'invalid', value, expected: 'both 0 and 1 among the impressions' })
}
