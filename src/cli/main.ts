/** @file The entry point of the command `siftrec`. */
import { explainFailure } from './failure.ts'
import { createProgram } from './program.ts'

// Without this, a file over the size limit would kill the process. So writing reports an error, as on a full disk.
process.on('SIGXFSZ', () => undefined)

try {
  const program = await createProgram(process.argv[2])
  await program.parseAsync()
} catch (error) {
  process.exitCode = explainFailure(error)
}
