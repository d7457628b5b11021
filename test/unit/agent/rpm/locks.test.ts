import { describe, expect, test } from 'vitest';

import { isLocked, lockAt, unlock } from '../../../../agent/adapters/rpm/versionlock.ts';
import * as zypp from '../../../../agent/adapters/rpm/zypp-locks.ts';

describe('versionlock.list of dnf', () => {
  test.each([
    ['kubelet-0:1.33.6-150500.1.1.*', 'kubelet', true],
    ['kubelet-1.33.6-150500.1.1', 'kubelet', true],
    ['kubelet-1.33*', 'kubelet', true],
    ['kube*-0:1.33.6-*', 'kubelet', true],
    ['farrier-hoof-1.0', 'farrier-hoof', true],
    // The name alone fits every version.
    ['kubelet', 'kubelet', false],
    ['!kubelet-0:1.33.6-150500.1.1.*', 'kubelet', false],
    ['# kubelet-0:1.33.6-150500.1.1.*', 'kubelet', false],
    ['kubelet-0:1.33.6-150500.1.1.*', 'kube', false],
    ['kubelet-0:1.33.6-150500.1.1.*', 'kubelet-extra', false],
    ['farrier-hoof-0:1.0-1.*', 'farrier', false],
    ['', 'kubelet', false],
  ])('%j locks %s: %s', (line, name, expected) => {
    expect(isLocked(`# mine\n${line}\n`, name)).toBe(expected);
  });

  const at = (version: string) => ({ name: 'kubelet', version });
  test.each([
    ['as its own plugin writes it', 'kubelet-0:1.33.6-1.*', 'kubelet-0:1.34.2-1.*'],
    ['with an architecture', 'kubelet-0:1.33.6-1.x86_64', 'kubelet-0:1.34.2-1.*'],
    ['of a whole minor', 'kubelet-1.33*', 'kubelet-0:1.34.2-1.*'],
    ['that fits both', 'kubelet-0:1.*', 'kubelet-0:1.*'],
    ['of two for one package', 'kubelet-0:1.33.5-1.*\nkubelet-0:1.33.6-1.*', 'kubelet-0:1.34.2-1.*'],
  ])('a lock %s goes along and comes back byte for byte', (_what, before, after) => {
    const list = `bash-0:5-1.*\n\n# Added lock\n${before}\n!x-0:1-1.*\n`;
    const moved = lockAt(list, at('1.34.2-1'));
    expect(moved.split('\n')).toContain(after);
    expect(isLocked(moved, 'kubelet')).toBe(true);
    expect(lockAt(moved, at('1.34.2-1'))).toBe(moved);
    expect(lockAt(moved, at('1.33.6-1'))).toBe(list);
    expect(lockAt(lockAt(moved, at('1.35.0-1')), at('1.34.2-1')).split('\n')).toContain(after);
  });

  test('a lock that somebody wrote in place of the moved one stays', () => {
    const list = '# farrier: was kubelet-0:1.33.6-1.*\nkubelet-1.34*\n';
    expect(lockAt(list, at('1.34.2-1'))).toBe(list);
  });

  test('an epoch is part of the version', () => {
    expect(lockAt('', { name: 'docker-ce', version: '3:28.3.2-1.el9' })).toBe('docker-ce-3:28.3.2-1.el9.*\n');
    expect(lockAt('docker-ce-3:28.3.2-1.el9.*\n', { name: 'docker-ce', version: '3:28.3.2-1.el9' })).toBe('docker-ce-3:28.3.2-1.el9.*\n');
  });

  test('a lock by a pattern of names is left to its owner', () => {
    expect(lockAt('kube*-0:1.33.6-1.*\n', at('1.34.2-1'))).toBe('kube*-0:1.33.6-1.*\n');
    expect(unlock('kube*-0:1.33.6-1.*\n', 'kubelet')).toBe('kube*-0:1.33.6-1.*\n');
  });

  test('what is not locked any more is taken out alone', () => {
    expect(unlock('# a\nkubelet-0:1.33.6-1.*\nkubeadm-0:1.33.6-1.*\n', 'kubelet')).toBe('# a\nkubeadm-0:1.33.6-1.*\n');
  });
});

describe('locks of zypper', () => {
  const paragraph = (name: string, type = 'package'): string => `type: ${type}\nmatch_type: glob\ncase_sensitive: on\nsolvable_name: ${name}\n\n`;

  test('one lock may name several packages: each is held, and it stays whole', () => {
    const locks = `\n${paragraph('kubelet\nsolvable_name: kubeadm')}`;
    expect([zypp.isLocked(locks, 'kubelet'), zypp.isLocked(locks, 'kubeadm'), zypp.isLocked(locks, 'kubectl')]).toEqual([true, true, false]);
    expect(zypp.lock(locks, 'kubeadm')).toBe(locks);
    expect(zypp.unlock(locks, 'kubeadm')).toBe(`\n${paragraph('kubelet')}`);
  });

  test.each([
    [paragraph('kubelet'), 'kubelet', true],
    [paragraph('kube*'), 'kubelet', true],
    [paragraph('kubelet', 'patch'), 'kubelet', false],
    [paragraph('kubelet'), 'kubeadm', false],
    ['', 'kubelet', false],
  ])('%j locks %s: %s', (text, name, expected) => {
    expect(zypp.isLocked(`\n${text}`, name)).toBe(expected);
  });

  test('one is added and taken away as zypper does it', () => {
    const one = `\n${paragraph('kubelet')}`;
    expect(zypp.lock('', 'kubelet').trim()).toBe(one.trim());
    expect(zypp.lock(one, 'kubelet')).toBe(one);
    expect(zypp.unlock(zypp.lock(one, 'kubeadm'), 'kubeadm')).toBe(one);
    expect(zypp.unlock(one, 'kubeadm')).toBe(one);
    expect(zypp.unlock(`\n${paragraph('kube*')}`, 'kubelet')).toBe(`\n${paragraph('kube*')}`);
  });
});
