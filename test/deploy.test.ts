import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { createProgram } from '../src/cli/program.ts'

const dockerfile = readFileSync('Dockerfile', 'utf8')
const ignored = readFileSync('.dockerignore', 'utf8').split('\n')

describe('the image', () => {
  it('is built from files that there are and that are not left out', () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, files = '']) => files.split(' '))
    expect(copied).toContain('package-lock.json')
    expect(copied.filter((file) => !existsSync(file) || ignored.includes(file))).toEqual([])
    for (const kept of ['src', 'bin', 'page', 'tsconfig.build.json']) expect(ignored).not.toContain(kept)
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { build: string } }
    const run = [...scripts.build.matchAll(/(\w+)\/[\w./-]+\.ts/g)].map(([, folder = '']) => folder)
    expect(run).toContain('tools')
    expect(run.filter((folder) => ignored.includes(folder))).toEqual([])
    for (const kept of ['node_modules', 'data', 'runs', '*.keys']) expect(ignored).toContain(kept)
  })

  it('runs as nobody in particular, gets signals itself and is asked for its health', () => {
    const [last = ''] = dockerfile.split(/^FROM /m).toReversed()
    expect(last).toMatch(/^USER node$/m)
    expect(last).toMatch(/^ENTRYPOINT \["node", /m)
    expect(last).toMatch(/HEALTHCHECK .*\n.*127\.0\.0\.1:8080\/healthz/)
  })

  it('has no install script run, which would look for files elsewhere', () => {
    for (const [command] of dockerfile.matchAll(/npm (ci|prune)[^&\n]*/g)) expect(command).toContain('--ignore-scripts')
  })
})

describe('the compose file of docs/deploy.md', () => {
  const [, text = ''] = /^```yaml\n(.*?)^```$/ms.exec(readFileSync('docs/deploy.md', 'utf8')) ?? []
  const { services, secrets, volumes } = parse(text) as {
    services: Record<string, { command: string[]; depends_on?: object; secrets?: string[] }>
    secrets: object
    volumes: object
  }

  it('keeps what Redis acknowledged', () => {
    expect(services['redis']?.command.join(' ')).toContain('--appendonly yes --appendfsync always')
  })

  it('names services, volumes, secrets and flags that there are', async () => {
    const { command = [], depends_on = {}, secrets: used = [] } = services['siftrec'] ?? {}
    expect(Object.keys(services)).toEqual(expect.arrayContaining(Object.keys(depends_on)))
    expect(Object.keys(secrets)).toEqual(used)
    for (const volume of Object.keys(volumes)) expect(text).toContain(`${volume}:/data`)
    const [name, , ...given] = command
    const serve = (await createProgram()).commands.find((found) => found.name() === name)
    const known = serve?.options.map(({ long }) => long)
    expect(known).toEqual(expect.arrayContaining(given.map((flag) => flag.replace(/=.*/, ''))))
  })
})
