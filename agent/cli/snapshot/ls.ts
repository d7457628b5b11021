import type { SnapshotRecord } from '../../../shared/domain/snapshot.ts';
import { systemClock } from '../../../shared/ports/system-clock.ts';
import { sizeText } from '../../snapshots/size-text.ts';
import { seeWork } from '../../snapshots/work/live-work.ts';
import { LIVE_FOLDER } from '../../snapshots/work/snapshot-places.ts';
import { snapshotState } from '../../snapshots/work/snapshot-state.ts';
import { nodeName } from '../node-name.ts';
import { asVerb, complain, configDirOf, readOptions, settingsOf } from '../read-options.ts';
import { snapshotUnitsOf } from '../snapshot-units-of.ts';
import type { Verb } from '../verb.ts';
import { takingText } from './taking-text.ts';

const HELP = `Usage: farrier-agent snapshot ls [--json]

The snapshots on this host, the newest first, each with its proof and why it is kept; what does not belong there; how the
last taking ended and when the next is due. Reads sizes, not bytes: \`farrier-agent snapshot check\` reads those.

Example:
  farrier-agent snapshot ls --json`;

export const verb: Verb = (_name, args) =>
  asVerb(async () => {
    const { values } = readOptions(args, {}, HELP);
    if (process.getuid?.() !== 0) return complain('snapshots are for root: run it with sudo');
    const { stateDir, snapshots } = await settingsOf(values);
    const { records, kept, problems, lastTaking, nextUnixMs } = await snapshotState(snapshots, await nodeName(stateDir), LIVE_FOLDER, systemClock.wallUnixMs());
    const live = (await snapshotUnitsOf(stateDir, configDirOf(values)).isRunning()) ? seeWork(LIVE_FOLDER) : null;
    if (values['json'] === true) {
      process.stdout.write(`${JSON.stringify({ snapshots: records.map((record) => ({ ...record, kept: kept.get(record.id) ?? [] })), problems, lastTaking, nextUnixMs, doing: live?.doing ?? null })}\n`);
      return 0;
    }
    const rows = records.map((record) => [record.id, whenText(record.takenUnixMs), record.cluster, sizeText(record), proofText(record), (kept.get(record.id) ?? ['the next deletion takes it']).join(', ')]);
    print([['ID', 'TAKEN', 'CLUSTER', 'SIZE', 'PROVED', 'KEPT AS'], ...rows]);
    for (const { message } of problems) process.stdout.write(`problem  ${message}\n`);
    const [last, next] = takingText({ lastTaking, nextUnixMs }, systemClock.wallUnixMs());
    process.stdout.write(`last     ${last}\nnext     ${next}\n`);
    if (live !== null) process.stdout.write(`now      ${live.doing}\n`);
    return 0;
  });

function proofText({ proof }: SnapshotRecord): string {
  return proof === null ? 'no' : `${whenText(proof.provedUnixMs)} by ${proof.provedBy}`;
}

function whenText(unixMs: number): string {
  return new Date(unixMs).toISOString().replace(/\.\d+Z$/, 'Z');
}

function print(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_none, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const row of rows) process.stdout.write(`${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()}\n`);
}
