import { credentials } from '@grpc/grpc-js';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { noDrain } from '../../coordinator/adapters/no-drain.ts';
import { openSqliteStore } from '../../coordinator/adapters/sqlite-store.ts';
import type { Drain } from '../../coordinator/ports/drain.ts';
import type { EventStore } from '../../coordinator/ports/event-store.ts';
import { serveFleet } from '../../coordinator/serve-fleet.ts';
import type { CoordinatorSettings } from '../../coordinator/settings/settings.ts';
import { openKeys } from '../../coordinator/trust/open-keys.ts';
import type { Logger } from '../../shared/ports/logger.ts';
import { systemClock } from '../../shared/ports/system-clock.ts';
import { systemRandom } from '../../shared/ports/system-random.ts';
import type { FleetClient } from '../../shared/wire/messages.ts';
import { farrier } from '../../shared/wire/protocol.ts';
import { freePort } from './free-port.ts';
import { silentLogger } from './silent-logger.ts';

/** The whole coordinator in this process, on loopback, with a data folder of its own. */
export class RunningCoordinator {
  readonly dataFolder: string;
  readonly settings: CoordinatorSettings;
  readonly #logger: Logger;
  readonly #wrapStore: (store: EventStore) => EventStore;
  readonly #drain: Drain;
  #stop = new AbortController();
  #served: Promise<void> = Promise.resolve();
  #store: EventStore | null = null;
  #admin: FleetClient | null = null;

  private constructor(dataFolder: string, settings: CoordinatorSettings, logger: Logger, wrapStore: (store: EventStore) => EventStore, drain: Drain) {
    this.dataFolder = dataFolder;
    this.settings = settings;
    this.#logger = logger;
    this.#wrapStore = wrapStore;
    this.#drain = drain;
  }

  /** @param wrapStore what the coordinator gets in the store's place, where a test has to come between. */
  static async start(logger: Logger = silentLogger, wrapStore = (store: EventStore): EventStore => store, drain = noDrain): Promise<RunningCoordinator> {
    const folder = await mkdtemp(join(tmpdir(), 'farrier-coordinator-'));
    const settings: CoordinatorSettings = {
      ...{ fleet: 'test', dataFolder: join(folder, 'data'), advertise: 'localhost', adminSocket: join(folder, 'run', 'admin.sock') },
      listen: `127.0.0.1:${await freePort()}`,
      enrollListen: `127.0.0.1:${await freePort()}`,
      ...{ nats: null, natsMonitor: null, natsReplicas: 1, natsCredentials: null, natsTls: null, kubeconfig: null, etcdTools: {}, objectStores: [], logLevel: 'info' },
    };
    const coordinator = new RunningCoordinator(folder, settings, logger, wrapStore, drain);
    await coordinator.resume();
    return coordinator;
  }

  /** Starts again on the same folder, as systemd does after a crash. */
  async resume(): Promise<void> {
    const { settings } = this;
    const store = await openSqliteStore({ dataFolder: settings.dataFolder, clock: systemClock });
    const opened = await openKeys(settings.dataFolder, { fleet: settings.fleet, serverNames: ['localhost'], clock: systemClock, random: systemRandom });
    if (!opened.ok) throw new Error(opened.message);
    const stop = new AbortController();
    this.#stop = stop;
    this.#store = store;
    await new Promise<void>((ready, failed) => {
      const parts = { settings, keys: opened.keys, store: this.#wrapStore(store), proof: null, drain: this.#drain, holder: 'test', clock: systemClock, random: systemRandom, logger: this.#logger, ready };
      this.#served = serveFleet(parts, stop.signal);
      this.#served.catch(failed);
    });
  }

  async stop(): Promise<void> {
    this.#admin?.close();
    this.#admin = null;
    this.#stop.abort();
    await this.#served;
    await this.#store?.close();
  }

  async destroy(): Promise<void> {
    await this.stop();
    await rm(this.dataFolder, { recursive: true, force: true });
  }

  /** Root on the coordinator's host. */
  get admin(): FleetClient {
    this.#admin ??= new farrier.Fleet(`unix:${this.settings.adminSocket}`, credentials.createInsecure());
    return this.#admin;
  }
}
