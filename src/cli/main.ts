/** @file The entry point of the command `siftrec`. */
import { explainFailure } from './failure.ts'
import { createProgram } from './program.ts'

// A file over the size limit is then an error that writing reports, as on a full disk, and no signal to die of.
process.on('SIGXFSZ', () => undefined)

try {
  await createProgram().parseAsync()
} catch (error) {
  process.exitCode = explainFailure(error)
}
