import type { Clock } from '../../shared/ports/clock.ts';
import type { EventStore } from '../ports/event-store.ts';
import type { CoordinatorSettings } from '../settings/settings.ts';
import { openSqliteStore } from './sqlite-store.ts';

export interface OpenedStore {
  readonly events: EventStore;
  /** One sentence: what a power cut could lose. */
  readonly durability: string;
}

/** The embedded store, or JetStream where the settings name a server. @throws StoreError */
export async function openStore(settings: CoordinatorSettings, clock: Clock): Promise<OpenedStore> {
  if (settings.nats !== null) return await openNats(settings.nats, settings, clock);
  const events = await openSqliteStore({ dataFolder: settings.dataFolder, clock });
  return { events, durability: 'every commit is on disk before it is acknowledged; a power cut loses nothing acknowledged' };
}

/** Loads the client only here: a coordinator with one file never needs it. `servers` is a list with commas. */
async function openNats(servers: string, { fleet, natsMonitor, natsReplicas, natsCredentials, natsTls }: CoordinatorSettings, clock: Clock): Promise<OpenedStore> {
  const { openNatsStore } = await import('./nats-store.ts');
  const events = await openNatsStore({
    servers: servers.split(',').map((server) => server.trim()),
    ...{ fleet, clock, replicas: natsReplicas, monitorUrl: natsMonitor, credentialsFile: natsCredentials, tls: natsTls },
  });
  return { events, durability: await events.describeDurability() };
}
