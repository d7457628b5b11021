import { expect, test } from 'vitest';

import { FactsWatch } from '../../../../agent/facts/facts-watch.ts';
import type { HostFacts } from '../../../../shared/domain/host-facts.ts';
import { BARE_HOST, ETCD_LOOK, WORKER } from '../../../support/example-facts.ts';
import { manualClock } from '../../../support/manual-clock.ts';
import { silentLogger } from '../../../support/silent-logger.ts';

test('facts are told when they are others; a fresh reading is not repeated, and two at once are one', async () => {
  const clock = manualClock();
  let readings = 0;
  let found: HostFacts | Error = BARE_HOST;
  const read = async (): Promise<HostFacts> => {
    readings += 1;
    if (found instanceof Error) throw found;
    return structuredClone(found);
  };
  const watch = new FactsWatch(async () => ({ read, readMember: async (facts) => facts }), { clock, logger: silentLogger });
  const told: HostFacts[] = [];
  const stop = watch.onChange((facts) => void told.push(facts));
  expect(watch.facts).toBeNull();
  await Promise.all([watch.refresh(), watch.refresh()]);
  expect([readings, told]).toEqual([1, [BARE_HOST]]);
  clock.advance(59_999);
  await watch.refresh(60_000);
  expect(readings).toBe(1);
  clock.advance(1);
  await watch.refresh(60_000);
  expect([readings, told.length]).toEqual([2, 1]);
  found = new Error('no disk');
  await watch.refresh();
  expect(watch.facts).toEqual(BARE_HOST);
  found = WORKER;
  await watch.refresh();
  expect(told).toEqual([BARE_HOST, WORKER]);
  stop();
  found = BARE_HOST;
  await watch.refresh();
  expect([watch.facts, told.length]).toEqual([BARE_HOST, 2]);
});

test('a member of etcd is looked at alone and more often; of a host without one nothing is', async () => {
  const clock = manualClock();
  const looks: string[] = [];
  let facts: HostFacts = BARE_HOST;
  let trouble = '';
  const readMember = async (known: HostFacts): Promise<HostFacts> => {
    looks.push(trouble);
    return { ...known, etcdMember: { ...ETCD_LOOK, trouble } };
  };
  const watch = new FactsWatch(async () => ({ read: async () => facts, readMember }), { clock, logger: silentLogger });
  const told: HostFacts[] = [];
  watch.onChange((each) => void told.push(each));
  await watch.refreshMember();
  await watch.refresh();
  await watch.refreshMember();
  expect([looks, told.length]).toEqual([[], 1]);
  facts = { ...BARE_HOST, etcdMember: ETCD_LOOK };
  await watch.refresh();
  await watch.refreshMember();
  expect([looks, told.length]).toEqual([[''], 2]);
  trouble = 'unreachable';
  await watch.refreshMember();
  expect([told.length, told.at(-1)?.etcdMember?.trouble]).toEqual([3, 'unreachable']);
});
