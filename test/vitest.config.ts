import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: fileURLToPath(new URL('..', import.meta.url)),
    include: ['test/{unit,property,scenario,simulation,integration,tidy}/**/*.test.ts'],
    // Two cores: more workers only make timing-sensitive integration tests flaky.
    maxWorkers: 2,
    testTimeout: 30_000,
  },
});
