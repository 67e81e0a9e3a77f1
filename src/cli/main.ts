/** @file The entry point of the command `siftrec`. */
import { explainFailure } from './failure.ts'
import { createProgram } from './program.ts'

try {
  await createProgram().parseAsync()
} catch (error) {
  process.exitCode = explainFailure(error)
}
