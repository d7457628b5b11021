import { afterAll, describe, expect, test } from 'vitest';

import { connectNats } from '../../coordinator/adapters/nats-client.ts';
import { openNatsStore } from '../../coordinator/adapters/nats-store.ts';
import { manualClock } from '../support/manual-clock.ts';
import { natsServerOrSayWhy, startNats } from '../support/nats-server.ts';

const program = await natsServerOrSayWhy('how the store on NATS JetStream fails');
const clock = manualClock();

if (program === null) test('how the store on NATS JetStream fails: NOT CHECKED, no nats-server', ({ skip }) => skip());
else {
  const server = await startNats(program, { sync: 'default' });
  afterAll(() => server.dispose());
  const servers = [server.address];
  let fleets = 0;
  const nextFleet = (): string => `faults-${(fleets += 1)}`;

  describe('a store on NATS', () => {
    test('goes on over a crash of the server: nothing acknowledged is lost, nothing comes twice', async () => {
      const own = await startNats(program, { sync: 'always' });
      const store = await openNatsStore({ servers: [own.address], fleet: 'crash', clock });
      try {
        let last = 0;
        let going = true;
        const writing = (async () => {
          while (going) {
            const result = await store.append('ledger', last, [{ part: 1, of: last }, { part: 2, of: last }]);
            if (!result.ok) throw new Error(`refused at ${last}: the stream is at ${result.actualSequence}`);
            last = result.sequence;
          }
        })();
        for (let round = 0; round < 3; round += 1) {
          const before = last;
          await expect.poll(() => last, { timeout: 20_000 }).toBeGreaterThan(before + 20);
          await own.kill();
          await new Promise((resolve) => setTimeout(resolve, 200));
          await own.restart();
        }
        going = false;
        await writing;
        const events = await store.read('ledger', 0);
        expect(events.map(({ event }) => event)).toEqual(Array.from({ length: last }, (_, index) => ({ part: (index % 2) + 1, of: index - (index % 2) })));
      } finally {
        await store.close();
        await own.dispose();
      }
    }, 90_000);

    test('takes a message that is sent twice, as after a lost acknowledgement, once', async () => {
      const store = await openNatsStore({ servers, fleet: 'twice', clock });
      const client = await connectNats({ servers });
      const message = { stream: 'TWICE', data: Buffer.from('[{}]'), id: 'one', expectedSequence: 0, headers: { 'Farrier-First': '1', 'Farrier-Count': '1' } };
      const first = await client.publish('twice.events.ledger', message);
      expect(first.ok).toBe(true);
      expect(await client.publish('twice.events.ledger', message)).toEqual(first);
      expect(await client.publish('twice.events.ledger', { ...message, id: 'another' })).toEqual({ ok: false });
      expect(await store.read('ledger', 0)).toEqual([{ sequence: 1, event: {} }]);
      await client.close();
      await store.close();
    });

    test('compares no clocks: one that is hours ahead steals no lease, and waits its length once', async () => {
      const fleet = nextFleet();
      const ahead = manualClock(clock.wallUnixMs() + 5 * 3_600_000);
      ahead.advance(1_000_000);
      const store = await openNatsStore({ servers, fleet, clock });
      const other = await openNatsStore({ servers, fleet, clock: ahead });
      await store.acquireLease('leader', 'a', 10_000);
      expect(await other.acquireLease('leader', 'b', 10_000)).toBeNull();
      ahead.advance(9_999);
      expect(await other.acquireLease('leader', 'b', 10_000)).toBeNull();
      await store.acquireLease('leader', 'a', 10_000);
      ahead.advance(2);
      expect(await other.acquireLease('leader', 'b', 10_000)).toBeNull();
      ahead.advance(10_000);
      expect(await other.acquireLease('leader', 'b', 10_000)).not.toBeNull();
      expect(await store.acquireLease('leader', 'a', 10_000)).toBeNull();
      await store.close();
      await other.close();
    });

    test('reads from the middle of many small appends', async () => {
      const fleet = nextFleet();
      const store = await openNatsStore({ servers, fleet, clock });
      for (let n = 0; n < 60; n += 1) {
        await store.append('ledger', n * 2, [{ n: n * 2 + 1 }, { n: n * 2 + 2 }]);
        await store.append(`node/n${n % 7}`, Math.floor(n / 7), [{}]);
      }
      await store.close();
      // A store that knows nothing yet has to search for each place.
      for (const after of [0, 1, 2, 3, 59, 60, 61, 85, 118, 119, 120, 121]) {
        const fresh = await openNatsStore({ servers, fleet, clock });
        const expected = Array.from({ length: Math.max(0, 120 - after) }, (_, index) => ({ sequence: after + index + 1, event: { n: after + index + 1 } }));
        expect(await fresh.read('ledger', after)).toEqual(expected);
        expect(await fresh.read('ledger', after, 3)).toEqual(expected.slice(0, 3));
        await fresh.close();
      }
    });

    test('refuses an append that is too large whatever it is packed into, and says what to set', async () => {
      const store = await openNatsStore({ servers, fleet: nextFleet(), clock });
      const incompressible = Array.from({ length: 100_000 }, () => ({ id: crypto.randomUUID() }));
      await expect(store.append('ledger', 0, incompressible)).rejects.toMatchObject({ code: 'store-too-large', remedy: expect.stringContaining('max_payload') });
      const much = Array.from({ length: 40_000 }, (_, n) => ({ node: `node-${n}`, wave: 'canary' }));
      expect(await store.append('ledger', 0, much)).toEqual({ ok: true, sequence: 40_000 });
      expect((await store.read('ledger', 39_999))[0]?.event).toEqual(much.at(-1));
      await store.close();
    });
  });

  describe('opening it', () => {
    test('says that no server answers', async () => {
      const refusal = await openNatsStore({ servers: ['127.0.0.1:1'], fleet: 'f', clock }).catch((error: unknown) => error);
      expect(refusal).toMatchObject({ code: 'store-unreachable', message: expect.stringContaining('no NATS server answers at 127.0.0.1:1') });
    });

    test('refuses a server without JetStream', async () => {
      const plain = await startNats(program, { sync: 'default', jetStream: false });
      await expect(openNatsStore({ servers: [plain.address], fleet: 'f', clock })).rejects.toMatchObject({ code: 'store-unfit', remedy: expect.stringContaining('jetstream') });
      await plain.dispose();
    });

    test('refuses copies that one server cannot hold', async () => {
      await expect(openNatsStore({ servers, fleet: nextFleet(), clock, replicas: 3 })).rejects.toMatchObject({ code: 'store-unfit', message: expect.stringContaining('replicas') });
    });

    test('refuses a stream that somebody made otherwise, or that a newer version made', async () => {
      const client = await connectNats({ servers });
      await client.ensureStream({ name: 'OTHER', subjects: ['other.events.>'], replicas: 1, messagesPerSubjectMax: 1, format: 1 });
      await client.ensureStream({ name: 'NEWER', subjects: ['newer.events.>'], replicas: 1, messagesPerSubjectMax: -1, format: 2 });
      await client.close();
      await expect(openNatsStore({ servers, fleet: 'other', clock })).rejects.toMatchObject({ code: 'store-unfit', message: expect.stringContaining('it keeps 1 messages') });
      await expect(openNatsStore({ servers, fleet: 'newer', clock })).rejects.toMatchObject({ code: 'store-newer-format' });
    });

    test('tells what a power cut could lose: from the monitor, or that it cannot know', async () => {
      const always = await startNats(program, { sync: 'always' });
      const tell = async (address: string, monitorUrl?: string): Promise<string> => {
        const store = await openNatsStore({ servers: [address], fleet: 'tell', clock, ...(monitorUrl === undefined ? {} : { monitorUrl }) });
        const said = await store.describeDurability();
        await store.close();
        return said;
      };
      expect(await tell(always.address, always.monitorUrl)).toContain('loses nothing acknowledged');
      expect(await tell(server.address, server.monitorUrl)).toContain('can lose the writes of the last 120 s');
      expect(await tell(always.address)).toContain('not known here: no monitoring address given');
      await always.dispose();
    });
  });

  test('two fleets on one server do not see each other', async () => {
    const [one, two] = [await openNatsStore({ servers, fleet: 'one', clock }), await openNatsStore({ servers, fleet: 'two', clock })];
    await one.append('ledger', 0, [{}]);
    await one.putRecord('policy', {}, 0);
    expect([await two.streams(''), await two.listRecords(''), await two.read('ledger', 0)]).toEqual([[], [], []]);
    await one.close();
    await two.close();
  });
}
