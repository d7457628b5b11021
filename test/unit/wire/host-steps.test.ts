import { expect, test } from 'vitest';

import type { StepSpec } from '../../../shared/domain/step-spec.ts';
import { encode, farrier } from '../../../shared/wire/protocol.ts';
import { decodeSequence } from '../../../shared/wire/sequence-codec.ts';
import type { StepCodec } from '../../../shared/wire/steps/step-codec.ts';

type Step = ReturnType<StepCodec<StepSpec>['toWire']>;

const present = { path: '/etc/a', content: Buffer.from('x'), mode: 0o644, owner: 'root', group: 'root' };
const refuse = 'DRIFT_POLICY_REFUSE' as const;
const files = (...entries: NonNullable<NonNullable<Step['files']>['files']>): Step => ({ files: { files: entries, onDrift: refuse } });
const sysctl = (key: string, value = '1', config = 'net'): Step => ({ sysctl: { config, settings: [{ key, value }], onDrift: refuse } });
const modules = (...names: string[]): Step => ({ modules: { config: 'net', modules: names, onDrift: refuse } });

// What no plan could hold: whoever signed it, it becomes no path, no argument and no line of a file.
test.each<[string, string, Step]>([
  ['no files', 'files', files()],
  ['a relative path', 'files[0].path', files({ ...present, path: 'etc/a' })],
  ['a way out', 'files[0].path', files({ ...present, path: '/etc/../boot/a' })],
  ['a new line in a path', 'files[0].path', files({ ...present, path: '/etc/a\nb' })],
  ['the kernel’s', 'files[0].path', files({ ...present, path: '/proc/sys/kernel/panic' })],
  ['dpkg’s', 'files[0].path', files({ path: '/var/lib/dpkg/status', absent: true })],
  ['Farrier’s', 'files[0].path', files({ path: '/etc/farrier/hooks.d/x', absent: true })],
  ['Farrier’s settings of the kernel', 'files[0].path', files({ path: '/etc/sysctl.d/90-farrier-net.conf', absent: true })],
  ['set-user-ID', 'files[0].mode', files({ ...present, mode: 0o4755 })],
  ['no owner', 'files[0].owner', files({ ...present, owner: '' })],
  ['an owner like an option', 'files[0].owner', files({ ...present, owner: '-x' })],
  ['a group like a path', 'files[0].group', files({ ...present, group: '../x' })],
  ['too much content', 'files[0].content', files({ ...present, content: Buffer.alloc(256 * 1024 + 1) })],
  ['absent with content', 'files[0]', files({ path: '/etc/a', absent: true, content: Buffer.from('x') })],
  ['a path twice', 'files', files(present, present)],
  ['too much in all', 'files', files(...[0, 1, 2, 3, 4].map((number) => ({ ...present, path: `/etc/${number}`, content: Buffer.alloc(250 * 1024) })))],
  ['no word on drift', 'onDrift', { files: { files: [present] } }],
  ['a setting like a path out', 'settings[0].key', sysctl('net.//.x')],
  ['a setting without a dot', 'settings[0].key', sysctl('panic')],
  ['a pattern of settings', 'settings[0].key', sysctl('net.*.x')],
  ['two lines in a value', 'settings[0].value', sysctl('net.a', '1\nkernel.panic = 0')],
  ['a name like a path', 'config', sysctl('net.a', '1', '../a')],
  ['no modules', 'modules', modules()],
  ['a module like an option', 'modules[0]', modules('--remove')],
  ['a module with parameters', 'modules[0]', modules('a b=c')],
  ['a module twice', 'modules', modules('a', 'a')],
  ['a hook like a path', 'hook', { hook: { hook: '../sh' } }],
  ['a hidden hook', 'hook', { hook: { hook: '.x' } }],
  ['a new line in an argument', 'args[0]', { hook: { hook: 'x', args: ['a\nb'] } }],
  ['too many arguments', 'args', { hook: { hook: 'x', args: Array.from({ length: 33 }, () => 'a') } }],
])('%s is refused: %s', (_name, field, step) => {
  const found = decodeSequence(encode(farrier.Sequence, { steps: [{ name: 's', timeoutMs: 1, ...step }] }));
  expect(found).toMatchObject({ ok: false, error: { code: 'invalid-field', field: `steps[0].${field}` } });
});

test('what these are about is taken where it is right', () => {
  for (const step of [files(present, { path: '/etc/b', absent: true }), sysctl('net.ipv4.conf.enp3s0/200.rp_filter', '1 2'), modules('br_netfilter'), { hook: { hook: 'x', args: ['a b'] } }]) {
    expect(decodeSequence(encode(farrier.Sequence, { steps: [{ name: 's', timeoutMs: 1, ...step }] })).ok).toBe(true);
  }
});
