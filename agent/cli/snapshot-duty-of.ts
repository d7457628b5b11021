import type { Epoch } from '../../shared/domain/ids.ts';
import type { OpenHost } from '../open-host.ts';
import type { AgentSettings } from '../settings/settings.ts';
import { existingFolder } from '../snapshots/catalogue/open-folder.ts';
import { SnapshotCatalogue } from '../snapshots/catalogue/snapshot-catalogue.ts';
import { CommandFolder, folderState } from '../snapshots/commands/command-folder.ts';
import { SnapshotDuty } from '../snapshots/commands/snapshot-duty.ts';
import { seeWork } from '../snapshots/work/live-work.ts';
import { LIVE_FOLDER, snapshotPlaces } from '../snapshots/work/snapshot-places.ts';
import { snapshotUnitsOf } from './snapshot-units-of.ts';

const DOING_MAX = 200;

/** What the agent does about snapshots, before its first session. */
export async function snapshotDutyOf({ stateDir, snapshots }: AgentSettings, configDir: string, host: OpenHost, journalEpoch: () => Epoch): Promise<SnapshotDuty> {
  const units = snapshotUnitsOf(stateDir, configDir);
  const { taken } = snapshotPlaces(snapshots.folder);
  const catalogue = new SnapshotCatalogue(existingFolder(taken));
  const duty = new SnapshotDuty({
    host, journalEpoch,
    commands: new CommandFolder(stateDir),
    start: (id) => units.start({ kind: 'command', id, by: 'command' }),
    isRunning: () => units.isRunning(),
    catalogue: { state: () => folderState(taken), records: async () => (await catalogue.list()).records },
    doing: () => {
      const live = seeWork(LIVE_FOLDER);
      return live === null || live.outcome !== null ? null : { command: live.work, doing: live.doing.slice(0, DOING_MAX) };
    },
  });
  await duty.open();
  return duty;
}
