/** @file Streams to interests (section 4.3): the experts a configuration asks for, and the routing of what they say. */
import { normal } from '../../nn/init.ts'
import { add } from '../../tensor/elementwise.ts'
import { slice } from '../../tensor/move.ts'
import { parameter, type Tensor } from '../../tensor/node.ts'
import type { M3bsrConfig } from './config.ts'
import { meanOfStream, type Reading, sharedExpert, specificExpert } from './experts.ts'
import { ages, type GraphInputs } from './inputs.ts'
import { type Routed, routing } from './routing.ts'

/** What is known of each target's user. */
export interface Interests extends Routed {
  /** h_b^m [M, D], behavior by behavior. */
  readonly specific: readonly Tensor[]
  /** h_common [M, D]. */
  readonly common: Tensor | undefined
}

/** Eq. 14-19 and 21-22; parameters `position`, `age`, `expert.*`, `gate.*`, `user.*`. */
export function interests(config: M3bsrConfig, modalities: readonly string[], behaviors: number) {
  const { hiddenSize: width, heads, layers, dropout, maxLength, head, withoutExperts, withoutSharedExpert } = config
  const sizes = { width, heads, layers, dropout }
  const positions = parameter('position', [maxLength, width], normal())
  const age = parameter('age', [ages, width], normal())
  const expert = (name: string, behavior: number) =>
    withoutExperts ? meanOfStream(name, width, behavior) : specificExpert(name, sizes, behavior, age)
  const experts = Array.from({ length: behaviors }, (_, behavior) =>
    modalities.map((modality) => expert(`expert.${behavior}.${modality}`, behavior)),
  )
  const shared =
    withoutExperts || withoutSharedExpert
      ? undefined
      : sharedExpert('expert.shared', sizes, { behaviors, modalities: modalities.length, age })
  const route = routing({
    width,
    slots: behaviors * modalities.length,
    shared: shared !== undefined,
    average: withoutExperts,
    head,
  })

  return (streams: readonly Tensor[], inputs: GraphInputs, reading: Reading): Interests => {
    const place = slice(positions, 0, 0, inputs.history.shape[1] as number)
    const placed = streams.map((stream) => reading.noise.dropout(add(stream, place), dropout))
    const specific = experts.flatMap((ofBehavior) =>
      ofBehavior.map((read, modality) => read(placed[modality] as Tensor, inputs, reading)),
    )
    const common = shared?.(placed, inputs, reading)
    return { specific, common, ...route(specific, common) }
  }
}
