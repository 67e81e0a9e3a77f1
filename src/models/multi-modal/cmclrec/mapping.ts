/** @file The mapping of CMCLRec from what is known of users to histories: how it is learned, and what it makes up. */
import { type UserSettings, type Users, users, warmUsers } from '../../../batches/users.ts'
import { type Layer, linear } from '../../../nn/linear.ts'
import { type Noise, noNoise } from '../../../nn/noise.ts'
import { input, type Tensor } from '../../../tensor/node.ts'
import type { CatalogShape } from '../../contract/catalog.ts'
import {
  type Losses,
  type Memory,
  type MemoryArray,
  objective,
  type Stage,
  type StageContext,
} from '../../contract/model.ts'
import { maskBias } from '../../parts/attention-bias.ts'
import { infoNce } from '../../parts/info-nce.ts'
import type { Backbone } from './backbone.ts'
import type { Config } from './config.ts'
import { type Asked, type Profiles, profiles } from './profile.ts'
import { count, names, patience, rank, readStates, remembered } from './remembered.ts'
import { bestOf, type Simulated, timesOf } from './simulated.ts'

/** A learned mapping. */
export interface Mapping {
  readonly of: 'fields' | 'content'
  /** Made-up histories. */
  simulate(asked: Asked): Simulated
  /** 1 once the mapping is learned, 0 while the backbone is: [1]. */
  readonly isLearned: Tensor
  readonly memory: Memory
  /** Before the backbone is trained. */
  begin(context: StageContext): void
  readonly stage: Stage
}

/** Users of one batch, as many as the sheet has. */
const usersAtOnce = 1024

/** The layers of the mapping, and what is remembered. */
interface Layers {
  readonly profile: Profiles
  /** (3), where there is a contrast. */
  readonly toHistory: Layer | undefined
  /** Where mapped features land, W_d. */
  readonly land: Layer
  /** A remembered array. */
  readonly given: (name: string) => Tensor
  readonly states_UD: Tensor
  readonly warm_U: Tensor
}

/** (2-6) Parameters `user.*`, `history.*` and `map.weight`. @throws UserError as {@link profiles} */
export function mapping(config: Config, catalog: CatalogShape, backbone: Backbone): Mapping {
  const { hiddenSize: width, withoutContrast } = config
  const memory = remembered(config, { userRows: catalog.userCount + 1, itemRows: catalog.itemCount + 1 })
  const given = (name: string): Tensor => input(name, (memory[name] as MemoryArray).shape)
  const [states_UD, warm_U] = [given(names.states), given(names.warm)]
  const profile = profiles(config, catalog, warm_U)
  const toHistory = withoutContrast ? undefined : linear('history', [width, width])
  const land = linear('map', [width, width], { bias: false })
  const layers: Layers = { profile, toHistory, land, given, states_UD, warm_U }
  const scores =
    config.generate === 'neighbors' ? ofNeighbors(config, layers, catalog) : ofItems(config, layers, backbone)
  const settings: UserSettings = {
    warmEvents: config.warmEvents,
    firstEvents: profile.of === 'content' ? config.contentEvents : 0,
    atOnce: usersAtOnce,
  }
  return {
    of: profile.of,
    isLearned: given(names.isLearned),
    memory,
    simulate: (asked) => bestOf(scores(profile.read(asked, noNoise)), config.simulated),
    begin({ data, memory: { [names.isLearned]: learned } }) {
      // Too few users are refused before the backbone is trained.
      warmUsers(data, settings)
      learned?.data.set([0] as never)
    },
    stage: mappingStage(config, layers, { backbone, settings }),
  }
}

/** (6) g [B, D] -> [B, V + 1] */
function ofItems({ adapt }: Config, { land, given }: Layers, { items }: Backbone): Layer {
  const frequent_V = given(names.frequent)
  // While the backbone is adapted its items move on: histories are made up of those that the mapping was learned for.
  const known = adapt ? given(names.items) : items
  return (g_BD) => land(g_BD).matmul(known, { transposeB: true }).add(maskBias(frequent_V))
}

/** (6) by the nearest warm users: g [B, D] -> how often each item is among what these had last, [B, V + 1]. */
function ofNeighbors(
  { neighbors }: Config,
  { toHistory, given, states_UD, warm_U }: Layers,
  { itemCount, userCount }: CatalogShape,
): Layer {
  const recent_UR = given(names.recent)
  const h_UD = (toHistory as Layer)(states_UD).l2Normalize()
  const unknown_U = maskBias(warm_U)
  return (g_BD) => {
    const nearness_BU = g_BD.l2Normalize().matmul(h_UD, { transposeB: true }).add(unknown_U)
    const { places } = nearness_BU.topK(Math.min(neighbors, userCount + 1))
    const item_BN = recent_UR.rows(places).cast('int64')
    return timesOf(item_BN.reshape([g_BD.shape[0] as number, -1]), itemCount + 1)
  }
}

/** (2-5) */
function mappingLosses({ temperature, lambdaMap }: Config, { profile, toHistory, land, states_UD }: Layers) {
  return ({ user_B, item_BC, alike_BB, weight_B }: Users, { noise }: { readonly noise: Noise }): Losses => {
    const g_BD = profile.read({ user_B, item_BC, serving: false }, noise)
    const s_BD = states_UD.rows(user_B)
    const gap_B = land(g_BD).sub(s_BD).square().sum([1])
    const landing = { weight: lambdaMap, value: gap_B.mul(weight_B).sum() }
    if (!toHistory) return { landing }
    const h_BD = toHistory(s_BD)
    const among = { temperature, same: alike_BB, weights: weight_B }
    const both = infoNce(g_BD, h_BD, among).add(infoNce(h_BD, g_BD, among))
    return { landing, contrast: { weight: 1, value: both.div(2) } }
  }
}

/** What the stage is of, beside its layers. */
interface StageParts {
  readonly backbone: Backbone
  readonly settings: UserSettings
}

/** The stage in which the mapping is learned, the backbone being frozen: its steps read what is remembered of it. */
function mappingStage(config: Config, layers: Layers, { backbone, settings }: StageParts): Stage {
  const { profile, toHistory, land, states_UD } = layers
  const losses = mappingLosses(config, layers)
  const read = (asked: Asked): Tensor => profile.read(asked, noNoise)
  const ranked = toHistory
    ? { of: read, to: toHistory, states_UD }
    : { of: (asked: Asked) => land(read(asked)), to: (states: Tensor) => states, states_UD }
  return {
    name: 'mapping',
    epochs: config.mappingEpochs,
    objectives: [objective<Users>({ name: 'mapping', batches: users(settings), losses })],
    async before(context) {
      const { items } = backbone
      const { [names.items]: kept, [names.isLearned]: learned } = context.memory
      count(context, config, settings)
      await readStates(context, config, backbone)
      if (kept) kept.data.set((await context.evaluate({ items }))['items'] as never)
      learned?.data.set([1] as never)
    },
    beforeEpoch: (context) => rank(context, settings, ranked),
    isOver: (now) => (now[names.rank]?.data[1] as number) >= patience,
  }
}
