/** @file Which options a search draws, and from where: within their ranges, around what they are by default. */
import { UserError, unknownName } from '../errors.ts'
import { type Option, optionsOf } from '../models/contract/options.ts'
import { type RandomStream, randomStream } from '../random/stream.ts'

/** Options by name. */
export type Options = Readonly<Record<string, unknown>>

/** An option that is searched. */
export interface Searched {
  readonly name: string
  /** Whether it is the model's or the training's. */
  readonly of: 'config' | 'training'
  readonly option: Option
  /** What it is where nobody says otherwise. */
  readonly usual: unknown
}

/** Options that most often decide how good a model is. */
const decisive = new Set(['learningRate', 'batchSize', 'weightDecay', 'dropout', 'hiddenSize', 'layers', 'temperature'])
const isDecisive = (name: string): boolean => decisive.has(name) || name.startsWith('lambda')

/** What a search is over. */
export interface SpaceRequest {
  readonly slug: string
  readonly config: Parameters<typeof optionsOf>[0]
  readonly training: Parameters<typeof optionsOf>[0]
  /** What fits the data where an option is left open. */
  readonly fitted: { readonly config: Options; readonly training: Options }
  /** Options that have their values already. */
  readonly fixed: Options
  /** Names of options; those that most often decide by default. */
  readonly names?: readonly string[] | undefined
}

/**
 * The options that are searched.
 * @throws UserError `unknown` for a name that is no option, `unsupported` for one that nothing can be drawn for
 */
export function spaceOf({ slug, config, training, fitted, fixed, names }: SpaceRequest): readonly Searched[] {
  const all = (['config', 'training'] as const).flatMap((of) =>
    optionsOf(of === 'config' ? config : training).map((option) => ({
      name: option.name,
      of,
      option,
      usual: fitted[of][option.name] ?? option.default,
    })),
  )
  for (const name of names ?? []) {
    const found = all.find((one) => one.name === name)
    if (!found)
      throw unknownName(
        `tune ${slug} --options`,
        name,
        all.map((one) => one.name),
      )
    if (!canDraw(found)) {
      const value = `${name}, which is ${found.option.range}`
      throw new UserError({ where: '--options', problem: 'unsupported', value, expected: 'numbers and choices' })
    }
    if (name in fixed) {
      const hint = 'leave it out of the one or of the other'
      throw new UserError({ where: '--options', problem: 'duplicate', value: `${name}, which --config sets`, hint })
    }
  }
  const wanted = (name: string): boolean => (names ? names.includes(name) : isDecisive(name))
  return all.filter((one) => wanted(one.name) && !(one.name in fixed) && canDraw(one))
}

const canDraw = ({ option, usual }: Searched): boolean =>
  option.kind === 'choice' ||
  option.kind === 'boolean' ||
  ((option.kind === 'integer' || option.kind === 'number') && typeof usual === 'number')

/**
 * The options of a trial. The first one has none, so that no search ends below the defaults; the others are drawn again
 * until the model takes them together.
 * @param takes whether options go together: heads must divide a width, for instance
 */
export function drawTrial(
  space: readonly Searched[],
  trial: number,
  { seed, takes }: { readonly seed: number; readonly takes: (drawn: Drawn) => boolean },
): Drawn {
  if (trial === 0) return { config: {}, training: {} }
  for (let again = 0; ; again++) {
    const stream = randomStream(seed, 'tune', trial, again)
    const values = space.map((one) => [one, drawn(one, stream)] as const)
    const of = (kind: Searched['of']): Options =>
      Object.fromEntries(values.flatMap(([one, value]) => (one.of === kind ? [[one.name, value]] : [])))
    const made = { config: of('config'), training: of('training') }
    if (takes(made) || again === mostAgain) return made
  }
}

/** Options of the model and of its training. */
export interface Drawn {
  readonly config: Options
  readonly training: Options
}

const mostAgain = 100

/** How many times smaller and larger than usual a number is drawn; a width or a count is drawn nearer. */
const [far, near] = [5, 2]
/** Where a number that is 0 by default is drawn from, unless it stays 0. */
const aboveZero = [0.001, 0.5] as const
/** A share above this leaves too little. */
const mostShare = 0.8

function drawn({ option, usual }: Searched, stream: RandomStream): unknown {
  const { choices = [], least, most } = option.bounds
  if (option.kind === 'choice') return choices[stream.integer(choices.length)]
  if (option.kind === 'boolean') return stream.uniform() < 0.5
  const around = usual as number
  const whole = option.kind === 'integer'
  if (!whole && least === 0 && most <= 1 && around > 0) return rounded(stream.uniform() * Math.min(most, mostShare))
  if (around === 0) {
    if (whole || stream.uniform() < 0.5) return 0
    return rounded(between(...aboveZero, stream))
  }
  const times = whole ? near : far
  const value = between(Math.max(least, around / times), Math.min(most, around * times), stream)
  if (!whole) return rounded(value)
  // Widths that are multiples of eight fit the heads of a model and the lanes of a processor.
  return around >= 16 ? 8 * Math.max(1, Math.round(value / 8)) : Math.round(value)
}

/** Equal factors are equally likely. */
const between = (low: number, high: number, stream: RandomStream): number =>
  low * Math.exp(stream.uniform() * Math.log(high / low))

/** Two digits are all that anybody will copy. */
const rounded = (value: number): number => Number(value.toPrecision(2))
