import { hostname } from 'node:os';

import { systemClock } from '../../shared/ports/system-clock.ts';
import { systemRandom } from '../../shared/ports/system-random.ts';
import { failure } from '../../shared/trust/failure.ts';
import { connectArtifacts } from '../adapters/connect-artifacts.ts';
import { connectCopies } from '../adapters/connect-copies.ts';
import { linkArtifacts } from '../adapters/link-artifacts.ts';
import { grpcEtcdMember } from '../adapters/etcd/grpc-etcd-member.ts';
import { grpcEtcdSocket } from '../adapters/etcd/grpc-etcd-socket.ts';
import { systemdEtcdHost } from '../adapters/etcd/systemd-etcd-host.ts';
import { runProgram } from '../adapters/run-program.ts';
import { hostScratchPrograms } from '../adapters/scratch-programs/host-scratch-programs.ts';
import { hostFiles } from '../facts/host-files.ts';
import { HostFactsReader } from '../facts/read-host-facts.ts';
import { type AgentIdentity, loadIdentity } from '../identity/load-identity.ts';
import { loadTrust } from '../identity/trust-store.ts';
import { verifyCommand } from '../identity/verify-command.ts';
import { CACHE_DIR } from '../settings/cache-dir.ts';
import type { AgentSettings } from '../settings/settings.ts';
import { CommandFolder } from '../snapshots/commands/command-folder.ts';
import type { CommandHost } from '../snapshots/commands/command-host.ts';
import { hostIdentity } from '../snapshots/host-identity.ts';
import { findDatastore } from '../snapshots/local-datastore.ts';
import { mayProveHere } from '../snapshots/prove/may-prove-here.ts';
import { runSnapshotWork } from '../snapshots/work/run-snapshot-work.ts';
import type { WorkHost } from '../snapshots/work/work-context.ts';
import { LIVE_FOLDER } from '../snapshots/work/snapshot-places.ts';
import { parseWork } from '../snapshots/work/work-text.ts';
import { asVerb, complain, misused, readOptions, settingsOf } from './read-options.ts';
import type { Verb } from './verb.ts';

const HELP = `Usage: farrier-agent snapshot-work --work WORK

Runs inside a transient unit that \`farrier-agent snapshot\` or the agent starts; not for people.

Example:
  farrier-agent snapshot take`;

export const verb: Verb = (_name, args) =>
  asVerb(async () => {
    const { values } = readOptions(args, { work: { type: 'string' } }, HELP);
    const work = parseWork(String(values['work'] ?? ''));
    if (work === null) throw misused('--work takes what `farrier-agent snapshot` hands over, and nothing else', HELP);
    const settings = await settingsOf(values);
    const stop = new AbortController();
    process.once('SIGTERM', () => stop.abort());
    const outcome = await runSnapshotWork(work, await workHost(settings), stop.signal);
    if (outcome.code !== 'ok') return complain(outcome.message);
    process.stdout.write(`${outcome.message}\n`);
    return 0;
  });

/** What an order is verified against, and what carries it out. */
async function ordersOf(settings: AgentSettings, identity: AgentIdentity): Promise<CommandHost> {
  const { stateDir, coordinator } = settings;
  const trusted = await loadTrust(stateDir, identity);
  return {
    commands: new CommandFolder(stateDir),
    verify: (envelope, payloadType) => (trusted.ok ? verifyCommand(trusted.document, envelope, payloadType, systemClock.wallUnixMs()) : failure('unsigned', trusted.message)),
    artifacts: linkArtifacts({ cacheDir: `${CACHE_DIR}/artifacts`, connect: () => connectArtifacts(settings), clock: systemClock }),
    connectCopies: async () => connectCopies(coordinator ?? identity.linkAddress, identity),
    hostIdentity: () => hostIdentity(stateDir),
  };
}

/** A host that is not enrolled takes snapshots too, and signs nothing. */
async function workHost(settings: AgentSettings): Promise<WorkHost> {
  const { stateDir, snapshots } = settings;
  const loaded = await loadIdentity(stateDir);
  const { node, fleet, keyPem } = loaded.ok ? loaded.identity : { node: hostname().toLowerCase(), fleet: '', keyPem: null };
  const facts = new HostFactsReader(runProgram);
  return {
    settings: snapshots, node, fleet, keyPem,
    findDatastore: async (signal) => await findDatastore(await facts.read(signal), hostFiles(), systemdEtcdHost(runProgram), signal),
    mayProve: async (signal) => mayProveHere(await facts.read(signal), { onControlPlane: snapshots.proveOnControlPlane }),
    memberOf: (place) => grpcEtcdMember(place, systemClock), memberAt: (socket) => grpcEtcdSocket(socket, systemClock), programs: hostScratchPrograms(),
    orders: loaded.ok ? await ordersOf(settings, loaded.identity) : null,
    liveFolder: LIVE_FOLDER, clock: systemClock, random: systemRandom,
  };
}
