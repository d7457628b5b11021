import { afterAll, test } from 'vitest';

import { openNatsStore } from '../../coordinator/adapters/nats-store.ts';
import { manualClock } from '../support/manual-clock.ts';
import { natsServerOrSayWhy, startNats } from '../support/nats-server.ts';
import { describeEventStore } from './event-store-contract.ts';

const program = await natsServerOrSayWhy('the store on NATS JetStream');

if (program === null) test('the store on NATS JetStream: NOT CHECKED, no nats-server', ({ skip }) => skip());
else {
  const server = await startNats(program, { sync: 'always' });
  afterAll(() => server.dispose());
  let fleets = 0;

  describeEventStore('NATS JetStream', 'many', async () => {
    const clock = manualClock();
    fleets += 1;
    const fleet = `contract-${fleets}`;
    const open = () => openNatsStore({ servers: [server.address], fleet, clock });
    return { open, openAnother: open, pass: async (ms) => clock.advance(ms), leaseTtlMs: 10_000, dispose: async () => undefined };
  });
}
