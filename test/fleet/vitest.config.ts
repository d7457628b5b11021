import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['test/fleet/**/*.test.ts'],
    // Hosts share two cores and one kernel: one file at a time, else a slow boot looks like a lost node.
    fileParallelism: false,
    // The first run builds a root file system.
    hookTimeout: 10 * 60_000,
    testTimeout: 5 * 60_000,
  },
});
