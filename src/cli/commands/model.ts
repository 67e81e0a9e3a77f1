/** @file `siftrec model fetch`: brings a model's files from a hub. No other command opens a connection for a model. */
import { Command, Option } from 'commander'
import { UserError } from '../../errors.ts'

interface Flags {
  readonly endpoint?: string
  readonly precision: 'fp32' | 'quantized'
  readonly models?: string
}

/** `model` */
export function modelCommand(): Command {
  const fetching = new Command('fetch')
    .description(
      'fetch a model for --encoder clip: one commit of it, checked by its hashes; goes on where it broke off',
    )
    .argument('<model>', 'OWNER/NAME@REVISION, the revision a commit of 40 hexadecimal digits')
    .option('--endpoint <url>', 'the address of your model hub; by default that of SIFTREC_HUB')
    .addOption(
      new Option('--precision <name>', 'which weights to fetch').choices(['fp32', 'quantized']).default('fp32'),
    )
    .option('--models <folder>', 'where models are kept; by default models in ~/.cache/siftrec or in SIFTREC_HOME')
    .addHelpText('after', '\nA token, where the hub wants one, is read from SIFTREC_HUB_TOKEN.')
    .action(fetchModelFiles)
  return new Command('model').description('fetch models that make vectors of pictures and titles').addCommand(fetching)
}

async function fetchModelFiles(model: string, { endpoint, precision, models }: Flags): Promise<void> {
  const { SIFTREC_HUB: hub, SIFTREC_HUB_TOKEN: token } = process.env
  const address = endpoint ?? hub
  if (address === undefined)
    throw new UserError({
      where: '--endpoint',
      problem: 'missing',
      value: 'the address of your model hub',
      hint: 'give it as --endpoint https://..., or set SIFTREC_HUB',
    })
  const { fetchModel } = await import('../../hub/fetch-model.ts')
  const { keptFolder } = await import('../../storage/home.ts')
  const folder = await fetchModel({
    model,
    endpoint: address,
    ...(token !== undefined && token !== '' && { token }),
    precision,
    models: models ?? keptFolder('models'),
    report: (line) => void process.stderr.write(`${line}\n`),
  })
  process.stdout.write(
    `saved in ${folder}; next: siftrec prepare --encoder clip --model ${models ? folder : model} ...\n`,
  )
}
