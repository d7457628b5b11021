import { redactLine } from '../../shared/domain/redact.ts';
import { systemClock } from '../../shared/ports/system-clock.ts';
import { AGENT_HOME, agentVersionsOnDisk } from '../adapters/agent-versions-on-disk.ts';
import { journalDurableFiles } from '../adapters/system-durable-files.ts';
import { openAssignment, type Progress } from '../core/progress.ts';
import { loadIdentity } from '../identity/load-identity.ts';
import { readLinkFailure } from '../link/link-failure.ts';
import { describeVersion, type VersionState } from '../runner/describe-version.ts';
import { JournalReader } from '../runner/journal-reader.ts';
import { journalFolder } from '../runner/host.ts';
import { LIVE_FOLDER } from '../snapshots/work/snapshot-places.ts';
import { snapshotState } from '../snapshots/work/snapshot-state.ts';
import { takingText } from './snapshot/taking-text.ts';
import { asVerb, complain, readOptions, settingsOf } from './read-options.ts';
import type { Verb } from './verb.ts';

const HELP = `Usage: farrier-agent status [--json]

What this host is doing, as its own journal says, and what a person can do about it. Needs no coordinator.

Example:
  farrier-agent status`;

export const verb: Verb = (_name, args) =>
  asVerb(async () => {
    const { values } = readOptions(args, {}, HELP);
    const { stateDir, snapshots } = await settingsOf(values);
    const loaded = await loadIdentity(stateDir);
    if (!loaded.ok) return complain(loaded.message);
    const { fleet, node, notAfterUnixMs } = loaded.identity;
    const agent = await describeVersion(agentVersionsOnDisk(AGENT_HOME, ''), stateDir);
    const reader = new JournalReader(journalFolder(stateDir), journalDurableFiles);
    if (reader.error !== null) return complain(`${reader.error.message}; ${reader.error.remedy}`);
    const open = openAssignment(reader.records);
    const linkFailure = readLinkFailure(stateDir);
    const nowUnixMs = systemClock.wallUnixMs();
    const { records, lastTaking, nextUnixMs } = await snapshotState(snapshots, node, LIVE_FOLDER, nowUnixMs);
    if (values['json'] === true) {
      const assignment = open === null ? null : { rollout: open.rollout, generation: open.generation, ...stateOf(open) };
      process.stdout.write(`${JSON.stringify({ fleet, node, certificateUntilUnixMs: notAfterUnixMs, journalRecords: reader.records.length, agent, linkFailure, assignment, snapshots: { newest: records[0] ?? null, lastTaking, nextUnixMs } })}\n`);
      return 0;
    }
    process.stdout.write(`node         ${node} in fleet ${fleet}\ncertificate  until ${new Date(notAfterUnixMs).toISOString()}\nagent        ${agentLine(agent)}\n`);
    if (linkFailure !== null) {
      const { why, remedy, sinceUnixMs } = linkFailure;
      process.stdout.write(`link         none since ${new Date(sinceUnixMs).toISOString()}: ${redactLine(why)}\nremedy       ${redactLine(remedy)}\n`);
    }
    if (lastTaking !== null || nextUnixMs !== null) {
      const [last, next] = takingText({ lastTaking, nextUnixMs }, nowUnixMs);
      process.stdout.write(`snapshots    the last ${last}\nnext one     ${next}\n`);
    }
    if (open === null) {
      process.stdout.write('assignment   none is open: nothing is being changed\n');
    } else {
      const { state, next } = stateOf(open);
      process.stdout.write(`assignment   ${open.generation} of rollout ${open.rollout}: ${state}\nnext         ${next}\n`);
    }
    return 0;
  });

function agentLine({ current, beside, provedUnixMs, upgradedBy }: VersionState): string {
  const proof = provedUnixMs === null ? 'not proved by a session yet' : `proved by a session at ${new Date(provedUnixMs).toISOString()}`;
  const others = beside.length === 0 ? '' : `; ${beside.join(', ')} ${beside.length === 1 ? 'lies' : 'lie'} beside it`;
  return `${current ?? 'no complete version'}, ${proof}${others}${upgradedBy === null ? '' : `; being upgraded by ${upgradedBy}`}`;
}

function stateOf(progress: Progress): { readonly state: string; readonly next: string } {
  const { end, begun, staged, permit, direction } = progress;
  if (end?.outcome.code === 'past-no-return') return { state: `held: ${end.outcome.message}`, next: 'mend what it names, then farrier-agent finish; farrier-agent release leaves the host as it is' };
  if (end?.kind === 'needs-a-person') return { state: `needs a person: ${end.outcome.message}`, next: 'mend what it names, then farrier-agent finish, revert or release' };
  if (begun) return { state: direction === 'forward' ? 'changing the host' : 'putting the host back', next: 'it finishes or reverts by itself; farrier-agent journal shows each step' };
  if (permit !== null) return { state: 'permitted', next: 'it begins' };
  return staged ? { state: 'staged, nothing changed', next: 'it waits for a slot; farrier-agent release gives it up' } : { state: 'staging, nothing changed', next: 'it downloads and verifies' };
}
