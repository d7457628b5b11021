import type { Failure } from '../../../shared/trust/failure.ts';
import type { EtcdCode, EtcdPlace } from '../../ports/etcd.ts';
import { type EtcdClients, openEtcd } from './open-etcd.ts';

/** Where calls get the connections that they are made on. */
export interface EtcdConnections {
  take(place: EtcdPlace): Promise<EtcdClients | Failure<EtcdCode>>;
  /** Once for each that was taken. @param isWell the call was answered as it was asked */
  give(clients: EtcdClients, isWell: boolean): void;
}

/** A connection for each call: what was renewed is read, and nothing waits out a backoff. */
export const eachItsOwn: EtcdConnections = { take: openEtcd, give: (clients) => clients.close() };

interface Kept {
  readonly opening: Promise<EtcdClients | Failure<EtcdCode>>;
  users: number;
  isStale: boolean;
}

/**
 * One connection for each address, for who asks over and over: a handshake for each call would cost the agent more memory than
 * the rest of it. After a call that failed, the next one opens a new one.
 */
export function keptConnections(): EtcdConnections {
  const byEndpoint = new Map<string, Kept>();
  const users = new Map<EtcdClients, Kept>();
  const drop = (endpoint: string, kept: Kept): void => {
    kept.isStale = true;
    if (byEndpoint.get(endpoint) === kept) byEndpoint.delete(endpoint);
  };
  return {
    take: async (place) => {
      const kept = byEndpoint.get(place.endpoint) ?? { opening: openEtcd(place), users: 0, isStale: false };
      byEndpoint.set(place.endpoint, kept);
      kept.users += 1;
      const clients = await kept.opening;
      if ('ok' in clients) drop(place.endpoint, kept);
      else users.set(clients, kept);
      return clients;
    },
    give: (clients, isWell) => {
      const kept = users.get(clients);
      if (kept === undefined) throw new Error(`a connection to ${clients.endpoint} is given back that nobody took`);
      kept.users -= 1;
      if (!isWell) drop(clients.endpoint, kept);
      // Others may be in the middle of a call on it.
      if (!kept.isStale || kept.users > 0) return;
      users.delete(clients);
      clients.close();
    },
  };
}
