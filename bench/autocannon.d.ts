/** @file The types of autocannon, as far as the benches use it. */
declare module 'autocannon' {
  interface Asked {
    readonly method: 'GET' | 'POST'
    readonly path: string
    readonly headers?: Readonly<Record<string, string>>
    readonly body?: string
  }
  interface Load {
    readonly url: string
    readonly connections: number
    /** Seconds. */
    readonly duration: number
    /** Asked one after the other by each connection. */
    readonly requests: readonly Asked[]
  }
  interface Told {
    readonly requests: { readonly total: number; readonly average: number }
    /** Milliseconds. */
    readonly latency: { readonly p50: number; readonly p99: number; readonly max: number }
    readonly errors: number
    readonly non2xx: number
  }
  export default function autocannon(load: Load): Promise<Told>
}
