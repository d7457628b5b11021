import { describe, expect, test } from 'vitest';

import { classifyFailure, didAll } from '../../../../agent/adapters/rpm/classify-failure.ts';
import { inTheWay } from '../../../../agent/adapters/rpm/rehearse.ts';
import { keysOf, withChecks } from '../../../../agent/adapters/rpm/repo-files.ts';
import { configFilesIn } from '../../../../agent/adapters/rpm/rpm-file.ts';
import { rowsOf } from '../../../../agent/adapters/rpm/rpm-query.ts';
import { codeOf } from '../../../support/step-run.ts';

const said = (stderr: string, code = 1) => ({ code, stdout: '', stderr });

test('a script that failed is no success, whatever the exit code', () => {
  expect(didAll(said('', 0))).toBe(true);
  expect(didAll(said('warning: /etc/a.conf created as /etc/a.conf.rpmnew\n', 0))).toBe(true);
  const post = said('warning: %post(farrier-hoof-2:1.2-1.noarch) scriptlet failed, exit status 1\n', 0);
  expect(didAll(post)).toBe(false);
  expect(classifyFailure(post, 'apply-failed', 'installing').outcome).toMatchObject({ code: 'apply-failed', object: 'farrier-hoof' });
});

test.each([
  ["error: can't create transaction lock\nfarrier: the package system is locked by process 7 (dnf)", 'lock-held process 7 (dnf)'],
  ['installing package kubelet-1.34.2-1.x86_64 needs 40MB more space on the / filesystem', 'disk-full'],
  ['error: unpacking of archive failed on file /usr/bin/x: cpio: write failed - No space left on device', 'disk-full'],
  ['Package hoof-1.1-1.noarch.rpm is not signed\nError: GPG check FAILED', 'not-allowed'],
  ["Warning: File 'repomd.xml' from repository 'lab' is unsigned.", 'not-allowed'],
  ['error: rpmdb: BDB0113 Thread/process 1/2 failed: BDB1507 Thread died in Berkeley DB library', 'package-system-broken'],
  ['Error: \n Problem: conflicting requests\n  - nothing provides anvil needed by hoof-1.4-1.noarch', 'version-not-found'],
])('%j is %s', (stderr, code) => {
  expect(codeOf(classifyFailure(said(stderr), 'version-not-found', 'doing it'))).toBe(code);
});

test('the cause is told in the words of who failed', () => {
  const dnf = classifyFailure(said('Last metadata check: 0:00:02 ago\nError: \n Problem: conflicting requests\n  - nothing provides anvil needed by hoof-1.4-1.noarch\n(try something)'), 'version-not-found', 'finding');
  expect(dnf.outcome.message).toContain('nothing provides anvil needed by hoof-1.4-1.noarch');
  expect(dnf.outcome.message).not.toContain('metadata');
});

describe('packages in the way of a transaction', () => {
  const installed = [{ name: 'nail', version: '1.0-1' }, { name: 'farrier-anvil', version: '2:1-1' }];
  test.each([
    ['error: Failed dependencies:\n\tnail conflicts with hoof-1.3-1.noarch\n', ['nail']],
    ['error: Failed dependencies:\n\thoof conflicts with (installed) farrier-anvil-2:1-1.noarch\n', ['farrier-anvil']],
    ['error: Failed dependencies:\n\tnail = 1.0 is needed by (installed) farrier-anvil-2:1-1.noarch\n', ['farrier-anvil']],
    // Nothing that is there would have to go for it.
    ['error: Failed dependencies:\n\tlibx is needed by hoof-1.3-1.noarch\n', []],
    ['error: open of x failed\n', []],
  ])('%j', (stderr, names) => {
    expect(inTheWay(stderr, installed)).toEqual(names);
  });
});

test('names carry an architecture where it is not the host’s own, versions an epoch where they have one', () => {
  expect(rowsOf('a\tx86_64\t1-1\nb\tnoarch\t0:2-1\nc\ti686\t3:1-1\n\n', 'x86_64')).toEqual([{ name: 'a', version: '1-1' }, { name: 'b', version: '2-1' }, { name: 'c:i686', version: '3:1-1' }]);
});

test('configuration files are told from others and from ghosts', () => {
  expect(configFilesIn('17\tab\t/etc/a\n0\tcd\t/usr/bin/a\n1\tef\t/etc/b c\n65\t\t/etc/ghost\nhoof\tnoarch\t1-1\n')).toEqual([{ path: '/etc/a', hex: 'ab' }, { path: '/etc/b c', hex: 'ef' }]);
});

test.each([
  ['[a]\ngpgkey=file:///etc/a.asc\n', ['file:///etc/a.asc']],
  ['[a]\ngpgkey = file:///a, file:///b\n   https://c/d\nbaseurl=x\n[b]\ngpgkey=file:///e\n', ['file:///a', 'file:///b', 'https://c/d', 'file:///e']],
  ['[a]\n#gpgkey=file:///a\ngpgkey=\nenabled=1\n', []],
])('the keys of %j', (text, keys) => {
  expect(keysOf(text)).toEqual(keys);
});

test.each([
  ['[a]\nbaseurl=x\n', '[a]\ngpgcheck=1\nbaseurl=x\n'],
  ['# mine\n\n[a]\ngpgcheck = 0\n[b]\nrepo_gpgcheck=1\n[c]', '# mine\n\n[a]\ngpgcheck = 0\n[b]\ngpgcheck=1\nrepo_gpgcheck=1\n[c]\ngpgcheck=1\n'],
])('%j is checked where it does not say otherwise', (text, checked) => {
  expect(withChecks(text)).toBe(checked);
});
