import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Long proofs that vitest runs; those on real hosts are programs of their own. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['test/prove/**/*.test.ts'],
    testTimeout: 5 * 60_000,
  },
});
