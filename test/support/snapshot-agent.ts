import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { connectArtifacts } from '../../agent/adapters/connect-artifacts.ts';
import { connectCopies } from '../../agent/adapters/connect-copies.ts';
import { grpcEtcdMember } from '../../agent/adapters/etcd/grpc-etcd-member.ts';
import { grpcEtcdSocket } from '../../agent/adapters/etcd/grpc-etcd-socket.ts';
import { linkArtifacts } from '../../agent/adapters/link-artifacts.ts';
import { childScratchPrograms } from '../../agent/adapters/scratch-programs/child-scratch-programs.ts';
import { ALLOW_ALL } from '../../agent/core/allow-list.ts';
import { FactsWatch } from '../../agent/facts/facts-watch.ts';
import { enroll } from '../../agent/identity/enroll.ts';
import { serveSession } from '../../agent/link/session.ts';
import { LiveAgent } from '../../agent/live-agent.ts';
import { openHost, type OpenHost } from '../../agent/open-host.ts';
import type { WorkUnits } from '../../agent/ports/work-units.ts';
import { journalFolder, openHostJournal } from '../../agent/runner/host.ts';
import { JournalReader } from '../../agent/runner/journal-reader.ts';
import { DEFAULT_SNAPSHOTS, type SnapshotSettings } from '../../agent/settings/snapshot-settings.ts';
import { existingFolder } from '../../agent/snapshots/catalogue/open-folder.ts';
import { SnapshotCatalogue } from '../../agent/snapshots/catalogue/snapshot-catalogue.ts';
import { CommandFolder, folderState } from '../../agent/snapshots/commands/command-folder.ts';
import type { CommandHost } from '../../agent/snapshots/commands/command-host.ts';
import { SnapshotDuty } from '../../agent/snapshots/commands/snapshot-duty.ts';
import { hostIdentity } from '../../agent/snapshots/host-identity.ts';
import type { LocalDatastore } from '../../agent/snapshots/local-datastore.ts';
import { mayProveHere } from '../../agent/snapshots/prove/may-prove-here.ts';
import { seeWork } from '../../agent/snapshots/work/live-work.ts';
import { runSnapshotWork } from '../../agent/snapshots/work/run-snapshot-work.ts';
import type { WorkHost } from '../../agent/snapshots/work/work-context.ts';
import { snapshotPlaces } from '../../agent/snapshots/work/snapshot-places.ts';
import type { HostFacts } from '../../shared/domain/host-facts.ts';
import { systemClock } from '../../shared/ports/system-clock.ts';
import { systemRandom } from '../../shared/ports/system-random.ts';
import { silentLogger } from './silent-logger.ts';

export interface SnapshotAgentOrder {
  readonly enrollAddress: string;
  readonly token: string;
  readonly caHash: string;
  readonly facts: HostFacts;
  /** What lies on it; null: nothing. */
  readonly datastore: LocalDatastore | null;
  readonly toolsFolder: string;
  readonly settings?: Partial<SnapshotSettings>;
}

const NO_UNITS: WorkUnits = { start: async () => '', running: async () => null, stop: async () => undefined, kill: async () => undefined };
const BOOT = { bootId: 'boot', machineId: '', osRelease: 'test', kernel: '', architecture: 'amd64' };

/**
 * The real agent with a real session, but for systemd: what it would start as a unit runs in this process, with everything that
 * the unit does. Its facts are what the test says.
 */
export class SnapshotAgent {
  readonly node: string;
  readonly folder: string;
  readonly host: OpenHost;
  readonly live: LiveAgent;
  /** A unit begins, and ends as a crash would: without a word. */
  killUnits = false;
  /** What it was started for, one after another. */
  readonly started: string[] = [];
  #stop = new AbortController();
  #serving: Promise<void> = Promise.resolve();
  #working: Promise<unknown> | null = null;

  private constructor(node: string, folder: string, host: OpenHost, make: (agent: SnapshotAgent) => LiveAgent) {
    this.node = node;
    this.folder = folder;
    this.host = host;
    this.live = make(this);
  }

  static async enrolled(node: string, { facts, datastore, toolsFolder, settings: changes, ...order }: SnapshotAgentOrder): Promise<SnapshotAgent> {
    const folder = mkdtempSync(join(tmpdir(), 'farrier-agent-'));
    const stateDir = join(folder, 'state');
    const enrolled = await enroll({ ...order, name: node, machineId: '', stateDir, force: false, clock: systemClock }, AbortSignal.timeout(20_000));
    if (!enrolled.ok) throw new Error(enrolled.message);
    const opened = await openHost({ stateDir, allow: ALLOW_ALL }, silentLogger);
    if (!opened.ok) throw new Error(opened.message);
    const { host } = opened;
    const journal = openHostJournal(host, 0);
    if (journal.ok) journal.journal.close();
    const settings: SnapshotSettings = { ...DEFAULT_SNAPSHOTS, folder: join(folder, 'snapshots'), scratchFolder: join(folder, 'scratch'), toolsFolder, maxBytesPerS: null, ...changes };
    const told: HostFacts = { ...facts, snapshots: facts.snapshots === null ? null : { ...facts.snapshots, recipient: (await hostIdentity(stateDir)).recipient.text } };
    const commands = new CommandFolder(stateDir);
    const { taken } = snapshotPlaces(settings.folder);
    const catalogue = new SnapshotCatalogue(existingFolder(taken));
    const reader = new JournalReader(journalFolder(stateDir), host.journalFiles);
    const factsWatch = new FactsWatch(async () => ({ read: async () => told, readMember: async (known) => known }), host);
    await factsWatch.refresh();
    const workHost: WorkHost = {
      settings, node, fleet: host.fleet, keyPem: host.identity.keyPem, liveFolder: join(folder, 'run'), clock: systemClock, random: systemRandom, programs: childScratchPrograms,
      memberAt: (socket) => grpcEtcdSocket(socket, systemClock), memberOf: (place) => grpcEtcdMember(place, systemClock),
      findDatastore: async () => (datastore === null ? { ok: false, code: 'no-datastore', message: 'there is none' } : { ok: true, datastore }),
      mayProve: async () => mayProveHere(told, { onControlPlane: settings.proveOnControlPlane }),
      orders: {
        commands, hostIdentity: () => hostIdentity(stateDir), connectCopies: async () => connectCopies(host.identity.linkAddress, host.identity),
        verify: host.verify,
        artifacts: linkArtifacts({ cacheDir: join(folder, 'cache'), connect: () => connectArtifacts({ stateDir, coordinator: null }), clock: systemClock }),
      } satisfies CommandHost,
    };
    return new SnapshotAgent(node, folder, host, (agent) => {
      const duty = new SnapshotDuty({
        host, commands, journalEpoch: () => 0,
        start: async (id) => agent.#start(id, workHost),
        isRunning: async () => agent.#working !== null,
        catalogue: { state: () => folderState(taken), records: async () => (await catalogue.list()).records },
        doing: () => {
          const seen = seeWork(workHost.liveFolder);
          return seen === null || seen.outcome !== null ? null : { command: seen.work, doing: seen.doing };
        },
      });
      return new LiveAgent(host, reader, NO_UNITS, BOOT, factsWatch, 'test', duty);
    });
  }

  connect(): void {
    const stop = new AbortController();
    this.#stop = stop;
    const { caPem, keyPem, certificatePem, linkAddress } = this.host.identity;
    const target = { address: linkAddress, caPem: Buffer.from(caPem), keyPem: Buffer.from(keyPem), certificatePem: Buffer.from(certificatePem) };
    this.#serving = (async () => {
      while (!stop.signal.aborted) {
        await serveSession(target, this.live, stop.signal);
        if (!stop.signal.aborted) await systemClock.sleep(50);
      }
    })();
  }

  async disconnect(): Promise<void> {
    this.#stop.abort();
    await this.#serving;
  }

  /** Ends all that it does and removes what it has. */
  async dispose(): Promise<void> {
    await this.disconnect();
    await this.#working;
    rmSync(this.folder, { recursive: true, force: true });
  }

  #start(id: string, workHost: WorkHost): string {
    if (this.#working !== null) return 'running';
    this.started.push(id);
    if (this.killUnits) return '';
    this.#working = runSnapshotWork({ kind: 'command', id, by: 'command' }, workHost, new AbortController().signal).finally(() => (this.#working = null));
    return '';
  }
}
