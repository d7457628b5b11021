import type { NodeName } from '../../shared/domain/ids.ts';
import { systemClock } from '../../shared/ports/system-clock.ts';
import { systemdEtcdHost } from '../adapters/etcd/systemd-etcd-host.ts';
import { runProgram } from '../adapters/run-program.ts';
import { hostFiles } from '../facts/host-files.ts';
import { HostFactsReader } from '../facts/read-host-facts.ts';
import type { SnapshotSettings } from '../settings/snapshot-settings.ts';
import { findDatastore } from '../snapshots/local-datastore.ts';
import { LIVE_FOLDER } from '../snapshots/work/snapshot-places.ts';
import { snapshotState, type SnapshotState } from '../snapshots/work/snapshot-state.ts';
import { type Check, failed, type Finding, ok, warning } from './check.ts';

const FACTS_MAX_MS = 30_000;
/** An agent that runs begins one sooner. */
const LATE_MS = 30 * 60_000;
const EXAMPLE = '`snapshots: { every: 6h, recipients: [age1...] }` in /etc/farrier/agent.yaml';

/** Of a host that holds a copy of a datastore; of any other they have nothing to say. */
export function snapshotChecks(settings: SnapshotSettings, node: NodeName): readonly Check[] {
  return [
    {
      name: 'snapshots',
      run: async () => {
        const limit = AbortSignal.timeout(FACTS_MAX_MS);
        const found = await findDatastore(await new HostFactsReader(runProgram).read(limit), hostFiles(), systemdEtcdHost(runProgram), limit);
        if (!found.ok) return ok(found.message);
        const nowUnixMs = systemClock.wallUnixMs();
        return judgeSnapshots(settings, await snapshotState(settings, node, LIVE_FOLDER, nowUnixMs), nowUnixMs);
      },
    },
  ];
}

/** The worst of it. */
export function judgeSnapshots({ recipients, schedule, folder }: Pick<SnapshotSettings, 'recipients' | 'schedule' | 'folder'>, { records, problems, lastTaking, nextUnixMs }: SnapshotState, nowUnixMs: number): Finding {
  const at = (unixMs: number): string => new Date(unixMs).toISOString();
  const [newest] = records;
  if (lastTaking !== null && lastTaking.endedUnixMs !== null && lastTaking.code !== 'ok') return failed(`the last taking, at ${at(lastTaking.startedUnixMs)}, failed: ${lastTaking.message}`, 'mend what it names, then farrier-agent snapshot take');
  if (nextUnixMs !== null && nowUnixMs - nextUnixMs > LATE_MS && newest !== undefined) return failed(`none was taken since ${at(newest.takenUnixMs)}, and one has been due for long`, 'systemctl status farrier-agent: its agent takes them');
  if (problems.length > 0) return warning(`${folder} holds what is no whole snapshot: ${problems[0]?.message ?? ''}`, 'farrier-agent snapshot ls names all of it');
  if (schedule === null) return warning(`none is taken by itself; ${newest === undefined ? 'none lies here' : `the newest is of ${at(newest.takenUnixMs)}`}`, `write ${EXAMPLE}`);
  if (recipients.length === 0) return warning('what is taken is not sealed: whoever gets the disk has every Secret of the cluster', `run age-keygen on another machine and write ${EXAMPLE}`);
  if (newest === undefined) return warning('none was taken yet', 'farrier-agent snapshot take');
  if (newest.token?.sealed === null) return warning(`the newest lacks the server token of hash ${newest.token.hash}, and K3s starts on it with no other`, 'keep that token far from this host; it is carried where server/token holds it and recipients are set');
  const proved = records.find(({ proof }) => proof !== null);
  return ok(`${records.length} of them, the newest of ${at(newest.takenUnixMs)}, ${proved === undefined ? 'none proved on this host' : `the newest proved one of ${at(proved.takenUnixMs)}`}`);
}
