/** @file The entry point of the command `siftrec`. */
import { explainFailure } from './failure.ts'
import { createProgram } from './program.ts'

// Without this, a file over the size limit would kill the process. So writing reports an error, as on a full disk.
process.on('SIGXFSZ', () => undefined)
// Who reads the output may stop reading it, as `siftrec models | head` does: nothing is wrong, and nobody listens.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})

try {
  const program = await createProgram(process.argv[2])
  await program.parseAsync()
} catch (error) {
  process.exitCode = explainFailure(error)
}
