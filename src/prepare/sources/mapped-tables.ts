/** @file Reads a log and an item table whose columns a mapping names. */
import { UserError } from '../../errors.ts'
import { behaviorNames, checkMapping, type MappingInput, mergeMappings } from '../mapping.ts'
import { behaviorRules } from './behavior-rules.ts'
import { keptColumns } from './conditions.ts'
import { foreseeMemory } from './foresee.ts'
import { addImpressions, impressionLabels } from './impression-labels.ts'
import { readItemTable } from './item-table.ts'
import { fileColumn, findColumn, itemNames, type LogFiles, needColumn } from './log-files.ts'
import { openRows } from './named-rows.ts'
import { makeTable } from './raw-table.ts'
import { checkRecords, idChecks, placeOf } from './records.ts'
import type { RawTables, SourceRequest } from './source.ts'
import { splitCells } from './split-cells.ts'
import { warnOfGaps } from './time-gaps.ts'
import { readTimes, timeRule } from './time-rule.ts'
import { readUserTable, userNames } from './user-table.ts'

const timeNames = ['time', 'timestamp', 'time_ms', 'vtime', 'date', 'unixReviewTime']
const behaviorColumnNames = ['behavior', 'action', 'event']

/**
 * Reads a log by its mapping.
 * @param known the source's own mapping of its files; the user's mapping wins over it
 * @throws UserError naming file, row and column for a missing column, an empty id, an odd time or number, an unknown
 * behavior
 */
export async function mappedTables(request: SourceRequest, known: MappingInput = {}): Promise<RawTables> {
  const { db, report } = request
  const written = mergeMappings(known, request.mapping)
  const mapping = checkMapping(written, request.mappingName)
  const log = await openRows(request, mapping, 'events')
  if (log === undefined)
    throw new UserError({
      where: 'events',
      problem: 'missing',
      value: 'no file was given',
      hint: 'name it with --events',
    })
  const time = timeColumn(log, mapping.events.time, mapping.events.timeUnit)
  const behavior = findColumn(log, mapping.events.behavior, behaviorColumnNames)
  if (mapping.events.behavior !== undefined) needColumn(log, mapping.events.behavior, [], 'events.behavior')
  const further = keptColumns(log)
  const rules = behaviorRules(mapping, { log, kept: further, column: behavior })
  const labels = impressionLabels(mapping, log, further)
  const read = (name: string): string => log.columns.get(name) as string
  const user = needColumn(log, mapping.events.user, userNames, 'events.user')
  const item = needColumn(log, mapping.events.item, itemNames, 'events.item')
  const kept = [
    `${log.readId(user)} AS user`,
    `${mapping.events.split === undefined ? log.readId(item) : read(item)} AS item`,
    ...(time ? [`${read(time)} AS time`] : []),
    ...(behavior === undefined ? [] : [`${read(behavior)} AS behavior`]),
    ...further.selects(),
  ]
  await foreseeMemory(request, mapping, { files: log.files, kept, scan: log.scan, events: rules.select('0') })
  const { split } = mapping.events
  const records = split === undefined ? 'raw_log' : 'raw_cells'
  await makeTable(db, records, `SELECT ${kept.join(', ')}${fileColumn(log)} FROM ${log.scan}`, [log])
  const eventPlace = split === undefined ? placeOf(db, records, log) : await splitCells(db, split, { log, time })
  await checkRecords(
    db,
    [...idChecks(user, 'user'), ...idChecks(item, 'item'), ...rules.checks, ...labels.flatMap(({ checks }) => checks)],
    { table: 'raw_log', place: eventPlace },
  )
  const times = { column: time, mappingName: request.mappingName, place: eventPlace }
  const rule = await timeRule(db, mapping.events, times)
  if (rule.note) report(rule.note)
  const clock = await readTimes(db, rule, times, { filter: mapping.filters.oddTimes, report })
  if (mapping.events.timeUnit !== 'order') await warnOfGaps(db, clock, times, report)
  await db.run(`CREATE VIEW raw_events AS ${rules.select(clock)}`)
  const preset = request.mapping.impressions?.labels === undefined
  const impressions = await addImpressions(db, labels, { files: log, time: clock, preset, report })
  const items = await readItemTable(request, mapping, item)
  const users = await readUserTable(request, mapping, user)
  const behaviors = behaviorNames(mapping)
  return {
    behaviors,
    target: mapping.target ?? (behaviors.at(-1) as string),
    time: mapping.events.timeUnit === 'order' ? 'order' : 'milliseconds',
    ownSplit: false,
    mapping,
    chosenFilters: Object.keys(written.filters ?? {}),
    eventPlace,
    ...impressions,
    ...items,
    ...users,
  }
}

/** The column of times; not needed if the log has only an order. */
function timeColumn(log: LogFiles, configured: string | undefined, unit: string): string | undefined {
  if (unit === 'order' && configured === undefined) return undefined
  return needColumn(log, configured, timeNames, 'events.time')
}
