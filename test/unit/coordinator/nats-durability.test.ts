import { describe, expect, test } from 'vitest';

import { describeDurability, readSync } from '../../../coordinator/adapters/nats-store-durability.ts';
import type { DurabilityFacts } from '../../../coordinator/adapters/nats-store-durability.ts';

const cases: readonly (readonly [DurabilityFacts, readonly string[]])[] = [
  [{ serverVersion: '2.10.27', replicas: 1, sync: { kind: 'always' } }, ['2.10.27', 'one copy', 'loses nothing acknowledged']],
  [{ serverVersion: '2.10.27', replicas: 1, sync: { kind: 'interval', intervalMs: 120_000 } }, ['a power cut of its machine can lose', 'last 120 s', 'sync_interval: always']],
  [{ serverVersion: '2.10.27', replicas: 3, sync: { kind: 'interval', intervalMs: 500 } }, ['3 copies', 'more than 1 of its machines at once can lose', 'last 0.5 s']],
  [{ serverVersion: '2.15.0', replicas: 5, sync: { kind: 'unknown', why: 'no answer' } }, ['more than 2 of its machines', '120 s unless set; not known here: no answer']],
];

describe('what a power cut could lose', () => {
  test.each(cases)('%j', (facts, parts) => {
    for (const part of parts) expect(describeDurability(facts)).toContain(part);
  });

  test('is not promised without a monitor that says so', async () => {
    expect(await readSync(null)).toMatchObject({ kind: 'unknown', why: expect.stringContaining('--nats-monitor') });
    expect(await readSync('http://127.0.0.1:1')).toMatchObject({ kind: 'unknown', why: expect.stringContaining('did not answer') });
  });
});
