import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Long proofs that vitest runs, on real hosts most of them. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['test/prove/**/*.test.ts'],
    // Hosts share the machine: one file at a time.
    fileParallelism: false,
    // The first run builds a root file system.
    hookTimeout: 10 * 60_000,
    testTimeout: 5 * 60_000,
  },
});
