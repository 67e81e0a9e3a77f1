export const stubRuns: readonly unknown[] = []
