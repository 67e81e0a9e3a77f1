/** @file Several kinds of batches at once: a noisy batch beside a clean one, users' sequences beside items. */
import { type BatchKind, type BatchShape, batchKind, ofJoined, type TrainingBatches } from './kind.ts'

/** The kinds that are joined, by name; their inputs are named `NAME.input`. */
type Kinds = Readonly<Record<string, BatchKind<unknown, never>>>
/** The batches of {@link Kinds}. */
type Batches<Joined extends Kinds> = {
  readonly [Name in keyof Joined]: Joined[Name] extends BatchKind<infer Batch, never> ? Batch : never
}

/** A batch of each kind in one step. An epoch has as many steps as the first kind has batches; the others go round. */
export function joined<Joined extends Kinds>(kinds: Joined): BatchKind<Batches<Joined>, never> {
  const entries = Object.entries(kinds)
  const together = (shapes: Readonly<Record<string, BatchShape>>): BatchShape => {
    const [first] = Object.values(shapes) as [BatchShape]
    return { rows: first.rows, length: first.length, targets: first.targets, joined: shapes }
  }
  return batchKind<Batches<Joined>, never>({
    smallest: together(Object.fromEntries(entries.map(([name, kind]) => [name, kind.smallest]))),
    declare(shape, declareInput) {
      const batches = entries.map(([name, kind]) => [
        name,
        kind.declareBy(
          (input, sizes, dtype) => declareInput(`${name}.${input}`, sizes, dtype),
          shape.joined?.[name] ?? kind.smallest,
        ),
      ])
      return Object.fromEntries(batches) as Batches<Joined>
    },
    fill: () => undefined,
    training(data, settings): TrainingBatches {
      const parts = entries.map(([name, kind]) => ({ name, batches: kind.training(data, settings) }))
      return {
        size: parts.map(({ name, batches }) => `${name}: ${batches.size}`).join('; '),
        shapes: combinations(parts.map(({ name, batches }) => ({ name, shapes: batches.shapes }))).map(together),
        epoch(number) {
          const epochs = parts.map(({ name, batches }) => ({ name, batches: batches.epoch(number) }))
          return (epochs[0]?.batches ?? []).map((_, at) => {
            const chosen = epochs.map(({ name, batches }) => ({
              name,
              batch: batches[at % batches.length] as (typeof batches)[number],
            }))
            return {
              shape: together(Object.fromEntries(chosen.map(({ name, batch }) => [name, batch.shape]))),
              fill: (buffers, random) =>
                chosen.map(({ name, batch }) => batch.fill(ofJoined(name, buffers), random))[0] as number,
            }
          })
        },
      }
    },
  })
}

/** Every way to choose one shape of each kind. */
function combinations(
  parts: readonly { readonly name: string; readonly shapes: readonly BatchShape[] }[],
): Record<string, BatchShape>[] {
  return parts.reduce<Record<string, BatchShape>[]>(
    (all, { name, shapes }) => all.flatMap((chosen) => shapes.map((shape) => ({ ...chosen, [name]: shape }))),
    [{}],
  )
}
