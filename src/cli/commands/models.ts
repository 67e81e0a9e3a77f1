/** @file `siftrec models`: every model with its options. */
import { Command } from 'commander'
import { optionsOf } from '../../models/contract/options.ts'
import { modelOf, modelSlugs } from '../../models/registry.ts'
import { taskOptions } from '../../runs/task-options.ts'

/** `models [MODEL]` */
export function modelsCommand(): Command {
  return new Command('models')
    .description('list the models with their options')
    .argument('[model]', 'list only this model; by default all of them')
    .action((slug: string | undefined) => {
      const slugs = slug === undefined ? modelSlugs : [modelOf(slug).slug]
      process.stdout.write(`${slugs.map(printModel).join('\n')}\n`)
    })
}

function printModel(slug: string): string {
  const model = modelOf(slug)
  const { training } = taskOptions(slug)
  const schemas = [model.config, ...(training ? [training] : [])]
  const options = schemas.flatMap((schema) => optionsOf(schema))
  const width = Math.max(0, ...options.map(({ name }) => name.length))
  const lines = options.map(
    ({ name, description, range, default: fallback }) =>
      `  ${name.padEnd(width)}  ${description} (${range}${fallback === undefined ? '' : `; default ${JSON.stringify(fallback)}`})`,
  )
  return `${slug}\n${lines.join('\n')}\n`
}
