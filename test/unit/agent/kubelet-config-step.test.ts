import { renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { kubeletConfigStep, type KubeletConfigPrior } from '../../../agent/steps/kubelet/kubelet-config.ts';
import type { KubeletConfigSpec, KubeletField } from '../../../shared/domain/steps/kubeadm-spec.ts';
import { KubeadmLab, kubeletConfigText, NEW } from '../../support/kubeadm-lab.ts';

let lab: KubeadmLab;
beforeEach(() => { lab = new KubeadmLab(); });
afterEach(() => lab.end());

const PODS: readonly KubeletField[] = [{ path: ['maxPods'], value: 150 }];
const step = () => kubeletConfigStep(lab);
const spec = (set = PODS): KubeletConfigSpec => ({ kind: 'kubelet_config', name: 'c', timeoutMs: 60_000, set, looks: 6, lookIntervalMs: 2000 });
const stateOf = (result: { readonly ok: boolean; readonly state?: string; readonly outcome?: { readonly code: string } }): string => (result.ok ? (result.state ?? 'ok') : (result.outcome?.code ?? ''));
const config = () => lab.read('var/lib/kubelet/config.yaml');

async function captured(): Promise<KubeletConfigPrior> {
  const result = await step().capture(spec(), lab.context());
  if (!result.ok) throw new Error(result.outcome.message);
  return result.prior;
}

describe('the file', () => {
  test.each<[string, readonly KubeletField[], (text: string) => string]>([
    ['one field, and every other byte as it was', PODS, (text) => text.replace('110', '150')],
    ['a field below others, with the comment beside it', [{ path: ['authentication', 'anonymous', 'enabled'], value: true }], (text) => text.replace('false #', 'true #')],
    ['a list', [{ path: ['clusterDNS'], value: ['10.0.0.1', '10.0.0.2'] }], (text) => text.replace('- 10.96.0.10\n', '- 10.0.0.1\n- 10.0.0.2\n')],
    ['a field in a mapping that was not there', [{ path: ['evictionHard', 'memory.available'], value: '200Mi' }], (text) => `${text}evictionHard:\n  memory.available: 200Mi\n`],
    ['text that looks like a number', [{ path: ['maxPods'], value: '150' }], (text) => text.replace('110', '"150"')],
  ])('%s', async (_, set, expected) => {
    expect(await step().apply(spec(set), await captured(), lab.context())).toEqual({ ok: true });
    expect(config()).toBe(expected(kubeletConfigText));
    expect(statSync(lab.configFile).mode & 0o7777).toBe(0o644);
    expect(lab.did).toEqual(['restart kubelet.service']);
  });

  test('a mapping that is written as nothing is filled', async () => {
    lab.write('var/lib/kubelet/config.yaml', `${kubeletConfigText}evictionHard:\n`);
    expect(await step().apply(spec([{ path: ['evictionHard', 'a'], value: 1 }]), await captured(), lab.context())).toEqual({ ok: true });
    expect(config()).toContain('evictionHard:\n  a: 1\n');
  });

  test.each<[string, string, readonly KubeletField[]]>([
    ['no file', '', PODS],
    ['another kind', 'kind: Other\nmaxPods: 1\n', PODS],
    ['no YAML', 'kind: KubeletConfiguration\n  x: [', PODS],
    ['a field below a value', kubeletConfigText, [{ path: ['maxPods', 'x'], value: 1 }]],
    ['a field that an alias shares with another', 'kind: KubeletConfiguration\na: &x { n: 1 }\nb: *x\n', [{ path: ['b', 'n'], value: 2 }]],
    ['a field that others share by an alias', 'kind: KubeletConfiguration\na: &x { n: 1 }\nb: *x\n', [{ path: ['a', 'n'], value: 2 }]],
  ])('%s is left to a person', async (_, text, set) => {
    if (text === '') rmSync(lab.configFile);
    else lab.write('var/lib/kubelet/config.yaml', text);
    expect(stateOf(await step().check(spec(set), lab.context()))).toBe('config-unreadable');
  });
});

describe('check', () => {
  test('needed, then satisfied; but not while the restart is still owed', async () => {
    const check = async (): Promise<string> => stateOf(await step().check(spec(), lab.context()));
    expect(await check()).toBe('needed');
    lab.restartSays = 'no';
    expect(stateOf(await step().apply(spec(), await captured(), lab.context()))).toBe('unit-crashed');
    expect(config()).toContain('maxPods: 150');
    expect(await check()).toBe('needed');
    lab.restartSays = '';
    expect(stateOf(await step().apply(spec(), await captured(), lab.context()))).toBe('ok');
    expect(await check()).toBe('satisfied');
    lab.unit = null;
    expect(await check()).toBe('unit-not-found');
  });
});

describe('verify', () => {
  test.each<[string, string, () => void]>([
    ['a kubelet on the new file', 'ok', () => undefined],
    ['a file without the fields', 'verify-failed', () => lab.write('var/lib/kubelet/config.yaml', kubeletConfigText)],
    ['a kubelet that was not restarted', 'verify-failed', () => { lab.unit = { ...lab.unit!, startedMs: 1000 }; }],
    ['a node that is not ready on it', 'node-not-ready', () => { lab.node = lab.nodeAt('1.33.5', { ready: false }); }],
    ['another version than was found', 'verify-failed', () => { lab.node = lab.nodeAt(NEW); }],
    ['a kubelet that crashes on it', 'unit-crashed', () => { lab.unit = { ...lab.unit!, activeState: 'failed' }; }],
  ])('%s: %s', async (_, expected, change) => {
    const prior = await captured();
    await step().apply(spec(), prior, lab.context());
    change();
    expect(stateOf(await step().verify(spec(), prior, lab.context()))).toBe(expected);
  });

  test('cut off after the restart, the kubelet has the time of a boot to find its container runtime', async () => {
    const ended = { activeState: 'activating', subState: 'auto-restart', mainPid: 0 } as const;
    const verified = async (bootedSince: boolean, upAfterMs: number): Promise<string> => {
      const prior = await captured();
      await step().apply(spec(), prior, lab.context());
      const [up, beganMs] = [lab.unit!, lab.nowMs];
      lab.unit = { ...up, ...ended };
      lab.onSleep = () => { if (lab.nowMs - beganMs >= upAfterMs) lab.unit = { ...up, restarts: 3 }; };
      return stateOf(await step().verify(spec(), prior, lab.context({ bootedSince })));
    };
    expect(await verified(true, 20_000)).toBe('ok');
    lab.write('var/lib/kubelet/config.yaml', kubeletConfigText, 0o644);
    expect(await verified(true, 200_000)).toBe('unit-crashed');
    lab.write('var/lib/kubelet/config.yaml', kubeletConfigText, 0o644);
    expect(await verified(false, 20_000)).toBe('verify-failed');
  });

  test('where the file was right all along, nothing had to be restarted', async () => {
    lab.write('var/lib/kubelet/config.yaml', kubeletConfigText.replace('110', '150'), 0o644);
    expect(await step().verify(spec(), await captured(), lab.context())).toEqual({ ok: true });
    expect(lab.did).toEqual([]);
  });
});

describe('going back', () => {
  test('the file is as it was and the kubelet runs on it; once', async () => {
    const before = lab.files();
    const prior = await captured();
    await step().apply(spec(), prior, lab.context());
    lab.did.length = 0;
    expect(await step().revert(spec(), prior, lab.context())).toEqual({ ok: true });
    expect(lab.files()).toEqual(before);
    expect(lab.did).toEqual(['restart kubelet.service']);
    expect(await step().revert(spec(), prior, lab.context())).toEqual({ ok: true });
    expect(lab.did).toEqual(['restart kubelet.service']);
  });

  test('cut off between the file and the restart, it restarts when it is called again', async () => {
    const prior = await captured();
    await step().apply(spec(), prior, lab.context());
    lab.restartSays = 'no';
    expect(stateOf(await step().revert(spec(), prior, lab.context()))).toBe('unit-crashed');
    expect(config()).toBe(kubeletConfigText);
    lab.restartSays = '';
    lab.did.length = 0;
    expect(await step().revert(spec(), prior, lab.context())).toEqual({ ok: true });
    expect(lab.did).toEqual(['restart kubelet.service']);
  });

  test('cut off before the new file got its name, nothing of it stays', async () => {
    const before = lab.files();
    const prior = await captured();
    lab.write('var/lib/kubelet/.config.yaml.farrier-new', 'half of it');
    expect(await step().revert(spec(), prior, lab.context())).toEqual({ ok: true });
    expect(lab.files()).toEqual(before);
  });

  test('a kubelet that did not run is stopped again', async () => {
    lab.unit = { ...lab.unit!, activeState: 'inactive', mainPid: 0 };
    const prior = await captured();
    await step().apply(spec(), prior, lab.context());
    expect(await step().revert(spec(), prior, lab.context())).toEqual({ ok: true });
    expect(lab.did).toEqual(['restart kubelet.service', 'stop kubelet.service']);
  });

  test('a copy that is damaged is told', async () => {
    const prior = await captured();
    await step().apply(spec(), prior, lab.context());
    const [copy] = prior.copies.flatMap((one) => (one.kind === 'file' ? [one] : []));
    lab.write(`step/copies/${copy!.sha256}`, 'damaged');
    expect(stateOf(await step().canRevert(spec(), prior, lab.context()))).toBe('prior-unavailable');
    expect(stateOf(await step().revert(spec(), prior, lab.context()))).toBe('revert-failed');
  });
});

describe('what a person changed since', () => {
  const revert = async (prior: KubeletConfigPrior): Promise<string> => stateOf(await step().revert(spec(), prior, lab.context()));

  test('is kept for them, and the file comes back as it was, twice as well as once', async () => {
    const prior = await captured();
    await step().apply(spec(), prior, lab.context());
    const theirs = `${config()}serializeImagePulls: false\n`;
    lab.write('var/lib/kubelet/config.yaml', theirs, 0o644);
    for (const _ of ['once', 'twice']) {
      expect(await revert(prior)).toBe('ok');
      expect(config()).toBe(kubeletConfigText);
      expect(lab.read('step/changed-config.yaml')).toBe(theirs);
    }
    expect(lab.output).toContain(`${lab.configFile} was changed since it was written here and is put back as it was before; what it was now is kept in ${lab.folder}/changed-config.yaml\n`);
  });

  test('is kept where a link led to the file, and the link comes back', async () => {
    const folder = join(lab.configFile, '..');
    renameSync(lab.configFile, join(folder, 'own.yaml'));
    symlinkSync('own.yaml', lab.configFile);
    const before = lab.files();
    const prior = await captured();
    await step().apply(spec(), prior, lab.context());
    const theirs = `${config()}serializeImagePulls: false\n`;
    lab.write('var/lib/kubelet/config.yaml', theirs, 0o644);
    for (const _ of ['once', 'twice']) {
      expect(await revert(prior)).toBe('ok');
      expect(lab.files()).toEqual(before);
      expect(lab.read('step/changed-config.yaml')).toBe(theirs);
    }
  });

  test('between two attempts is told from what the step wrote', async () => {
    const prior = await captured();
    lab.restartSays = 'no';
    await step().apply(spec(), prior, lab.context());
    lab.write('var/lib/kubelet/config.yaml', `${kubeletConfigText}serializeImagePulls: false\n`, 0o644);
    lab.restartSays = '';
    expect(await step().apply(spec(), prior, lab.context())).toEqual({ ok: true });
    expect(await revert(prior)).toBe('ok');
    expect(lab.read('step/changed-config.yaml')).toBe(`${kubeletConfigText.replace('110', '150')}serializeImagePulls: false\n`);
  });

  test('is nothing where nobody was there: no file is kept', async () => {
    const prior = await captured();
    await step().apply(spec(), prior, lab.context());
    await revert(prior);
    expect(() => lab.read('step/changed-config.yaml')).toThrow('ENOENT');
  });
});
