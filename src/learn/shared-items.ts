/**
 * @file An item table that ranks hold together, each a share of its rows and of what the optimizer remembers of them:
 * which models allow it.
 */
import { UserError } from '../errors.ts'
import type { BuiltModel, Objective, Stage } from '../models/contract/model.ts'
import { readUser } from '../models/contract/read-user.ts'
import { servingPass } from '../models/contract/serving-pass.ts'
import { isLeaf, type Parameter, type Tensor } from '../tensor/node.ts'
import { catalogLosses } from './catalog-losses.ts'
import { lossDefaults } from './config.ts'
import { tableReads } from './fed-rows.ts'
import { type HeldRows, sharedRows } from './held-rows.ts'
import { hasCatalogLoss, stepGraph } from './step.ts'
import type { TrainingRun } from './training-run.ts'

/** What is asked of a training. */
type SharingRun = Pick<TrainingRun, 'slug' | 'model' | 'data' | 'training' | 'ranks' | 'shardItems'>

/**
 * Which rows of which table this process holds, by name: no table is there unless the run asks for it.
 * @throws UserError `unsupported` for a single process, and for a model that reads its item table otherwise than by
 * rows
 */
export function heldRowsOf(run: SharingRun, stages: readonly Stage[]): ReadonlyMap<string, HeldRows> {
  const { slug, model, ranks, training, shardItems = false } = run
  if (!shardItems) return new Map()
  if (!ranks)
    throw refused('one process, which would hold all rows', 'start several: mpirun -n 4 npx siftrec train ...')
  const table = itemTable(slug, model)
  const objectives = stages.flatMap((stage) => stage.objectives)
  const { catalogLoss: loss = lossDefaults.catalogLoss } = training
  if ((loss === 'full' || loss === 'sce') && objectives.some(hasCatalogLoss)) {
    const hint = 'take a loss of drawn items: --catalog-loss sampled or --catalog-loss gbce'
    throw refused(`--catalog-loss ${loss}, which reads the whole item table`, hint)
  }
  const whole =
    stages.map(refillsOf).find(Boolean) ??
    objectives.map((objective) => wholeOf(objective, run, table)).find(Boolean) ??
    servedWhole(model, table)
  if (whole) throw refused(`${slug} ${whole}`, another)
  return new Map([[table, sharedRows(ranks)]])
}

const another = 'train it without --shard-items, or another model, such as sasrec'

const refused = (value: string, hint: string): UserError =>
  new UserError({ where: '--shard-items', problem: 'unsupported', value, hint })

/** The name of the parameter that is a model's item table. */
function itemTable(slug: string, { score }: BuiltModel): string {
  if (score.kind !== 'dot') throw refused(`${slug} ranks by no single item table`, another)
  const { table } = score
  if (!isLeaf(table) || table.origin.kind !== 'parameter')
    throw refused(`${slug} computes its item table from other parameters`, another)
  return (table as Parameter).origin.name
}

/** What a stage does with whole tables beside its steps. */
function refillsOf(stage: Stage): string | undefined {
  const hooks = ['before', 'beforeEpoch', 'afterEpoch'] as const
  const refills = hooks.some((hook) => hook in stage) || stage.objectives.some((one) => 'beforePass' in one)
  return refills ? 'fills its memory from whole tables between epochs' : undefined
}

/** Why the steps of an objective need the whole table. */
function wholeOf(objective: Objective, { training, data }: SharingRun, table: string): string | undefined {
  if (objective.clipNorm !== undefined || objective.optimizer?.clipNorm !== undefined)
    return 'clips the gradients of all rows by their common length'
  const { smallest } = objective.batches
  const { graph, gradients } = stepGraph(objective, smallest, catalogLosses(training, data))
  const found = reading(Object.values(graph.outputs), table, 'in a training step')
  if (found || !gradients.some(({ name, dense }) => name === table && dense)) return found
  return 'has an item table so small here that it is moved as a whole'
}

/** Why users' vectors need the whole table. */
function servedWhole({ batches, score, history: { maxLength } }: BuiltModel, table: string): string | undefined {
  if (score.kind !== 'dot') return undefined
  const { batch } = batches.declare({ rows: 1, length: Math.max(1, maxLength), targets: 0 })
  return reading([readUser(score, batch, servingPass).user], table, "for a user's vector")
}

function reading(outputs: readonly Tensor[], table: string, what: string): string | undefined {
  const [operator] = tableReads(outputs, new Set([table])).whole
  return operator && `reads the whole item table ${what} (${operator})`
}
