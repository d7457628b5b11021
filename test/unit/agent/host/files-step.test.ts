import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { Accounts } from '../../../../agent/ports/accounts.ts';
import { besideOf } from '../../../../agent/steps/files/place-file.ts';
import { filesStep } from '../../../../agent/steps/files/files.ts';
import type { FilesSpec, ManagedFile } from '../../../../shared/domain/steps/files-spec.ts';
import { stepContext } from '../../../support/step-context.ts';
import { codeOf, runWhole, upToCapture } from '../../../support/step-run.ts';

const IDS: Readonly<Record<string, number>> = { root: 0, nobody: 65_534 };
const accounts: Accounts = { userId: async (name) => IDS[name] ?? null, groupId: async (name) => IDS[name] ?? null };

const base = mkdtempSync(join(tmpdir(), 'hostconf-'));
const etc = join(base, 'etc');
let output: string;
beforeEach(() => {
  output = '';
  mkdirSync(etc, { recursive: true });
});
afterEach(() => rmSync(base, { recursive: true }));

let folders = 0;
function context() {
  const folder = join(base, 'state', `step-${(folders += 1)}`);
  mkdirSync(folder, { recursive: true });
  return stepContext({ folder, output: (text) => { output += text; } });
}
const step = () => filesStep(accounts, { stateDir: join(base, 'state'), ownFolders: [join(base, 'state')] });
const file = (name: string, content: string, more: Partial<Extract<ManagedFile, { readonly state: 'present' }>> = {}): ManagedFile =>
  ({ path: join(etc, name), state: 'present', contentBase64: Buffer.from(content).toString('base64'), mode: 0o644, owner: 'root', group: 'root', ...more });
const absent = (name: string): ManagedFile => ({ path: join(etc, name), state: 'absent' });
const spec = (files: readonly ManagedFile[], onDrift: FilesSpec['onDrift'] = 'refuse'): FilesSpec => ({ kind: 'files', name: 'f', timeoutMs: 1_000, files, onDrift });
/** Everything below etc with content, mode, owner and time. */
const facts = (folder = etc): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted().map((name) => {
    const { mode, uid, gid, mtimeMs } = lstatSync(join(folder, name));
    const isFile = lstatSync(join(folder, name)).isFile();
    return `${name} ${mode.toString(8)} ${uid}:${gid} ${isFile ? `${mtimeMs} ${readFileSync(join(folder, name), 'latin1')}` : ''}`;
  });

function found(name: string, content: string, { mode = 0o600, uid = 1234 } = {}): void {
  writeFileSync(join(etc, name), content);
  chownSync(join(etc, name), uid, uid);
  chmodSync(join(etc, name), mode);
  utimesSync(join(etc, name), 1_000_000, 1_000_000);
}

const WANTED = [file('a.conf', 'new a'), file('deep/er/b.conf', 'new b', { mode: 0o640, owner: 'nobody' }), absent('c.conf'), file('empty', '')];

describe('there and back', () => {
  test('content, mode and owner are as asked; a revert leaves everything as it was found, twice as well as once', async () => {
    found('a.conf', 'old a');
    found('c.conf', 'old c', { mode: 0o444 });
    found('d.conf', 'not ours');
    const before = facts();
    const at = context();
    const { prior, code } = await runWhole(step(), spec(WANTED), at);
    expect(code).toBe('ok');
    expect(readFileSync(join(etc, 'a.conf'), 'utf8')).toBe('new a');
    expect(statSync(join(etc, 'deep/er/b.conf'))).toMatchObject({ mode: 0o100640, uid: 65_534, gid: 0 });
    expect(existsSync(join(etc, 'c.conf'))).toBe(false);
    expect(await step().check(spec(WANTED), at)).toEqual({ ok: true, state: 'satisfied' });
    expect(codeOf(await step().canRevert(spec(WANTED), prior, at))).toBe('ok');
    for (const _ of [1, 2]) {
      expect(codeOf(await step().revert(spec(WANTED), prior, at))).toBe('ok');
      expect(facts()).toEqual(before);
    }
    // What it remembered is as it was too: what was never managed cannot have drifted.
    found('a.conf', 'a person’s');
    expect(codeOf(await step().check(spec(WANTED), at))).toBe('ok');
  });

  test('a folder that somebody put something into stays, and that is said', async () => {
    const at = context();
    const { prior } = await runWhole(step(), spec(WANTED), at);
    found('deep/theirs', 'x');
    expect(codeOf(await step().revert(spec(WANTED), prior, at))).toBe('ok');
    expect(readdirSync(join(etc, 'deep'))).toEqual(['theirs']);
    expect(output).toContain('deep was made by this step and is not empty');
  });

  test('a copy that is gone is said before the revert, and by it', async () => {
    found('a.conf', 'old a');
    const at = context();
    const { prior } = await runWhole(step(), spec(WANTED), at);
    for (const name of readdirSync(join(at.folder, 'files'))) rmSync(join(at.folder, 'files', name));
    expect(codeOf(await step().canRevert(spec(WANTED), prior, at))).toBe(`prior-unavailable ${etc}/a.conf`);
    expect(codeOf(await step().revert(spec(WANTED), prior, at))).toBe(`revert-failed ${etc}/a.conf`);
  });
});

describe('killed in the middle', () => {
  /** Each instant as it lies on disk: after so many of the step's writes, with what a cut-off write leaves beside. */
  test.each([0, 1, 2, 3])('after %i files: applied again it ends new, reverted it ends old, and it never counts as drift', async (written) => {
    for (const way of ['apply', 'revert'] as const) {
      rmSync(base, { recursive: true });
      mkdirSync(etc, { recursive: true });
      found('a.conf', 'old a');
      found('c.conf', 'old c');
      // Managed before: only then can there be drift.
      expect((await runWhole(step(), spec([file('a.conf', 'first a'), file('c.conf', 'first c')]), context())).code).toBe('ok');
      const before = facts();
      const at = context();
      const prior = await upToCapture(step(), spec(WANTED), at);
      await step().apply(spec(WANTED.slice(0, written)), prior, at);
      if (written === 0) {
        // The file was put in place and its memory was not written.
        writeFileSync(join(etc, 'a.conf'), 'new a');
        chmodSync(join(etc, 'a.conf'), 0o644);
        writeFileSync(besideOf(join(etc, 'c.conf')), 'half');
      }
      expect(codeOf(await step().check(spec(WANTED), at))).toBe('ok');
      if (way === 'apply') {
        await step().apply(spec(WANTED), prior, at);
        expect(codeOf(await step().verify(spec(WANTED), prior, at))).toBe('ok');
      }
      expect(codeOf(await step().revert(spec(WANTED), prior, at))).toBe('ok');
      expect(facts()).toEqual(before);
      found('a.conf', 'somebody else’s');
      expect(codeOf(await step().check(spec(WANTED), at))).toBe(`drifted ${etc}/a.conf`);
    }
  });
});

describe('drift', () => {
  const ours = spec([file('a.conf', 'ours')]);
  const next = spec([file('a.conf', 'next'), file('b.conf', 'next')]);

  test.each<[string, () => void, RegExp]>([
    ['content', () => writeFileSync(join(etc, 'a.conf'), 'theirs'), /its content is another/],
    ['mode', () => chmodSync(join(etc, 'a.conf'), 0o600), /its mode is 0600, was 0644/],
    ['owner', () => chownSync(join(etc, 'a.conf'), 1, 2), /its owner is 1:2, was 0:0/],
    ['gone', () => rmSync(join(etc, 'a.conf')), /it is not there, it was a file/],
  ])('%s: refused when it is staged and before it is applied; overwritten where the plan says so, and put back', async (_name, change, words) => {
    expect((await runWhole(step(), ours, context())).code).toBe('ok');
    change();
    const drifted = facts();
    const at = context();
    const staged = await step().stage(next, at);
    expect(staged).toMatchObject({ ok: false, outcome: { code: 'drifted', object: join(etc, 'a.conf'), message: expect.stringMatching(words) as string } });
    expect(JSON.stringify(staged)).not.toContain('theirs');
    expect(codeOf(await step().check(next, at))).toBe(`drifted ${etc}/a.conf`);
    expect(facts()).toEqual(drifted);
    const overwrite = { ...next, onDrift: 'overwrite' as const };
    const { prior, code } = await runWhole(step(), overwrite, at);
    expect(code).toBe('ok');
    expect(codeOf(await step().revert(overwrite, prior, at))).toBe('ok');
    expect(facts()).toEqual(drifted);
    // It is drift as it was.
    expect(codeOf(await step().stage(next, at))).toBe(`drifted ${etc}/a.conf`);
  });

  test('what a person brought to exactly what is wanted is none, nor is what was never managed', async () => {
    expect((await runWhole(step(), ours, context())).code).toBe('ok');
    writeFileSync(join(etc, 'a.conf'), 'next');
    found('b.conf', 'a person’s');
    expect((await runWhole(step(), next, context())).code).toBe('ok');
  });

  test('what was to be absent and is there again', async () => {
    found('a.conf', 'x');
    expect((await runWhole(step(), spec([absent('a.conf')]), context())).code).toBe('ok');
    found('a.conf', 'again');
    expect(codeOf(await step().stage(next, context()))).toBe(`drifted ${etc}/a.conf`);
  });
});

describe('refused', () => {
  test.each<[string, ManagedFile, () => void]>([
    ['a link', file('a.conf', 'x'), () => symlinkSync('/etc/passwd', join(etc, 'a.conf'))],
    ['a link on the way', file('way/a.conf', 'x'), () => symlinkSync('/boot', join(etc, 'way'))],
    ['a folder', file('a.conf', 'x'), () => mkdirSync(join(etc, 'a.conf'))],
    ['a file on the way', file('way/a.conf', 'x'), () => found('way', 'x', { uid: 0 })],
    ['a folder of somebody', file('way/a.conf', 'x'), () => { mkdirSync(join(etc, 'way')); chownSync(join(etc, 'way'), 1000, 0); }],
    ['a folder that others write to', file('way/a.conf', 'x'), () => { mkdirSync(join(etc, 'way')); chmodSync(join(etc, 'way'), 0o777); }],
    ['a path of Farrier’s', { ...file('', 'x'), path: '/etc/farrier/agent.yaml' }, () => undefined],
    ['the kernel’s', { ...file('', 'x'), path: '/proc/sys/kernel/core_pattern' }, () => undefined],
  ])('%s', async (_name, wanted, make) => {
    make();
    const before = facts();
    for (const result of [await step().stage(spec([wanted]), context()), await step().check(spec([wanted]), context())]) {
      expect(codeOf(result)).toBe(`path-refused ${wanted.path}`);
      if (_name.startsWith('a link')) expect(JSON.stringify(result)).toMatch(/is a link to \/(?:boot|etc\/passwd); name the path without links/);
    }
    expect(facts()).toEqual(before);
  });

  test('what Farrier keeps, wherever an admin put it', async () => {
    expect(codeOf(await step().stage(spec([{ path: join(base, 'state/journal/journal.log'), state: 'absent' }]), context()))).toContain('path-refused');
  });

  test('an account that is not there, though not before its turn: a package may bring it', async () => {
    const wanted = spec([file('a.conf', 'x', { owner: 'etcd' })]);
    expect(codeOf(await step().stage(wanted, context()))).toBe('ok');
    expect(codeOf(await step().check(wanted, context()))).toBe('account-unknown etcd');
    expect(codeOf(await step().check(spec([file('a.conf', 'x', { group: 'etcd' })]), context()))).toBe('account-unknown etcd');
  });
});
