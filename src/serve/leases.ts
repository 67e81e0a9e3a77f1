/** @file Counts who uses a thing, so that it is disposed of after the last of them. */

/** A thing in use. */
export interface Leased<Value> {
  readonly value: Value
  /** Runs with the value; it is not disposed of before that ended. */
  use<Result>(work: (value: Value) => Promise<Result> | Result): Promise<Result>
  /** Disposes of the value once nobody uses it; later users are a bug of whoever hands them out. */
  retire(): Promise<void>
}

/** Leases a value. */
export function leased<Value extends AsyncDisposable>(value: Value): Leased<Value> {
  let users = 0
  const { promise: idle, resolve: becomeIdle } = withResolvers()
  let retired: Promise<void> | undefined
  return {
    value,
    async use(work) {
      users++
      try {
        return await work(value)
      } finally {
        users--
        if (users === 0 && retired) becomeIdle()
      }
    },
    retire() {
      retired ??= (async () => {
        if (users === 0) becomeIdle()
        await idle
        await value[Symbol.asyncDispose]()
      })()
      return retired
    },
  }
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
