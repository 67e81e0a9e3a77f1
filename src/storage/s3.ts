/** @file Objects of S3-compatible storage, found, copied to files and put there; the only importer of AWS's client. */
import { createWriteStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { S3Client } from '@aws-sdk/client-s3'
import { UserError } from '../errors.ts'

type Aws = typeof import('@aws-sdk/client-s3')

/** Where an object is. */
interface Place {
  readonly bucket: string
  /** The object's key, or a pattern of keys. */
  readonly key: string
}

/** Objects that can be asked for. */
export interface Objects extends Disposable {
  /**
   * The addresses of the objects that an address names, in order. In a key `*` stands for any letters within a folder,
   * `**` for any letters at all, and `?` for one.
   * @throws UserError `missing` where there is none, and as the server refuses
   */
  find(address: string): Promise<string[]>
  /**
   * Copies an object to a new file, bit by bit.
   * @throws UserError `missing` where there is none, or where not all of it came, and as the server refuses
   */
  copy(address: string, file: string): Promise<void>
  /** The text of a small object; undefined where there is none. @throws UserError as the server refuses */
  read(address: string): Promise<string | undefined>
  /** Puts a text there, in place of what was there. @throws UserError as the server refuses */
  write(address: string, text: string): Promise<void>
  /** Puts a file there; until all of it has come, what was there stays. @throws UserError as the server refuses */
  put(address: string, file: string): Promise<void>
}

/** Whether a path is an object's address. */
export const isObjectAddress = (path: string): boolean => /^s3:\/\//i.test(path)

/** How many milliseconds a server may take to accept a connection. */
const patience = 10_000
/** A larger file is put there in parts of so many bytes, each tried again by itself. An object has at most 10,000. */
const partBytes = 2 ** 24

/**
 * Opens the storage that AWS's variables of the environment, or its files, name: credentials, region, and the endpoint
 * of another storage than AWS's.
 * @throws UserError `missing` where the client is not installed
 */
export async function openObjects(load = (): Promise<Aws> => import('@aws-sdk/client-s3')): Promise<Objects> {
  // Its client says at every start that it will need another Node one day; which one it needs, its package says.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'
  const aws = await load().catch(() => {
    throw notInstalled()
  })
  // What is set to nothing counts as not set, as for AWS's own tools.
  const set = (name: string): string | undefined => process.env[name] || undefined
  const elsewhere = set('AWS_ENDPOINT_URL_S3') ?? set('AWS_ENDPOINT_URL')
  const client = new aws.S3Client({
    requestHandler: { connectionTimeout: patience },
    // What is put there is signed with its hash. Not every storage knows the client's own sums.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    // Other storages have no host for each bucket, and mostly no regions.
    ...(elsewhere !== undefined && { forcePathStyle: true, region: set('AWS_REGION') ?? 'us-east-1' }),
  })
  return {
    find: (address) => inOurWords(address, find(aws, client, address)),
    copy: (address, file) => inOurWords(address, copy(aws, client, address, file)),
    read: (address) => inOurWords(address, read(aws, client, address)).catch(undefinedWhereNone),
    write: (address, text) => inOurWords(address, write(aws, client, address, text), 'write to'),
    put: (address, file) => inOurWords(address, put(aws, client, address, file), 'write to'),
    [Symbol.dispose]: () => client.destroy(),
  }
}

async function find(aws: Aws, client: S3Client, address: string): Promise<string[]> {
  const { bucket, key } = placeOf(address)
  const wild = key.search(/[*?]/)
  if (wild === -1) return [address]
  const pattern = patternOf(key)
  const found: string[] = []
  for await (const { Contents = [] } of aws.paginateListObjectsV2(
    { client },
    { Bucket: bucket, Prefix: key.slice(0, wild) },
  ))
    for (const { Key = '' } of Contents) if (pattern.test(Key)) found.push(`s3://${bucket}/${Key}`)
  if (found.length === 0) throw noObject(address)
  return found
}

/** The keys that a pattern stands for. */
function patternOf(key: string): RegExp {
  const parts = key.split(/(\*\*|\*|\?)/).map((part) => {
    if (part === '**') return '.*'
    if (part === '*') return '[^/]*'
    return part === '?' ? '[^/]' : part.replace(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
  })
  return new RegExp(`^${parts.join('')}$`, 'su')
}

async function copy(aws: Aws, client: S3Client, address: string, file: string): Promise<void> {
  const { bucket, key } = placeOf(address)
  const { Body, ContentLength } = await client.send(new aws.GetObjectCommand({ Bucket: bucket, Key: key }))
  const out = createWriteStream(file, { flags: 'wx' })
  await pipeline(Body as Readable, out)
  if (ContentLength !== undefined && out.bytesWritten !== ContentLength) throw cutShort(address)
}

async function read(aws: Aws, client: S3Client, address: string): Promise<string> {
  const { bucket, key } = placeOf(address)
  const { Body } = await client.send(new aws.GetObjectCommand({ Bucket: bucket, Key: key }))
  return (await Body?.transformToString()) ?? ''
}

async function write(aws: Aws, client: S3Client, address: string, text: string): Promise<void> {
  const { bucket, key } = placeOf(address)
  await client.send(new aws.PutObjectCommand({ Bucket: bucket, Key: key, Body: text }))
}

async function put(aws: Aws, client: S3Client, address: string, file: string): Promise<void> {
  const { bucket, key } = placeOf(address)
  const object = { Bucket: bucket, Key: key }
  const opened = await open(file)
  try {
    if ((await opened.stat()).size <= partBytes)
      await client.send(new aws.PutObjectCommand({ ...object, Body: await opened.readFile() }))
    else await putParts(aws, client, object, opened)
  } finally {
    await opened.close()
  }
}

async function putParts(
  aws: Aws,
  client: S3Client,
  object: { readonly Bucket: string; readonly Key: string },
  file: FileHandle,
): Promise<void> {
  const { UploadId } = await client.send(new aws.CreateMultipartUploadCommand(object))
  const upload = { ...object, UploadId }
  try {
    const parts: { PartNumber: number; ETag: string | undefined }[] = []
    const buffer = Buffer.alloc(partBytes)
    for (let number = 1; ; number++) {
      const bytes = await filled(file, buffer)
      if (bytes.length === 0) break
      const { ETag } = await client.send(new aws.UploadPartCommand({ ...upload, PartNumber: number, Body: bytes }))
      parts.push({ PartNumber: number, ETag })
    }
    await client.send(new aws.CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: parts } }))
  } catch (error) {
    // Parts that are left would be paid for.
    await client.send(new aws.AbortMultipartUploadCommand(upload)).catch(() => undefined)
    throw error
  }
}

/** The next bytes of a file, as many as a buffer holds or are left. */
async function filled(file: FileHandle, buffer: Buffer): Promise<Buffer> {
  let length = 0
  while (length < buffer.length) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return buffer.subarray(0, length)
}

/** @throws UserError `invalid` for an address without a bucket or a key */
function placeOf(address: string): Place {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.+)$/is.exec(address) ?? []
  if (bucket !== undefined && key !== undefined) return { bucket, key }
  throw new UserError({ where: address, problem: 'invalid', value: 'no object', expected: 's3://BUCKET/KEY' })
}

/** What is used of an error of the client, of the server or of the connection. */
interface Failure {
  readonly name?: string
  readonly code?: string
  readonly message?: string
  readonly $metadata?: { readonly httpStatusCode?: number }
}

/** What credentials must allow. */
type Rights = 'list and read' | 'write to'

async function inOurWords<T>(where: string, work: Promise<T>, rights: Rights = 'list and read'): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw refusalOf(where, error, rights) ?? error
  }
}

/** Whether an error says that there is no such object, in a bucket that there is. */
export const isNoObject = (error: unknown): boolean => error instanceof UserError && error.parts.value === noSuchObject

function undefinedWhereNone(error: unknown): undefined {
  if (!isNoObject(error)) throw error
}

function refusalOf(where: string, error: unknown, rights: Rights): UserError | undefined {
  if (error instanceof UserError) return undefined
  const { name = '', code = '', message = '', $metadata } = error as Failure
  const endpoint = 'set AWS_ENDPOINT_URL_S3 for a storage other than that of AWS'
  if (code === 'ENOSPC')
    return new UserError({ where: 'disk', problem: 'invalid', value: 'no space left on the device' })
  if (name === 'NoSuchBucket')
    return new UserError({ where, problem: 'missing', value: 'the server has no such bucket' })
  if ($metadata?.httpStatusCode === 404) return noObject(where)
  if (name === 'CredentialsProviderError') {
    const hint = 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE'
    return new UserError({ where, problem: 'missing', value: 'no credentials in the environment', hint })
  }
  if (/region/i.test(message) && $metadata === undefined)
    return new UserError({ where, problem: 'missing', value: 'no region', hint: `set AWS_REGION; ${endpoint}` })
  if ($metadata?.httpStatusCode === 403 || $metadata?.httpStatusCode === 401) {
    const hint = `the credentials must be right, and may ${rights} the bucket`
    return new UserError({ where, problem: 'invalid', value: `the server refuses: ${name}`, hint })
  }
  if (code === 'ECONNRESET' || message === 'aborted') return cutShort(where)
  if ($metadata?.httpStatusCode !== undefined)
    return new UserError({ where, problem: 'invalid', value: `the server says: ${message || name}` })
  if (code === '' && name !== 'TimeoutError') return undefined
  return new UserError({ where, problem: 'missing', value: `no server answers (${code || name})`, hint: endpoint })
}

const noSuchObject = 'no such object'
const noObject = (where: string): UserError => new UserError({ where, problem: 'missing', value: noSuchObject })

const cutShort = (where: string): UserError =>
  new UserError({ where, problem: 'missing', value: 'the connection ended before all of it came', hint: 'try again' })

const notInstalled = (): UserError =>
  new UserError({
    where: 's3://',
    problem: 'missing',
    value: '@aws-sdk/client-s3',
    expected: 'it, for S3-compatible storage',
    hint: 'install it: npm install @aws-sdk/client-s3@3.1175.0',
  })
