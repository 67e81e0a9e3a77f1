/** @file `siftrec models`: every model with its options. */
import { Command } from 'commander'
import { trainingConfig } from '../../learn/config.ts'
import { optionsOf } from '../../models/contract/options.ts'
import { isTrained, modelOf, modelSlugs } from '../../models/registry.ts'

/** `models [MODEL]` */
export function modelsCommand(): Command {
  return new Command('models')
    .description('list the models and their options')
    .argument('[model]', 'only this one')
    .action((slug: string | undefined) => {
      const slugs = slug === undefined ? modelSlugs : [modelOf(slug).slug]
      process.stdout.write(`${slugs.map(printModel).join('\n')}\n`)
    })
}

function printModel(slug: string): string {
  const model = modelOf(slug)
  const schemas = [model.config, ...(isTrained(model) ? [trainingConfig] : [])]
  const options = schemas.flatMap((schema) => optionsOf(schema))
  const width = Math.max(0, ...options.map(({ name }) => name.length))
  const lines = options.map(
    ({ name, description, range, default: fallback }) =>
      `  ${name.padEnd(width)}  ${description} (${range}; default ${JSON.stringify(fallback)})`,
  )
  return `${slug}\n${lines.join('\n')}\n`
}
