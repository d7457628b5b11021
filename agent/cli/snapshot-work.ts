import { hostname } from 'node:os';

import { systemClock } from '../../shared/ports/system-clock.ts';
import { systemRandom } from '../../shared/ports/system-random.ts';
import { grpcEtcdMember } from '../adapters/etcd/grpc-etcd-member.ts';
import { grpcEtcdSocket } from '../adapters/etcd/grpc-etcd-socket.ts';
import { systemdEtcdHost } from '../adapters/etcd/systemd-etcd-host.ts';
import { runProgram } from '../adapters/run-program.ts';
import { hostScratchPrograms } from '../adapters/scratch-programs/host-scratch-programs.ts';
import { hostFiles } from '../facts/host-files.ts';
import { HostFactsReader } from '../facts/read-host-facts.ts';
import { loadIdentity } from '../identity/load-identity.ts';
import type { AgentSettings } from '../settings/settings.ts';
import { findDatastore } from '../snapshots/local-datastore.ts';
import { mayProveHere } from '../snapshots/prove/may-prove-here.ts';
import { runSnapshotWork, type WorkHost } from '../snapshots/work/run-snapshot-work.ts';
import { LIVE_FOLDER } from '../snapshots/work/snapshot-places.ts';
import type { SnapshotWork } from '../snapshots/work/snapshot-work.ts';
import { asVerb, complain, readOptions, settingsOf } from './read-options.ts';
import type { Verb } from './verb.ts';

const HELP = `Usage: farrier-agent snapshot-work --work WORK

Runs inside a transient unit that \`farrier-agent snapshot\` or the agent starts; not for people.

Example:
  farrier-agent snapshot take`;

export const verb: Verb = (_name, args) =>
  asVerb(async () => {
    const { values } = readOptions(args, { work: { type: 'string' } }, HELP);
    const settings = await settingsOf(values);
    // Only root starts units, and only this program writes what it reads here.
    const work = JSON.parse(Buffer.from(String(values['work']), 'base64url').toString('utf8')) as SnapshotWork;
    const stop = new AbortController();
    process.once('SIGTERM', () => stop.abort());
    const outcome = await runSnapshotWork(work, await workHost(settings), stop.signal);
    if (outcome.code !== 'ok') return complain(outcome.message);
    process.stdout.write(`${outcome.message}\n`);
    return 0;
  });

/** A host that is not enrolled takes snapshots too, and signs nothing. */
async function workHost({ stateDir, snapshots }: AgentSettings): Promise<WorkHost> {
  const loaded = await loadIdentity(stateDir);
  const { node, fleet, keyPem } = loaded.ok ? loaded.identity : { node: hostname().toLowerCase(), fleet: '', keyPem: null };
  const facts = new HostFactsReader(runProgram);
  return {
    settings: snapshots, node, fleet, keyPem,
    findDatastore: async (signal) => await findDatastore(await facts.read(signal), hostFiles(), systemdEtcdHost(runProgram), signal),
    mayProve: async (signal) => mayProveHere(await facts.read(signal), { onControlPlane: snapshots.proveOnControlPlane }),
    memberOf: (place) => grpcEtcdMember(place, systemClock), memberAt: (socket) => grpcEtcdSocket(socket, systemClock), programs: hostScratchPrograms(),
    liveFolder: LIVE_FOLDER, clock: systemClock, random: systemRandom,
  };
}
