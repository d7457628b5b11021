import { Server } from '@grpc/grpc-js';
import { join } from 'node:path';

import type { NodeName } from '../shared/domain/ids.ts';
import type { Clock } from '../shared/ports/clock.ts';
import type { Logger } from '../shared/ports/logger.ts';
import type { Random } from '../shared/ports/random.ts';
import { farrier } from '../shared/wire/protocol.ts';
import { ArtifactFolder } from './adapters/artifact-folder.ts';
import { CopyFolder } from './adapters/copy-folder.ts';
import { openObjectStores } from './adapters/object-store/open-object-stores.ts';
import { snapshotBytes } from './adapters/snapshot-bytes.ts';
import { AuditLog } from './api/audit.ts';
import { fleetHandlers } from './api/fleet-handlers.ts';
import { certificateGate, localGate } from './api/gates.ts';
import { RefusalLog } from './api/refusal-log.ts';
import { AgentLinkService } from './gateway/agent-link-service.ts';
import { artifactHandlers } from './gateway/artifact-service.ts';
import { copyHandlers } from './gateway/copy-service.ts';
import { auditAgentRefusal, auditingAuthenticator } from './gateway/audit-refusals.ts';
import { certificateAuthenticator } from './gateway/authenticate.ts';
import { serveEnrollment } from './gateway/enrollment-service.ts';
import { bindLocalSocket } from './gateway/local-socket.ts';
import { recheckSessions } from './gateway/recheck-sessions.ts';
import { mutualTlsCredentials } from './gateway/tls.ts';
import { openApiNodes } from './kubernetes/api-nodes.ts';
import type { DatastoreProof } from './ports/datastore-proof.ts';
import type { Drain } from './ports/drain.ts';
import type { EventStore } from './ports/event-store.ts';
import { admitNode, approvedNode, expelNode, rejectedNode } from './runtime/change-members.ts';
import { CommandSigner } from './runtime/command-signer.ts';
import { Controller } from './runtime/controller.ts';
import { DatastoreWork } from './runtime/datastore-work.ts';
import { DrainCalls } from './runtime/drain-calls.ts';
import { etcdTools } from './runtime/etcd-tools.ts';
import { FleetLog } from './runtime/fleet-log.ts';
import { Intake } from './runtime/intake.ts';
import { loadState } from './runtime/load-state.ts';
import { OutsideCopies } from './runtime/outside-copies.ts';
import { Performer } from './runtime/perform.ts';
import { raiseEpoch } from './runtime/raise-epoch.ts';
import { SnapshotCommands } from './runtime/snapshot-commands.ts';
import { SnapshotCopies } from './runtime/snapshot-copies.ts';
import { SnapshotIntake } from './runtime/snapshot-intake.ts';
import { SnapshotLog } from './runtime/snapshot-log.ts';
import { watchCluster } from './runtime/watch-cluster.ts';
import { watchCordons } from './runtime/watch-cordons.ts';
import { watchOutside } from './runtime/watch-outside.ts';
import { watchProofs } from './runtime/watch-proofs.ts';
import { watchSnapshots } from './runtime/watch-snapshots.ts';
import { WorkOnClusters } from './runtime/work-on-clusters.ts';
import type { CoordinatorSettings } from './settings/settings.ts';
import type { FleetKeys } from './trust/fleet-keys.ts';
import { publishTrust } from './trust/trust-publisher.ts';

export interface ServeParts {
  readonly settings: CoordinatorSettings;
  readonly keys: FleetKeys;
  readonly store: EventStore;
  /** Null: agents of the fleet prove datastores. */
  readonly proof: DatastoreProof | null;
  readonly drain: Drain;
  /** Names this process in the ledger. */
  readonly holder: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly ready: () => void;
}

/**
 * Leads the fleet until aborted: takes a new epoch, folds the store, opens the doors, ticks.
 * @throws Deposed, or what the store throws: then nothing in memory may be acted on any more and the process must end.
 */
export async function serveFleet(parts: ServeParts, signal: AbortSignal): Promise<void> {
  const { settings, keys, store, drain, holder, clock, random, logger } = parts;
  const stop = new AbortController();
  const ended = AbortSignal.any([signal, stop.signal]);
  const state = await loadState(store, settings.fleet, clock);
  const log = new FleetLog(store, state, clock);
  await raiseEpoch(state, log, holder, clock, state.ledger.epoch);
  logger.info('leading', { epoch: state.epoch, nodes: state.nodes.size, rollouts: state.rollouts.size });

  const audit = new AuditLog(store, clock);
  const refusals = new RefusalLog(audit, clock, logger);
  const authenticator = auditingAuthenticator(certificateAuthenticator({ fleet: settings.fleet, store, clock }), refusals);
  const intake = new Intake(state, log, clock, logger, () => controller.wake());
  await publishTrust({ store, keys, clock });
  const raiseAbove = async (above: number): Promise<void> => {
    await controller.command(async () => {
      // Many agents say so at once after a restore; each leader's epoch more makes commands under way worthless.
      if (state.epoch > above) return;
      await raiseEpoch(state, log, holder, clock, above);
      intake.epochRaised();
      logger.warn('the store is older than what agents or clusters have seen; epoch raised', { epoch: state.epoch });
    });
  };
  const signer = new CommandSigner(keys.planKey, clock);
  const snapshotLog = await SnapshotLog.open(store, clock);
  const snapshotCommands = new SnapshotCommands({ state, signer, clock, random, logger, sessions: { send: (node, message) => sessions.send(node, message) }, assertLeading: async () => await log.assertLeading() });
  const suspect = (node: NodeName, code: string): void => void auditAgentRefusal(refusals, node, code);
  const sessions = new AgentLinkService({
    state,
    intake,
    nameNode: async (call) => await authenticator.node(call),
    trust: async (above) => await publishTrust({ store, keys, clock }, above),
    raiseEpoch: raiseAbove,
    admit: async (node) => await controller.command(async () => await admitNode(state, store, node, clock)),
    opened: (node) => performer.forgetSent(node),
    refused: suspect,
    snapshots: new SnapshotIntake({ state, log: snapshotLog, commands: snapshotCommands, logger, suspect }),
    clock,
    logger,
  });
  const drains = new DrainCalls({ state, drain, clock, logger, changed: () => controller.wake() });
  const performer = new Performer({ state, log, sessions, signer, drains, clock, random, logger });
  const controller = new Controller(state, log, performer, clock, logger);

  const artifactsFolder = join(settings.dataFolder, 'artifacts');
  const artifacts = new ArtifactFolder(artifactsFolder);
  await artifacts.open();
  const copyFolder = new CopyFolder(join(settings.dataFolder, 'snapshots'));
  await copyFolder.open();
  const copies = new SnapshotCopies({ state, log: snapshotLog, folder: copyFolder, clock, logger });
  const outside = new OutsideCopies({ fleet: settings.fleet, stores: await openObjectStores(settings.objectStores, clock, random), log: snapshotLog, folder: copyFolder, keep: () => state.policy.snapshots.keep, clock, logger });
  const clusters = new WorkOnClusters(state, clock, () => controller.wake());
  const datastores = new DatastoreWork({ state, log: snapshotLog, agents: snapshotCommands, clusters, tools: async () => await etcdTools(settings, artifacts), clock, logger });
  const proof = parts.proof ?? datastores;

  const api = {
    ...{ state, store, log, controller, clock, random, keys, audit, artifacts, proof, drain, snapshots: snapshotLog, datastores, stopping: ended, bytes: snapshotBytes(copyFolder, artifacts) },
    enrollAddress: advertised(settings.advertise, settings.enrollListen),
    apiAddress: advertised(settings.advertise, settings.listen),
    expel: async (node: NodeName, why: string) => {
      await expelNode(store, node, why, clock);
      await sessions.spreadTrust();
      sessions.closeNode(node, 'this node was removed from the fleet; to come back, farrier-agent enroll --force with a new token');
    },
    approve: async (node: NodeName) => {
      const record = await approvedNode(store, node);
      if (record !== null) sessions.closeNode(node, 'another host was approved under this name; if this one shall be it, farrier-agent enroll --force');
      return record;
    },
    reject: async (node: NodeName) => await rejectedNode(store, node),
  };
  const main = new Server();
  main.addService(farrier.AgentLink.service, sessions.handlers);
  main.addService(farrier.Fleet.service, fleetHandlers(certificateGate(authenticator, audit, logger), api));
  main.addService(farrier.Artifacts.service, artifactHandlers({ authenticator, folder: artifactsFolder, copyFor: (node, sha256) => (copies.mayHave(node, sha256) ? copyFolder.pathOf(sha256) : null), logger }));
  main.addService(farrier.SnapshotCopies.service, copyHandlers({ authenticator, copies, folder: copyFolder, logger }));
  const local = new Server();
  local.addService(farrier.Fleet.service, fleetHandlers(localGate(audit, logger), api));

  await bind(main, settings.listen, keys);
  const enrollment = await serveEnrollment(
    settings.enrollListen,
    {
      ...{ store, keys, audit, clock, random },
      linkAddress: advertised(settings.advertise, settings.listen),
      enrolled: (node) => {
        const admitted = controller.command(async () => await admitNode(state, store, node, clock));
        admitted.catch((error: unknown) => logger.error('an enrolled node is not yet in the fleet; its first session brings it in', { node, error }));
      },
    },
    logger,
  );
  await bindLocalSocket(local, settings.adminSocket);
  parts.ready();
  logger.info('serving', { agents: settings.listen, enrollment: settings.enrollListen, socket: settings.adminSocket });

  void recheckSessions(sessions, { clock, logger }, ended);
  try {
    await Promise.race([
      controller.run(ended),
      watchCordons(drains, { state, clock, logger, raiseEpoch: raiseAbove }, ended),
      watchSnapshots({ state, log: snapshotLog, work: datastores, copies, clock, logger }, ended),
      ...(settings.objectStores.length === 0 ? [] : [watchOutside(outside, { clock, logger }, ended)]),
      watchProofs(proof, { state, clock, logger, changed: () => controller.wake() }, ended),
      ...(settings.kubeconfig === null ? [] : [watchCluster(await openApiNodes(settings.kubeconfig), { state, clock, logger, changed: () => controller.wake() }, ended)]),
    ]);
  } finally {
    stop.abort();
    drains.close();
    sessions.close();
    for (const server of [main, local, enrollment.server]) server.forceShutdown();
  }
}

async function bind(server: Server, address: string, keys: FleetKeys): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(address, mutualTlsCredentials(keys), (error) => (error === null ? resolve() : reject(error)));
  });
}

/** The name under which others reach us, with the port that we listen on. */
function advertised(name: string, listen: string): string {
  return `${name.includes(':') ? `[${name}]` : name}:${listen.slice(listen.lastIndexOf(':') + 1)}`;
}
