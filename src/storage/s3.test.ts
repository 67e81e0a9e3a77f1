import { appendFileSync, existsSync, readdirSync, readFileSync, truncateSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import { account, type ObjectServer, startS3, stubStorage } from '../../test/fixtures/s3-server.ts'
import { prepareDataset } from '../prepare/prepare.ts'
import { hashFile } from './file-hash.ts'
import { openObjects } from './s3.ts'

const rows = (from: number): string =>
  Array.from({ length: 60 }, (_, row) => `u${(row + from) % 9},i${(row * 7) % 20},${1_700_000_000 + from + row}`).join(
    '\n',
  )
const files = {
  'logs/2024/one.csv': `user,item,time\n${rows(0)}\n`,
  'logs/2024/two + ä.csv': `user,item,time\n${rows(60)}\n`,
  'logs/2025/three.csv': `user,item,time\n${rows(120)}\n`,
  'logs/2025/odd.csv': 'user,item,time\nu,i1,1700000000\nu,i1,never\n',
  'items.csv.gz': `id,title\n${Array.from({ length: 20 }, (_, item) => `i${item},Item ${item}`).join('\n')}\n`,
}
const mapping = 'events: { files: [LOGS/2024/*.csv, LOGS/2025/t*.csv] }\nitems: { files: ITEMS }\n'

describe('objects of S3-compatible storage', () => {
  const folder = temporaryFolder()
  let loose: ObjectServer
  let strict: ObjectServer
  beforeAll(async () => {
    vi.stubEnv('AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED', 'true')
    const objects = join(folder.path, 'objects')
    loose = await startS3(objects, false)
    strict = await startS3(objects, true)
    const credentials = { accessKeyId: account.AWS_ACCESS_KEY_ID, secretAccessKey: account.AWS_SECRET_ACCESS_KEY }
    const client = new S3Client({
      endpoint: strict.url,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials,
      requestChecksumCalculation: 'WHEN_REQUIRED',
    })
    for (const [Key, text] of Object.entries(files)) {
      const Body = Key.endsWith('.gz') ? gzipSync(text) : Buffer.from(text)
      await client.send(new PutObjectCommand({ Bucket: 'shop', Key, Body }))
    }
    client.destroy()
    folder.write(files)
    folder.write({
      'local.yaml': mapping.replaceAll('LOGS', 'logs').replace('ITEMS', 'items.csv.gz'),
      'remote.yaml': mapping.replaceAll('LOGS', 's3://shop/logs').replace('ITEMS', 's3://shop/items.csv.gz'),
    })
  })
  afterAll(async () => {
    await loose[Symbol.asyncDispose]()
    await strict[Symbol.asyncDispose]()
    folder[Symbol.dispose]()
  })
  beforeEach(() => stubStorage(loose))
  afterEach(() => {
    vi.unstubAllEnvs()
  })

  const at = (name: string): string => join(folder.path, name)
  const copied = async (address: string): Promise<string> => {
    using objects = await openObjects()
    const [found = ''] = await objects.find(address)
    const file = join(folder.path, `copy-${readdirSync(folder.path).length}`)
    await objects.copy(found, file)
    return readFileSync(file, 'utf8')
  }
  const refusal = (address: string): Promise<string> =>
    copied(address).then(
      () => 'none',
      (error: Error) => error.message,
    )

  it('are prepared to the bytes of the same files, and leave no copy', async () => {
    await prepareDataset({ mapping: at('local.yaml'), out: at('local') })
    await prepareDataset({ mapping: at('remote.yaml'), out: at('remote') })
    const names = readdirSync(at('local'))
    expect(readdirSync(at('remote'))).toEqual(names)
    const bytes = (folder: string): string[] =>
      names.filter((name) => name !== 'manifest.json').map((name) => readFileSync(at(`${folder}/${name}`), 'base64'))
    expect(bytes('remote')).toEqual(bytes('local'))
    expect(JSON.parse(readFileSync(at('remote/manifest.json'), 'utf8'))).toMatchObject({
      counts: { events: 180 },
      settings: { mapping: { items: { files: ['s3://shop/items.csv.gz'] } } },
    })
  })

  it('name a bad row by the name of the object, and may be named once', async () => {
    const prepared = (...events: string[]): Promise<unknown> => prepareDataset({ events, out: at('refused') })
    await expect(prepared('s3://shop/logs/2025/odd.csv')).rejects.toThrow(/^odd\.csv row 3, column "time": /)
    await expect(prepared('s3://shop/logs/2024/*', 's3://shop/logs/**one.csv')).rejects.toThrow(
      /one\.csv: duplicate: the file is named twice/,
    )
    expect(existsSync(at('refused'))).toBe(false)
  })

  it('are found by patterns, in order', async () => {
    using objects = await openObjects()
    const found = async (key: string): Promise<string[]> =>
      (await objects.find(`s3://shop/${key}`)).map((one) => one.replace('s3://shop/', ''))
    const [one, two] = ['logs/2024/one.csv', 'logs/2024/two + ä.csv']
    expect(await found('logs/2024/*.csv')).toEqual([one, two])
    expect(await found('logs/*/o??.csv')).toEqual([one, 'logs/2025/odd.csv'])
    expect(await found('logs/**/t*.csv')).toEqual([two, 'logs/2025/three.csv'])
    await expect(found('logs/*.csv')).rejects.toThrow('s3://shop/logs/*.csv: missing: no such object')
  })

  it('are put there from files, large ones in parts, and small ones written and read as texts', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_S3', strict.url)
    using objects = await openObjects()
    const small = folder.write({ 'put/small.bin': Buffer.from([0, 255, 10]) })
    // Two parts, the second of 5 bytes.
    const large = folder.write({ 'put/large.bin': 'first' })
    truncateSync(large, 2 ** 24)
    appendFileSync(large, 'last.')
    for (const file of [small, large]) {
      const copy = `${file}.copy`
      await objects.put('s3://shop/put/it', file)
      await objects.copy('s3://shop/put/it', copy)
      expect(await hashFile(copy)).toBe(await hashFile(file))
    }
    expect(await objects.read('s3://shop/put/text')).toBeUndefined()
    await objects.write('s3://shop/put/text', 'ä')
    expect(await objects.read('s3://shop/put/text')).toBe('ä')
  })

  it('that may not be put there are refused', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_S3', strict.url)
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'another')
    using objects = await openObjects()
    await expect(objects.put('s3://shop/a.csv', at('local.yaml'))).rejects.toThrow(
      's3://shop/a.csv: invalid: the server refuses: SignatureDoesNotMatch. the credentials must be right, and may write to the bucket',
    )
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', account.AWS_SECRET_ACCESS_KEY)
    using others = await openObjects()
    const noBucket = 's3://none/a: missing: the server has no such bucket'
    await expect(others.write('s3://none/a', 'text')).rejects.toThrow(noBucket)
    await expect(others.read('s3://none/a')).rejects.toThrow(noBucket)
  })

  it('are signed by the credentials of the environment', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_S3', strict.url)
    expect(await copied('s3://shop/logs/2024/two + ä.csv')).toBe(files['logs/2024/two + ä.csv'])
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'another')
    expect(await refusal('s3://shop/items.csv.gz')).toBe(
      's3://shop/items.csv.gz: invalid: the server refuses: SignatureDoesNotMatch. the credentials must be right, and may list and read the bucket',
    )
  })

  it.each([
    ['s3://shop/none.csv', 'missing: no such object'],
    ['s3://none/log.csv', 'missing: the server has no such bucket'],
    ['s3://none/*.csv', 'missing: the server has no such bucket'],
    ['s3://shop', 'invalid: no object, expected s3://BUCKET/KEY'],
  ])('that are not there are refused: %s', async (address, sentence) => {
    expect(await refusal(address)).toBe(`${address}: ${sentence}`)
  })

  it('need credentials, a server and the client', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_S3', 'http://127.0.0.1:1')
    expect(await refusal('s3://shop/a.csv')).toBe(
      's3://shop/a.csv: missing: no server answers (ECONNREFUSED). set AWS_ENDPOINT_URL_S3 for a storage other than that of AWS',
    )
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined)
    expect(await refusal('s3://shop/a.csv')).toBe(
      's3://shop/a.csv: missing: no credentials in the environment. set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE',
    )
    for (const none of [undefined, '']) {
      vi.stubEnv('AWS_ENDPOINT_URL_S3', none)
      vi.stubEnv('AWS_REGION', none)
      expect(await refusal('s3://shop/a.csv')).toMatch(/^s3:\/\/shop\/a\.csv: missing: no region\. set AWS_REGION/)
    }
    await expect(openObjects(() => Promise.reject(new Error('none')))).rejects.toThrow(
      's3://: missing: @aws-sdk/client-s3, expected it, for S3-compatible storage. install it: npm install @aws-sdk/client-s3@3.1175.0',
    )
  })

  it('of which only a part comes are refused', async () => {
    const server = createServer((_, answer) => {
      answer.writeHead(200, { 'content-length': '100' }).write('user,item')
      setTimeout(() => answer.destroy(), 50)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    vi.stubEnv('AWS_ENDPOINT_URL_S3', `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    expect(await refusal('s3://shop/a.csv')).toBe(
      's3://shop/a.csv: missing: the connection ended before all of it came. try again',
    )
    server.close()
  })
})
