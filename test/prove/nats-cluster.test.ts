import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';

import { openNatsStore } from '../../coordinator/adapters/nats-store.ts';
import type { NatsStore } from '../../coordinator/adapters/nats-store.ts';
import { manualClock } from '../support/manual-clock.ts';
import { natsServerOrSayWhy, startNatsCluster } from '../support/nats-server.ts';

const program = await natsServerOrSayWhy('the store on three NATS servers');

if (program === null) test('the store on three NATS servers: NOT CHECKED, no nats-server', ({ skip }) => skip());
else {
  const cluster = await startNatsCluster(program, 3, { sync: 'default' });
  afterAll(() => Promise.all(cluster.map((server) => server.dispose())));
  const servers = cluster.map(({ address }) => address);
  const open = (): Promise<NatsStore> => openNatsStore({ servers, fleet: 'failover', clock: manualClock(), replicas: 3 });

  /** Leaves a member that was away the time to catch up on a machine with few cores. */
  const pauseMs = 5;

  test('any server may crash while two coordinators write: nothing acknowledged is lost, nothing comes twice', async () => {
    const stores = await Promise.all([open(), open()]);
    const acknowledged = new Map<number, string>();
    let going = true;
    const write = async (store: NatsStore, who: string): Promise<void> => {
      for (let last = 0, count = 0; going; ) {
        const event = `${who}${count}`;
        const result = await store.append('ledger', last, [{ event }]);
        last = result.ok ? result.sequence : result.actualSequence;
        if (!result.ok) continue;
        acknowledged.set(result.sequence, event);
        count += 1;
        await delay(pauseMs);
      }
    };
    const writing = Promise.all(stores.map((store, index) => write(store, 'ab'[index] ?? '')));
    for (const server of cluster) {
      const before = acknowledged.size;
      await expect.poll(() => acknowledged.size, { timeout: 60_000 }).toBeGreaterThan(before + 20);
      await server.kill();
      await expect.poll(() => acknowledged.size, { timeout: 60_000 }).toBeGreaterThan(before + 40);
      await server.restart();
    }
    going = false;
    await writing;
    for (const store of stores) {
      const events = (await store.read('ledger', 0)).map(({ event }) => (event as { event: string }).event);
      expect(new Set(events).size).toBe(events.length);
      for (const [sequence, event] of acknowledged) expect([sequence, events[sequence - 1]]).toEqual([sequence, event]);
      await store.close();
    }
  }, 300_000);
}
