/** @file What a view asks for when it opens: the answer, or waiting, or what went wrong. */
import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { ask, problemOf, type ServiceProblem } from '../api.ts'
import { Loading } from './loading.tsx'
import { ForOperator, Notice } from './notice.tsx'

interface AskedProps<T> {
  readonly path: string
  /** What is being waited for, as a sentence. */
  readonly waiting: string
  /** What is missing where the service has no such route. */
  readonly missing: string
  readonly children: (answer: T) => ComponentChildren
}

/** Asks once, and shows what came. */
export function Asked<T>({ path, waiting, missing, children }: AskedProps<T>) {
  const [answer, setAnswer] = useState<T>()
  const [problem, setProblem] = useState<ServiceProblem>()
  const [times, setTimes] = useState(0)
  useEffect(() => {
    const stop = new AbortController()
    ask<T>({ path }, stop.signal).then(
      (found) => setAnswer(() => found),
      (error: unknown) => {
        if (!stop.signal.aborted) setProblem(problemOf(error))
      },
    )
    return () => stop.abort()
  }, [path, times])
  if (answer !== undefined) return <>{children(answer)}</>
  if (!problem) return <Loading shape="panels" said={waiting} />
  if (problem.status === 404) return <Notice kind="info" said={missing} />
  const again = (): void => {
    setProblem(undefined)
    setTimes(times + 1)
  }
  return (
    <>
      <Notice kind="bad" said="This cannot be shown now." action={{ said: 'Try again', run: again }}>
        {problem.message}
      </Notice>
      <ForOperator problem={problem} />
    </>
  )
}
