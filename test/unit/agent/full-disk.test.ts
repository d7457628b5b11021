import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { isDiskFull, isReadOnly } from '../../../agent/core/disk-full.ts';
import { FactsWatch } from '../../../agent/facts/facts-watch.ts';
import { LiveAgent } from '../../../agent/live-agent.ts';
import type { OpenHost } from '../../../agent/open-host.ts';
import { acceptAssignment } from '../../../agent/runner/accept-assignment.ts';
import { AssignmentFiles } from '../../../agent/runner/assignment-files.ts';
import { journalFolder, openHostJournal } from '../../../agent/runner/host.ts';
import { JournalReader } from '../../../agent/runner/journal-reader.ts';
import { recordPermit } from '../../../agent/runner/record-permit.ts';
import type { AgentMessage } from '../../../shared/wire/messages.ts';
import { AgentBench } from '../../support/agent-bench.ts';
import { BARE_HOST } from '../../support/example-facts.ts';

let bench: AgentBench;
beforeEach(() => {
  bench = new AgentBench();
});
afterEach(() => rmSync(bench.stateDir, { recursive: true, force: true }));

/** What is written beside this file before it is renamed meets a disk without room. */
function fill(...path: readonly string[]): () => void {
  const draft = `${join(bench.stateDir, 'assignments', '1', ...path)}.new`;
  mkdirSync(join(draft, '..'), { recursive: true });
  symlinkSync('/dev/full', draft);
  return () => rmSync(draft);
}

test('what counts as a full disk', () => {
  const error = (code: string) => Object.assign(new Error('x'), { code });
  expect(['ENOSPC', 'EDQUOT'].map((code) => isDiskFull(error(code)))).toEqual([true, true]);
  expect([error('EIO'), error('EROFS'), new Error('ENOSPC'), { code: 'ENOSPC' }, null, undefined, 'ENOSPC'].filter(isDiskFull)).toEqual([]);
});

test('a disk that cannot be written is another thing, and no reason to end either', async () => {
  const error = Object.assign(new Error('EROFS: read-only file system, open'), { code: 'EROFS' });
  expect([isReadOnly(error), isDiskFull(error), isReadOnly(new Error('EROFS'))]).toEqual([true, false, false]);
  const host = { ...bench.host, verify: () => { throw error; } } as unknown as OpenHost;
  const boot = { machineId: '', osRelease: '', kernel: '', architecture: 'amd64', bootId: 'boot-1' };
  const reader = new JournalReader(journalFolder(bench.stateDir), { ...bench.host.journalFiles, syncFile: () => { throw error; } });
  const agent = new LiveAgent(host, reader, bench.units, boot, new FactsWatch(async () => ({ read: async () => BARE_HOST, readMember: async (facts) => facts }), bench.host), 'v');
  const replies: AgentMessage[] = [];
  await agent.received({ assignment: bench.assignment() }, (message) => void replies.push(message));
  expect(replies).toMatchObject([{ refusal: { reason: 'disk-read-only', detail: expect.stringMatching(/cannot be written .*mount it anew/) as string } }]);
  // What lies there can still be read and reported.
  await acceptAssignment(bench.assignment(), bench.host);
  reader.refresh();
  expect(reader.records.map(({ kind }) => kind)).toEqual(['accepted']);
});

describe('an assignment', () => {
  test('that cannot be kept is refused, journaled and over; with room a newer one is taken', async () => {
    const makeRoom = fill('assignment.dsse.json');
    const refused = await acceptAssignment(bench.assignment(), bench.host);
    expect(refused).toMatchObject({ kind: 'refused', journaled: true, outcome: { code: 'disk-full', message: expect.stringContaining('nothing was changed. Free space on this host') as string } });
    expect(bench.kinds()).toBe('refused:disk-full');
    makeRoom();
    expect(await acceptAssignment(bench.assignment({ generation: 2 }), bench.host)).toEqual({ kind: 'accepted', generation: 2 });
  });

  test('whose permit cannot be kept is given up, and its permit is worth nothing later', async () => {
    await acceptAssignment(bench.assignment(), bench.host);
    await bench.work(1, 'stage');
    const makeRoom = fill('permit.json');
    expect(await recordPermit(bench.permit(bench.digest()), bench.question(), bench.host)).toMatchObject({ kind: 'refused', outcome: { code: 'disk-full' } });
    makeRoom();
    expect(await recordPermit(bench.permit(bench.digest()), bench.question(), bench.host)).toMatchObject({ kind: 'refused', outcome: { code: 'generation-stale' } });
    expect(bench.kinds()).toMatch(/refused:disk-full$/);
    await bench.work(1, 'activate');
    expect(bench.did.filter((what) => what.startsWith('apply'))).toEqual([]);
  });

  test('what its programs print is dropped rather than the work', () => {
    const files = new AssignmentFiles(bench.stateDir);
    mkdirSync(join(bench.stateDir, 'assignments', '1', 'steps', '0'), { recursive: true });
    symlinkSync('/dev/full', join(bench.stateDir, 'assignments', '1', 'steps', '0', 'output.log'));
    expect(() => files.output(1, 0)('unpacking hoofd\n')).not.toThrow();
  });
});

describe('the journal', () => {
  test('has room for its next records before they are written, and none of it shows', () => {
    const opened = openHostJournal(bench.host, 0);
    if (!opened.ok) throw new Error(opened.error.message);
    const path = join(bench.stateDir, 'journal', 'journal.log');
    const { size, blocks } = statSync(path);
    expect(size).toBe(0);
    // Some four hundred records; a file system that cannot give room ahead of time would show none.
    expect(blocks * 512).toBeGreaterThanOrEqual(64 * 1024);
    opened.journal.append([{ kind: 'refused', rollout: 'r', generation: 1, epoch: 1, digest: '', step: -1, stepName: '', attempt: 0, payloadDigest: '', outcome: null }]);
    opened.journal.close();
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(2);
  });

  test('keeps everything where there is no room to forget', () => {
    const opened = openHostJournal(bench.host, 0);
    if (!opened.ok) throw new Error(opened.error.message);
    const entry = { kind: 'done' as const, rollout: 'r', epoch: 1, digest: '', step: -1, stepName: '', attempt: 0, payloadDigest: '', outcome: null };
    opened.journal.append(Array.from({ length: 30 }, (_, index) => ({ ...entry, generation: index + 1 })));
    opened.journal.close();
    const path = join(bench.stateDir, 'journal', 'journal.log');
    const before = readFileSync(path);
    symlinkSync('/dev/full', `${path}.new`);
    const again = openHostJournal(bench.host, 0);
    expect(again.ok && again.journal.records.length).toBe(30);
    if (again.ok) again.journal.close();
    expect(readFileSync(path)).toEqual(before);
    const later = openHostJournal(bench.host, 0);
    expect(later.ok && later.journal.records.length).toBe(20);
    if (later.ok) later.journal.close();
  });
});

test('the trick of these tests works: /dev/full takes no byte', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'farrier-full-')), 'file');
  symlinkSync('/dev/full', path);
  expect(() => writeFileSync(path, 'x')).toThrow(/ENOSPC/);
  rmSync(join(path, '..'), { recursive: true });
});
