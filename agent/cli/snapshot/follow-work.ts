import { randomUUID } from 'node:crypto';

import { systemClock } from '../../../shared/ports/system-clock.ts';
import { seeWork } from '../../snapshots/work/live-work.ts';
import { readOutcomes, type SnapshotOutcome } from '../../snapshots/work/outcomes.ts';
import { LIVE_FOLDER, snapshotPlaces } from '../../snapshots/work/snapshot-places.ts';
import type { SnapshotWork } from '../../snapshots/work/snapshot-work.ts';
import { complain, configDirOf, EndVerb, settingsOf, type Values } from '../read-options.ts';
import { snapshotUnitsOf } from '../snapshot-units-of.ts';

type Asked = SnapshotWork extends infer Work ? (Work extends SnapshotWork ? Omit<Work, 'id' | 'by'> : never) : never;

const LOOK_EVERY_MS = 200;
/** Asking systemd starts a process each time. */
const ASK_EVERY_MS = 2_000;

/** Has it done in its own unit and shows how far it is; whoever interrupts this ends the showing, not the work. @throws EndVerb after saying why it cannot be done */
export async function followWork(asked: Asked, values: Values): Promise<SnapshotOutcome> {
  if (process.getuid?.() !== 0) throw new EndVerb(complain('snapshots are for root: run it with sudo'));
  const { stateDir, snapshots } = await settingsOf(values);
  const units = snapshotUnitsOf(stateDir, configDirOf(values));
  const work = { ...asked, id: randomUUID(), by: 'person' } as SnapshotWork;
  const refused = await units.start(work);
  if (refused === 'running') throw new EndVerb(complain('something else works on this host\'s snapshots; `farrier-agent snapshot ls` shows how far it is. Try again when it is done'));
  if (refused !== '') throw new EndVerb(complain(`systemd starts no unit for it: ${refused}`));
  process.once('SIGINT', () => {
    process.stderr.write('farrier-agent: it goes on without you; farrier-agent snapshot ls\n');
    process.exit(130);
  });
  const say = values['json'] === true ? () => undefined : newLines();
  let askedMs = systemClock.monotonicMs();
  for (;;) {
    await systemClock.sleep(LOOK_EVERY_MS);
    const live = seeWork(LIVE_FOLDER);
    if (live?.work === work.id && live.outcome !== null) return live.outcome;
    if (live?.work === work.id) say(live.doing);
    if (systemClock.monotonicMs() - askedMs < ASK_EVERY_MS) continue;
    askedMs = systemClock.monotonicMs();
    if (!(await units.isRunning())) return await endOf(work.id, snapshotPlaces(snapshots.folder).outcomes);
  }
}

/** Of a unit that is gone. */
async function endOf(work: string, path: string): Promise<SnapshotOutcome> {
  const live = seeWork(LIVE_FOLDER);
  const outcome = live?.work === work && live.outcome !== null ? live.outcome : (await readOutcomes(path)).find((each) => each.work === work && each.endedUnixMs !== null);
  if (outcome === undefined) throw new EndVerb(complain('it ended without a word, as when it is killed: journalctl -u farrier-snapshot says more; nothing was lost, run it again'));
  return outcome;
}

/** One line for each thing that is new: what only counts is shown once in a while. */
function newLines(): (doing: string) => void {
  let [shown, shownMs] = ['', -Infinity];
  return (doing) => {
    const nowMs = systemClock.monotonicMs();
    const isNew = doing.split(':')[0] !== shown.split(':')[0] || nowMs - shownMs >= ASK_EVERY_MS;
    if (doing === shown || !isNew) return;
    [shown, shownMs] = [doing, nowMs];
    process.stderr.write(`${doing}\n`);
  };
}
