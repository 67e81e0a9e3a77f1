/** @file Reads a small YAML file as plain values, however it was written. */
import { readFileSync } from 'node:fs'
import { parseDocument } from 'yaml'
import { UserError } from '../errors.ts'
import { regularFile } from './regular-file.ts'

/** No settings are near either; a log given by mistake is over the first, an alias within itself over the second. */
const most = { bytes: 1_000_000, depth: 12, values: 100_000 }

/**
 * The values of a YAML file; an empty file is an empty map.
 * @param what the file is, for the error without it
 * @throws UserError `missing` without the file, `invalid` for what is no small file, `corrupted` when it is not YAML
 */
export function readYaml(path: string, what = 'the file'): unknown {
  const document = parseDocument(readText(path, what), { logLevel: 'error' })
  const [problem] = [...document.errors, ...document.warnings]
  if (problem) {
    // The parser names the line at the end of its reason, where a long one would be cut.
    const line = problem.linePos?.[0].line
    const reason = problem.message.replace(/ at line \d+, column \d+:?/, '')
    throw corrupted(line === undefined ? path : `${path} line ${line}`, reason)
  }
  const values = plainValues(document, path)
  refuseDepth(values, path)
  return values ?? {}
}

function plainValues(document: ReturnType<typeof parseDocument>, path: string): unknown {
  try {
    return document.toJS()
  } catch (error) {
    throw corrupted(path, (error as Error).message)
  }
}

function readText(path: string, what: string): string {
  const { size } = regularFile(path, { missing: what, expected: 'a YAML file' })
  const refuse = (value: string, expected: string): UserError =>
    new UserError({ where: path, problem: 'invalid', value, expected })
  if (size > most.bytes) throw refuse(`a file of ${(size / 1e6).toFixed(1)} MB`, 'a file of at most 1 MB')
  let bytes: Uint8Array
  try {
    bytes = readFileSync(path)
  } catch (error) {
    throw refuse(`it cannot be read (${(error as NodeJS.ErrnoException).code})`, 'a readable file')
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw corrupted(path, 'it is not text in UTF-8')
  }
}

/** The parser's reason in one line; it tells of depth as of a full stack, and of aliases as of an attack. */
function corrupted(path: string, message: string): UserError {
  const [line = ''] = message.split('\n')
  const value = /call stack/.test(line)
    ? 'it is nested too deeply'
    : /alias count/i.test(line)
      ? 'its aliases stand for too many values'
      : line.replace(/:$/, '')
  return new UserError({ where: path, problem: 'corrupted', value, expected: 'a YAML file' })
}

/** Level by level, since an alias within itself has no end. */
function refuseDepth(values: unknown, path: string): void {
  let level = [values]
  for (let depth = 0, count = 0; level.length > 0; depth++, count += level.length) {
    if (depth > most.depth || count > most.values) throw corrupted(path, 'call stack')
    level = level.filter((value) => typeof value === 'object' && value !== null)
    // The checks of a mapping would not see such a key, since objects hide it.
    if (level.some((value) => Object.hasOwn(value as object, '__proto__')))
      throw new UserError({ where: path, problem: 'unknown', value: '"__proto__"', expected: 'a known key' })
    level = level.flatMap((value) => Object.values(value as object))
  }
}
