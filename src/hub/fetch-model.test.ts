import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { partialOf } from '../storage/atomic.ts'
import { type FetchOptions, fetchModel } from './fetch-model.ts'
import { modelFolderOf, readHubModel } from './model-name.ts'

const place = mkdtempSync(join(tmpdir(), 'siftrec-hub-'))
const revision = 'a1'.repeat(20)
const source = 'test/fixtures/tiny-clip'
const served = ['config.json', 'tokenizer.json', 'onnx/vision_model.onnx', 'onnx/text_model.onnx', 'expected.json']
const hashed = (kind: string, ...parts: (string | Uint8Array)[]): string =>
  parts.reduce((hash, part) => hash.update(part), createHash(kind)).digest('hex')

const isCopy = (folder: string, path: string): boolean =>
  readFileSync(join(folder, path)).equals(readFileSync(join(source, path)))

/** How a hub of ours misbehaves. */
interface Manners {
  /** Hangs up after so many bytes of an answer. */
  readonly hangsUpAfter?: number
  /** Sends one other byte. */
  readonly lies?: boolean
  /** Does not know ranges. */
  readonly rangeless?: boolean
  /** Answers nothing after the first bytes. */
  readonly silent?: boolean
  readonly wants?: string
}

let servers: Server[] = []
afterEach(() => {
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
  servers = []
})
afterAll(() => rmSync(place, { recursive: true, force: true }))

/** A hub that lists its files in two pages, and leads to another server for their bytes. */
async function hub(manners: Manners = {}) {
  const asked: string[] = []
  const listed = served.map((path) => {
    const bytes = readFileSync(join(source, path))
    const lfs = path.endsWith('.onnx') ? { lfs: { oid: hashed('sha256', bytes), size: bytes.length } } : {}
    return {
      type: 'file',
      path,
      size: lfs.lfs ? 130 : bytes.length,
      oid: hashed('sha1', `blob ${bytes.length}\0`, bytes),
      ...lfs,
    }
  })
  const bytesServer = await listen((request, response) => {
    asked.push(`bytes ${request.headers.authorization ?? 'no token'}`)
    const bytes = Buffer.from(readFileSync(join(source, (request.url as string).slice(1))))
    if (manners.lies) bytes[9]! ^= 1
    const wanted = manners.rangeless ? 0 : Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
    response.writeHead(wanted > 0 ? 206 : 200, { 'content-length': bytes.length - wanted })
    const end = wanted + (manners.hangsUpAfter ?? Infinity)
    response.write(bytes.subarray(wanted, end), () => {
      if (manners.silent) return
      if (end < bytes.length) void turns(100).then(() => response.socket?.destroy())
      else response.end()
    })
  })
  const address = await listen((request, response) => {
    const url = new URL(request.url as string, 'http://x')
    asked.push(`${url.pathname} ${request.headers.authorization ?? 'no token'}`)
    if (manners.wants !== undefined && request.headers.authorization !== `Bearer ${manners.wants}`)
      return response.writeHead(401).end()
    if (url.pathname === `/api/models/a/tiny/tree/${revision}`) {
      const second = url.searchParams.has('cursor')
      if (!second) response.setHeader('link', `<${address}${url.pathname}?recursive=true&cursor=2>; rel="next"`)
      return response.end(JSON.stringify(second ? listed.slice(3) : listed.slice(0, 3)))
    }
    const [, path] = url.pathname.split(`/a/tiny/resolve/${revision}/`)
    if (path === undefined) return response.writeHead(404).end()
    return response.writeHead(302, { location: `${bytesServer}/${path}` }).end()
  })
  return { address, asked }
}

/** Waits for so many turns of the event loop: on a busy machine a client has read by then, whatever the clock says. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

async function listen(answer: Parameters<typeof createServer>[1] & object): Promise<string> {
  const server = createServer(answer as never).listen(0, '127.0.0.1')
  servers.push(server)
  await new Promise((resolve) => server.once('listening', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function fetched(name: string, manners: Manners = {}, options: Partial<FetchOptions> = {}) {
  const { address, asked } = await hub(manners)
  const lines: string[] = []
  const given = { model: `a/tiny@${revision}`, endpoint: address, models: join(place, name), ...options }
  const folder = await fetchModel({ ...given, report: (line) => lines.push(line) })
  return { folder, lines, asked }
}

describe('fetching a model', () => {
  it('goes on where the server hung up, and keeps what an encoder reads, each file whole', async () => {
    const { folder, lines, asked } = await fetched('broken', { hangsUpAfter: 30_000 })
    expect(folder).toBe(join(place, 'broken/a/tiny', revision))
    for (const path of served.slice(0, 4)) expect(isCopy(folder, path)).toBe(true)
    expect(existsSync(join(folder, 'expected.json'))).toBe(false)
    expect(readdirSync(folder).sort()).toEqual(['config.json', 'onnx', 'siftrec-model.json', 'tokenizer.json'])
    expect(lines.filter((line) => line.includes('trying again')).length).toBeGreaterThan(5)
    expect(asked.filter((line) => line.startsWith('bytes')).length).toBeGreaterThan(8)
    const again = await fetched('broken')
    expect(again.asked.filter((line) => line.startsWith('bytes'))).toEqual([])
    expect(modelFolderOf(`a/tiny@${revision}`, join(place, 'broken'))).toBe(folder)
  })

  it('goes on after a kill, also from a server that knows no ranges', async () => {
    const { folder } = await fetched('killed')
    const [whole, partial] = [join(folder, 'onnx/text_model.onnx'), partialOf(join(folder, 'onnx/text_model.onnx'))]
    const bytes = readFileSync(whole)
    for (const rangeless of [false, true]) {
      rmSync(whole)
      writeFileSync(partial, bytes.subarray(0, 1000))
      await fetched('killed', { rangeless })
      expect(isCopy(folder, 'onnx/text_model.onnx')).toBe(true)
      expect(existsSync(partial)).toBe(false)
    }
  })

  it('fetches a file again that is not as it was', async () => {
    const { folder } = await fetched('changed')
    writeFileSync(join(folder, 'config.json'), '{}')
    await fetched('changed')
    expect(isCopy(folder, 'config.json')).toBe(true)
  })

  it('refuses other bytes than the hub promises, and keeps none of them', async () => {
    await expect(fetched('lied', { lies: true })).rejects.toThrow(/^config\.json: corrupted: other bytes came/)
    expect(readdirSync(join(place, 'lied/a/tiny', revision))).toEqual([])
  })

  it('gives up on a server that sends nothing more, and says how to go on', async () => {
    const manners = { silent: true, hangsUpAfter: 0 }
    await expect(fetched('silent', manners, { patience: 1000, tries: 1 })).rejects.toThrow(
      /^config\.json: missing: nothing came for 1 s, 0 of \d+ bytes are here\. run the command again/,
    )
  })

  it('sends the token to the hub and to nobody that it leads to', async () => {
    const { asked } = await fetched('token', { wants: 'secret' }, { token: 'secret' })
    const [ofHub, ofBytes] = [false, true].map((bytes) => asked.filter((line) => line.startsWith('bytes') === bytes))
    expect(ofHub!.every((line) => line.endsWith('Bearer secret'))).toBe(true)
    expect(new Set(ofBytes)).toEqual(new Set(['bytes no token']))
    await expect(fetched('token', { wants: 'secret' })).rejects.toThrow(/the server answered 401\. it wants a token/)
  })

  it.each<[Partial<FetchOptions>, RegExp]>([
    [{ model: 'a/tiny@main' }, /^model a\/tiny: invalid: revision "main", expected a commit of 40 hexadecimal digits/],
    [{ model: 'tiny' }, /^model: invalid: "tiny", expected OWNER\/NAME@REVISION/],
    [{ model: `../x/y@${revision}` }, /^model: invalid/],
    [{ model: `a/other@${revision}` }, /missing: the server answered 404\. check the name of the model/],
    [
      { precision: 'quantized' },
      /^model a\/tiny: missing: its weights \(quantized\), expected onnx\/vision_model_quantized/,
    ],
    [{ endpoint: 'ftp://x' }, /^--endpoint: invalid: "ftp:\/\/x", expected an address/],
    [{ endpoint: 'http://hub.example', token: 'x' }, /^--endpoint: invalid: .* with a token, expected https/],
    [{ endpoint: 'http://127.0.0.1:9' }, /no answer \(/],
  ])('refuses %j', async (options, message) => {
    await expect(fetched('refused', {}, options)).rejects.toThrow(message)
  })

  it('reads names with dots and dashes', () => {
    expect(readHubModel(`some-one/clip.B_32-q@${revision}`)).toEqual({ id: 'some-one/clip.B_32-q', revision })
  })
})
