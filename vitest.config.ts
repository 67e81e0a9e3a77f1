import { env } from 'node:process'
import { defineConfig } from 'vitest/config'

// .ci/run asks for the counts in a file.
const report = env['SIFTREC_TEST_REPORT']

export default defineConfig({
  test: {
    pool: 'forks',
    isolate: false,
    // One more than there are cores in CI: some tests wait for servers and processes of their own.
    maxWorkers: 3,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      // The first by name is the first to run: of the long files of commands, none is left for one worker at the end.
      {
        extends: true,
        test: {
          name: 'commands',
          include: ['test/*.test.ts'],
          globalSetup: ['test/fixtures/compile.ts'],
          // What was compiled is loaded as it is.
          server: { deps: { external: [/siftrec-compiled-/] } },
          // Whole trainings in processes of their own, on a machine that may be busy.
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        extends: true,
        test: { name: 'parts', include: ['src/**/*.test.ts', 'test/conformance/**/*.test.ts', 'page/test/*.test.ts'] },
      },
    ],
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
  },
})
