import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { modulesStep } from '../../../../agent/steps/kernel/modules.ts';
import { sysctlStep } from '../../../../agent/steps/kernel/sysctl.ts';
import type { ModulesSpec } from '../../../../shared/domain/steps/modules-spec.ts';
import type { SysctlSpec } from '../../../../shared/domain/steps/sysctl-spec.ts';
import { MemoryModules, MemorySettings } from '../../../support/memory-kernel.ts';
import { stepContext } from '../../../support/step-context.ts';
import { codeOf, runWhole, upToCapture } from '../../../support/step-run.ts';

let base: string;
let output: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'kernel-'));
  output = '';
  for (const name of ['etc', 'state', 'step', 'usr']) mkdirSync(join(base, name));
});
afterEach(() => rmSync(base, { recursive: true }));
const context = () => stepContext({ folder: join(base, 'step'), output: (text) => { output += text; } });

describe('sysctl', () => {
  const spec: SysctlSpec = { kind: 'sysctl', name: 's', timeoutMs: 1_000, config: 'net', settings: [{ key: 'net.a', value: '1' }, { key: 'net.range', value: '1024\t 65000' }], onDrift: 'refuse' };
  const path = () => join(base, 'etc/90-farrier-net.conf');
  const make = (kernel: MemorySettings) => sysctlStep(kernel, join(base, 'state'), [join(base, 'etc'), join(base, 'usr')]);
  const kernelOf = () => new MemorySettings({ 'net.a': '0', 'net.range': '32768 60999' });

  test('sets and keeps, and goes back to what the kernel had', async () => {
    const kernel = kernelOf();
    const { prior, code } = await runWhole(make(kernel), spec, context());
    expect(code).toBe('ok');
    expect([...kernel.values]).toEqual([['net.a', '1'], ['net.range', '1024 65000']]);
    expect(readFileSync(path(), 'utf8')).toContain('net.a = 1\n');
    expect(await make(kernel).check(spec, context())).toEqual({ ok: true, state: 'satisfied' });
    for (const _ of [1, 2]) expect(codeOf(await make(kernel).revert(spec, prior, context()))).toBe('ok');
    expect([...kernel.values]).toEqual([['net.a', '0'], ['net.range', '32768 60999']]);
    expect(existsSync(path())).toBe(false);
  });

  test('a value that somebody set by hand is set again, for the file alone says nothing of it', async () => {
    const kernel = kernelOf();
    const { prior } = await runWhole(make(kernel), spec, context());
    kernel.values.set('net.a', '0');
    expect(await make(kernel).check(spec, context())).toEqual({ ok: true, state: 'needed' });
    expect(codeOf(await make(kernel).verify(spec, prior, context()))).toBe('verify-failed net.a');
  });

  test('what the kernel refuses fails, and is put back', async () => {
    const kernel = kernelOf();
    kernel.refuse.add('net.range');
    const { prior, code } = await runWhole(make(kernel), spec, context());
    expect(code).toBe('apply-failed net');
    expect(kernel.values.get('net.a')).toBe('1');
    expect(codeOf(await make(kernel).revert(spec, prior, context()))).toBe('ok');
    expect(kernel.values.get('net.a')).toBe('0');
    kernel.values.set('net.range', '1 2');
    expect(codeOf(await make(kernel).revert(spec, prior, context()))).toBe('revert-failed net.range');
  });

  test('a setting that this kernel has not, and a file that somebody changed, are refused before anything is changed', async () => {
    const kernel = new MemorySettings({ 'net.a': '0' });
    expect(codeOf(await make(kernel).stage(spec, context()))).toBe('ok');
    expect(codeOf(await make(kernel).check(spec, context()))).toBe('setting-unknown net.range');
    await runWhole(make(kernelOf()), spec, context());
    writeFileSync(path(), 'net.a = 7\n');
    expect(codeOf(await make(kernelOf()).stage({ ...spec, settings: [] }, context()))).toBe(`drifted ${path()}`);
  });
});

describe('what a boot sets after it', () => {
  const spec: SysctlSpec = { kind: 'sysctl', name: 's', timeoutMs: 1_000, config: 'net', settings: [{ key: 'net.ipv4.conf.eth0/1.rp_filter', value: '1' }], onDrift: 'refuse' };
  test.each<[string, string, string, string]>([
    ['a later file with another value', 'etc/99-local.conf', 'net.ipv4.conf.eth0/1.rp_filter = 2', 'overridden'],
    ['with slashes, and a failure that is ignored', 'usr/99-vendor.conf', '-net/ipv4/conf/eth0.1/rp_filter=2', 'overridden'],
    ['with a wildcard', 'usr/99-vendor.conf', 'net.ipv4.conf.*.rp_filter = 0', 'overridden'],
    ['with a wildcard for another', 'usr/99-vendor.conf', 'net.ipv4.conf.*.rp_filter2 = 0', 'ok'],
    ['with the same value', 'etc/99-local.conf', 'net.ipv4.conf.eth0/1.rp_filter=1', 'ok'],
    ['an earlier file', 'etc/10-local.conf', 'net.ipv4.conf.eth0/1.rp_filter = 2', 'ok'],
    ['a comment', 'etc/99-local.conf', '# net.ipv4.conf.eth0/1.rp_filter = 2\n; net.ipv4.conf.eth0/1.rp_filter = 2', 'ok'],
    ['no file of settings', 'etc/99-local.conf.dpkg-old', 'net.ipv4.conf.eth0/1.rp_filter = 2', 'ok'],
  ])('%s', async (_name, path, text, expected) => {
    writeFileSync(join(base, path), text);
    const step = sysctlStep(new MemorySettings({ 'net.ipv4.conf.eth0/1.rp_filter': '0' }), join(base, 'state'), [join(base, 'etc'), join(base, 'usr')]);
    expect(codeOf(await step.stage(spec, context()))).toBe(expected === 'ok' ? 'ok' : 'setting-overridden net.ipv4.conf.eth0/1.rp_filter');
  });

  test('of one name the first folder has its say, and of several the last one', async () => {
    writeFileSync(join(base, 'usr/99-x.conf'), 'net.a = 5');
    const step = sysctlStep(new MemorySettings({ 'net.a': '0' }), join(base, 'state'), [join(base, 'etc'), join(base, 'usr')]);
    const wanted = { ...spec, settings: [{ key: 'net.a', value: '1' }] };
    expect(await step.stage(wanted, context())).toMatchObject({ outcome: { message: expect.stringContaining(`${join(base, 'usr/99-x.conf')} sets net.a to 5`) as string } });
    writeFileSync(join(base, 'etc/99-x.conf'), '# masked');
    expect(codeOf(await step.stage(wanted, context()))).toBe('ok');
    writeFileSync(join(base, 'etc/95-y.conf'), 'net.a = 5');
    writeFileSync(join(base, 'etc/99-x.conf'), 'net.a = 1');
    expect(codeOf(await step.stage(wanted, context()))).toBe('ok');
  });
});

describe('modules', () => {
  const spec: ModulesSpec = { kind: 'modules', name: 'm', timeoutMs: 1_000, config: 'net', modules: ['br-netfilter', 'overlay', 'ip_vs'], onDrift: 'refuse' };
  const path = () => join(base, 'etc/farrier-net.conf');
  const make = (kernel: MemoryModules) => modulesStep(kernel, join(base, 'state'), join(base, 'etc'));
  function kernelOf(): MemoryModules {
    const kernel = new MemoryModules({ br_netfilter: { needs: ['bridge'] }, bridge: {}, overlay: { builtIn: true }, ip_vs: {} });
    kernel.there.add('ip_vs');
    return kernel;
  }

  test('loads what is missing with what it needs, and takes out just that', async () => {
    const kernel = kernelOf();
    const { prior, code } = await runWhole(make(kernel), spec, context());
    expect(code).toBe('ok');
    expect([...kernel.there].toSorted()).toEqual(['br_netfilter', 'bridge', 'ip_vs']);
    expect(readFileSync(path(), 'utf8')).toMatch(/\nbr-netfilter\noverlay\nip_vs\n$/);
    expect(await make(kernel).check(spec, context())).toEqual({ ok: true, state: 'satisfied' });
    for (const _ of [1, 2]) expect(codeOf(await make(kernel).revert(spec, prior, context()))).toBe('ok');
    expect([...kernel.there]).toEqual(['ip_vs']);
    expect(existsSync(path())).toBe(false);
  });

  test('what was loaded before stays, also where the step needed it', async () => {
    const kernel = kernelOf();
    kernel.there.add('bridge');
    const { prior } = await runWhole(make(kernel), spec, context());
    await make(kernel).revert(spec, prior, context());
    expect([...kernel.there].toSorted()).toEqual(['bridge', 'ip_vs']);
  });

  test('what is in use by now stays, and that is said', async () => {
    const kernel = kernelOf();
    const { prior } = await runWhole(make(kernel), spec, context());
    kernel.inUse.add('br_netfilter');
    expect(codeOf(await make(kernel).revert(spec, prior, context()))).toBe('ok');
    expect([...kernel.there].toSorted()).toEqual(['br_netfilter', 'bridge', 'ip_vs']);
    expect(output).toContain('br_netfilter was loaded by this step and is in use');
  });

  test('cut off before it loaded anything, there is nothing to take out', async () => {
    const kernel = kernelOf();
    const prior = await upToCapture(make(kernel), spec, context());
    expect(codeOf(await make(kernel).revert(spec, prior, context()))).toBe('ok');
    expect([...kernel.there]).toEqual(['ip_vs']);
  });

  test('a module that is not there, and one that went away', async () => {
    const kernel = kernelOf();
    const unknown = { ...spec, modules: ['nope'] };
    expect(codeOf(await make(kernel).capture(unknown, context()))).toBe('module-unknown nope');
    const { prior } = await runWhole(make(kernel), spec, context());
    kernel.there.delete('br_netfilter');
    expect(codeOf(await make(kernel).verify(spec, prior, context()))).toBe('verify-failed br_netfilter');
  });
});
