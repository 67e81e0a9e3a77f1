import { describe, expect, it } from 'vitest'
import { eventLines, prepareFiles } from '../../../test/fixtures/prepared-files.ts'
import type { MappingInput } from '../mapping.ts'

const start = 1_700_000_000

/** A log of one user whose times are given; row 2 of the file is the first. */
function logOf(times: readonly (number | string)[]): string {
  return `user,item,time\n${times.map((time, at) => `u,i${at},${time}\n`).join('')}`
}

/** Seconds, with other times put among them. */
function seconds(count: number, others: readonly (number | string)[] = []): (number | string)[] {
  return [...Array.from({ length: count }, (_, at) => start + at), ...others]
}

const prepared = (times: readonly (number | string)[], mapping: MappingInput = {}, lines: string[] = []) =>
  prepareFiles({ 'log.csv': logOf(times) }, { events: 'log.csv', mapping, report: (line) => lines.push(line) })

describe('one odd time', () => {
  const odd = [
    1_700_000_000_000,
    '1700000000000000',
    '1e308',
    'nan',
    '-1',
    4_102_444_800,
    '2024-01-31 18:05:00',
    'soon',
    '',
  ]

  it.each(odd)('"%s" among seconds is refused by row, and changes no other', async (time) => {
    await expect(prepared(seconds(200, [time, time]))).rejects.toThrow(
      new RegExp(
        `^log\\.csv row 202, column "time": invalid: ${time === '' ? 'nothing' : `"${time}"`}, and 1 of 202 rows more, expected a number of seconds since 1970, before 2100\\. correct them, or drop such rows with filters\\.oddTimes: drop in the mapping$`,
      ),
    )
  })

  it.each(odd)('"%s" is refused where the mapping says seconds', async (time) => {
    await expect(prepared([start, time, start], { events: { timeUnit: 'seconds' } })).rejects.toThrow(
      /^log\.csv row 3, column "time": invalid: .*, expected a number of seconds since 1970, before 2100/,
    )
  })

  it('among texts is refused too, by a pattern or without', async () => {
    await expect(prepared(['2024-01-31', '1924-01-31'], { events: { timeUnit: 'text' } })).rejects.toThrow(
      /row 3, column "time": invalid: "1924-01-31", expected a time like 2024-01-31 18:05:00, before 2100/,
    )
    await expect(prepared(['31/01/24', '24-01-31'], { events: { timeFormat: '%d/%m/%y' } })).rejects.toThrow(
      /row 3, column "time": invalid: "24-01-31", expected a time like %d\/%m\/%y, before 2100/,
    )
  })

  it('is dropped where asked, told and counted with its impression', async () => {
    const lines: string[] = []
    const log = `user,item,time,clicked\nu,a,${start},1\nu,x,${start}000,1\nu,b,${start + 1},0\nw,y,soon,0\n`
    const dataset = await prepareFiles(
      { 'log.csv': log },
      {
        events: 'log.csv',
        mapping: {
          events: { timeUnit: 'seconds' },
          filters: { oddTimes: 'drop' },
          impressions: { labels: { click: 'clicked' } },
        },
        report: (line) => lines.push(line),
      },
    )
    expect(eventLines(dataset)).toEqual([`u a click ${start}000`, `u b click ${start + 1}000`])
    expect(dataset.impressions?.time).toEqual(Float64Array.of(start * 1000, start * 1000 + 1000))
    expect(dataset.catalog.ids).toEqual(['', 'a', 'b'])
    expect(dataset.manifest.dropped).toEqual([{ filter: 'odd times', events: 2, users: 1, items: 2 }])
    expect(lines).toContain(
      `odd times: 2 of 4 rows are dropped, the first is log.csv row 3, column "time": "${start}000"`,
    )
    await expect(
      prepared([-1, -2], { events: { timeUnit: 'seconds' }, filters: { oddTimes: 'drop' } }),
    ).rejects.toThrow(/row 2, column "time": invalid: "-1", and 1 of 2 rows more, .*check events\.time/)
  })
})

describe('the unit of times', () => {
  it.each([
    ['seconds', start],
    ['milliseconds', start * 1e3],
    ['microseconds', start * 1e6],
    ['seconds', 1],
    ['seconds', 1000],
  ] as const)('is %s where 99 %% look so', async (unit, time) => {
    const lines: string[] = []
    await prepared([...Array.from({ length: 99 }, () => time), -1], { filters: { oddTimes: 'drop' } }, lines)
    expect(lines).toContain(`times in column "time" read as ${unit} since 1970`)
  })

  it('is asked for where the values do not agree', async () => {
    await expect(prepared(seconds(3, [start * 1000]))).rejects.toThrow(
      /^log\.csv row 5, column "time": mismatched: "1700000000000" looks like milliseconds, but 3 of 4 times like seconds, expected one unit in 99 % of the rows\. say which with events\.timeUnit in the mapping$/,
    )
    await expect(prepared([start, start, '2024-01-31'])).rejects.toThrow(/"2024-01-31" looks like text/)
  })

  it.each([
    [['20240131', '20240201'], /row 2, column "time": unsupported: "20240131", .*events\.timeFormat to '%Y%m%d'/],
    [['1700000000000000000'], /row 2, column "time": unsupported: "1700000000000000000", .*events\.timeUnit to order/],
  ])('is none of ours in %j', async (times, sentence) => {
    await expect(prepared(times)).rejects.toThrow(sentence)
  })

  it.each(['%Q', '', '%d/%m/%Y %'])('by the pattern "%s" cannot be read', async (timeFormat) => {
    await expect(prepared(['2024-01-31'], { events: { timeFormat } })).rejects.toThrow(
      new RegExp(`^mapping events\\.timeFormat: invalid: "${timeFormat}", expected a pattern of strptime's letters`),
    )
  })
})

describe('a jump of years', () => {
  const warnings = async (times: readonly number[]): Promise<string[]> => {
    const lines: string[] = []
    await prepared(times, { events: { timeUnit: 'seconds' } }, lines)
    return lines.filter((line) => line.startsWith('warning: '))
  }
  const year = 365.25 * 24 * 3600

  it('before or after nearly all times is a warning that names the farthest row', async () => {
    const times = Array.from({ length: 300 }, (_, at) => start + at)
    expect(await warnings([...times, start - 3 * year, 0])).toEqual([
      'warning: 2 of 302 times are 3.0 years before all others; the first in log.csv row 303, column "time" is "0" (1970-01-01)',
    ])
    expect(await warnings([start + 2 * year + 300, ...times, 1])).toEqual([
      'warning: 1 of 302 times is 53.9 years before all others; the first in log.csv row 303, column "time" is "1" (1970-01-01)',
      'warning: 1 of 302 times is 2.0 years after all others; the last in log.csv row 2, column "time" is "1763115500" (2025-11-14)',
    ])
  })

  it('is none where more lies on both sides, or the years between are fewer', async () => {
    const times = Array.from({ length: 100 }, (_, at) => start + at)
    expect(await warnings([...times, start - 3 * year, start - 3.5 * year])).toEqual([])
    expect(await warnings([...times, start - 1.9 * year])).toEqual([])
    expect(await warnings([start, start - 3 * year])).toEqual([])
  })
})
