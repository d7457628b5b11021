import { setTimeout as sleep } from 'node:timers/promises';

import type { EtcdPlace } from '../../agent/ports/etcd.ts';
import { openEtcdPuts } from './etcd-puts.ts';

/** Of a key that nobody else writes. */
export interface AcknowledgedPut {
  readonly key: string;
  readonly value: string;
  readonly revision: number;
}

/** Somebody who writes all the while and notes what the cluster said is written. */
export interface EtcdWriter {
  readonly acknowledged: readonly AcknowledgedPut[];
  /** Puts that nobody acknowledged: they may stand there or not. */
  readonly unknown: () => number;
  /** Resolves when one more put was acknowledged. @throws when none is in time. */
  more(maxMs?: number): Promise<void>;
  stop(): Promise<void>;
}

const LANES = 4;
const VALUE_BYTES = 1_000;
const PUT_MAX_MS = 3_000;
const MORE_MAX_MS = 30_000;

/** Each lane puts one key after the other, `PREFIX/LANE-0` and so on, at whichever member answers. */
export function startEtcdWriter(places: readonly EtcdPlace[], prefix: string): EtcdWriter {
  const acknowledged: AcknowledgedPut[] = [];
  const members = places.map((place) => openEtcdPuts(place, PUT_MAX_MS));
  let unknown = 0;
  let stopped = false;
  async function write(lane: number): Promise<void> {
    for (let [count, at] = [0, lane]; !stopped; count += 1) {
      const key = `${prefix}/${lane}-${count}`;
      const value = `${key}=`.padEnd(VALUE_BYTES, String(count));
      try {
        acknowledged.push({ key, value, revision: (await members[at % members.length]?.put(key, Buffer.from(value))) ?? 0 });
      } catch {
        unknown += 1;
        at += 1;
        await sleep(20);
      }
    }
  }
  const writing = Promise.all(Array.from({ length: LANES }, (_none, lane) => write(lane)));
  return {
    acknowledged,
    unknown: () => unknown,
    more: async (maxMs = MORE_MAX_MS) => {
      const { length } = acknowledged;
      for (const untilMs = performance.now() + maxMs; acknowledged.length === length; await sleep(20)) if (performance.now() > untilMs) throw new Error(`nothing was written for ${maxMs} ms`);
    },
    stop: async () => {
      stopped = true;
      await writing;
      for (const member of members) member.close();
    },
  };
}
