import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { containerdStep } from '../../../../agent/steps/containerd/containerd.ts';
import type { ContainerdSpec } from '../../../../shared/domain/steps/containerd-spec.ts';
import { applied, captured, containerdSpec, crunByDefault, oneMirror } from '../../../support/containerd-at-work.ts';
import { ContainerdLab } from '../../../support/containerd-lab.ts';

let lab: ContainerdLab;
beforeEach(() => { lab = new ContainerdLab(); });
afterEach(() => lab.end());

const step = () => containerdStep(lab);
const stateOf = (result: { readonly ok: boolean; readonly state?: string; readonly outcome?: { readonly code: string } }): string => (result.ok ? (result.state ?? 'ok') : (result.outcome?.code ?? ''));
const RESTARTED = ['restart containerd.service'];

describe('cut off', () => {
  /** Files of both kinds, in folders that are not there yet. */
  const both = (): ContainerdSpec => containerdSpec({ ...crunByDefault(lab).settings, ...oneMirror(lab).settings, runtimes: crunByDefault(lab).settings.runtimes, defaultRuntime: 'crun' });

  test.each(['the draft', 'the files', 'the restart'] as const)('after %s on its way there, it goes on, or back, as if it had not been', async (place) => {
    const before = lab.files();
    const prior = await captured(lab, both());
    lab.killAt = place;
    await expect(step().apply(both(), prior, lab.context())).rejects.toThrow('killed');
    expect(stateOf(await step().check(both(), lab.context()))).toBe('needed');
    expect(await step().revert(both(), prior, lab.context())).toEqual({ ok: true });
    expect([lab.files(), lab.running]).toEqual([before, lab.config]);

    lab.killAt = place;
    await expect(step().apply(both(), prior, lab.context())).rejects.toThrow('killed');
    expect(await step().apply(both(), prior, lab.context())).toMatchObject({ ok: true });
    expect(await step().verify(both(), prior, lab.context())).toEqual({ ok: true });
    expect(lab.running).toBe(lab.config);
    expect(lab.files().filter((name) => /farrier/.test(name.split(' ')[0] ?? ''))).toEqual([]);
  });

  test.each(['the files', 'the restart'] as const)('after %s on its way back, it is called again and ends as it was', async (place) => {
    const before = lab.files();
    const prior = await applied(lab, both());
    lab.killAt = place;
    await expect(step().revert(both(), prior, lab.context())).rejects.toThrow('killed');
    expect(await step().revert(both(), prior, lab.context())).toEqual({ ok: true });
    expect([lab.files(), lab.running]).toEqual([before, lab.config]);
  });
});

describe('back', () => {
  test('every byte is as it was and containerd runs on it, twice as well as once', async () => {
    const before = lab.files();
    const prior = await applied(lab, crunByDefault(lab));
    lab.did.length = 0;
    expect(await step().revert(crunByDefault(lab), prior, lab.context())).toEqual({ ok: true });
    expect(lab.files()).toEqual(before);
    expect(lab.running).toBe(lab.config);
    expect(lab.did).toEqual(RESTARTED);
    expect(await step().revert(crunByDefault(lab), prior, lab.context())).toEqual({ ok: true });
    expect(lab.files()).toEqual(before);
  });

  test('cut off between the file and the restart, it restarts when it is called again', async () => {
    const prior = await applied(lab, crunByDefault(lab));
    lab.restartSays = 'no';
    expect(stateOf(await step().revert(crunByDefault(lab), prior, lab.context()))).toBe('unit-crashed');
    expect(lab.config).toBe('# ours\nversion = 2\n');
    lab.restartSays = '';
    lab.unit = { ...lab.unit!, startedMs: prior.unit.startedMs };
    expect(await step().revert(crunByDefault(lab), prior, lab.context())).toEqual({ ok: true });
    expect(lab.running).toBe(lab.config);
  });

  test('a CRI that answered before has to answer again, one that did not need not', async () => {
    const answered = await applied(lab, crunByDefault(lab));
    lab.cri.silent = 'nobody listens';
    expect(stateOf(await step().revert(crunByDefault(lab), answered, lab.context()))).toBe('verify-failed');
    expect(await step().revert(crunByDefault(lab), { ...answered, endpoint: null }, lab.context())).toEqual({ ok: true });
  });

  test('containerd that did not run is stopped again', async () => {
    lab.unit = { ...lab.unit!, activeState: 'inactive', mainPid: 0 };
    const prior = await applied(lab, crunByDefault(lab));
    expect(await step().revert(crunByDefault(lab), prior, lab.context())).toEqual({ ok: true });
    expect(lab.did).toEqual([...RESTARTED, 'stop containerd.service']);
  });

  test('a copy that is damaged is told', async () => {
    const prior = await applied(lab, crunByDefault(lab));
    const [copy] = prior.copies.flatMap((one) => (one.kind === 'file' ? [one] : []));
    lab.write(`step/copies/${copy!.sha256}`, 'damaged');
    expect(stateOf(await step().canRevert(crunByDefault(lab), prior, lab.context()))).toBe('prior-unavailable');
    expect(stateOf(await step().revert(crunByDefault(lab), prior, lab.context()))).toBe('revert-failed');
  });
});

describe('a configuration that a person changed since', () => {
  const edit = (change: (text: string) => string): void => lab.write('etc/containerd/config.toml', change(lab.config ?? ''));
  const THEIRS = '\n# theirs\n[debug]\nlevel = "info"\n';

  test('keeps what they wrote and loses what the step did, twice as well as once', async () => {
    const before = lab.config;
    const prior = await applied(lab, crunByDefault(lab));
    edit((text) => text + THEIRS);
    for (const _ of ['once', 'twice']) {
      expect(await step().revert(crunByDefault(lab), prior, lab.context())).toEqual({ ok: true });
      expect(lab.config).toBe(before + THEIRS);
      expect(lab.running).toBe(lab.config);
    }
  });

  test('keeps what they wrote between two attempts', async () => {
    const before = lab.config;
    const prior = await captured(lab, crunByDefault(lab));
    lab.killAt = 'the restart';
    await expect(step().apply(crunByDefault(lab), prior, lab.context())).rejects.toThrow('killed');
    edit((text) => text.replace(/default_runtime_name = .*\n/, '') + THEIRS);
    expect(await step().apply(crunByDefault(lab), prior, lab.context())).toMatchObject({ ok: true });
    expect(await step().revert(crunByDefault(lab), prior, lab.context())).toEqual({ ok: true });
    expect(lab.config).toContain(THEIRS);
    expect(lab.config).not.toContain('runtimes.crun');
    expect(lab.config?.startsWith(before ?? '')).toBe(true);
  });

  test('keeps a value that they set over the step’s', async () => {
    lab.write('etc/containerd/config.toml', 'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd]\nsnapshotter = "overlayfs"\n');
    const spec = containerdSpec({ snapshotter: 'native', sandboxImage: 'registry.example/pause:3.10' });
    const prior = await applied(lab, spec);
    edit((text) => text.replace('"native"', '"devmapper"'));
    expect(await step().revert(spec, prior, lab.context())).toEqual({ ok: true });
    expect(lab.config).toContain('snapshotter = "devmapper"');
    expect(lab.config).not.toContain('pause');
  });

  test.each([
    ['that is no TOML', (text: string) => `${text}\nbroken =\n`],
    ['that containerd would not start its CRI with', (text: string) => `${text}\n# refused\n`],
    ['that is of another version', (text: string) => text.replace('version = 2', 'version = 3')],
  ])('%s is kept for them, and every byte is as it was', async (_, change) => {
    const before = lab.files();
    const prior = await applied(lab, crunByDefault(lab));
    edit(change);
    const theirs = lab.config;
    lab.dumpOf = (draft) => (draft.includes('# refused') ? 'version = 2\n' : draft);
    expect(await step().revert(crunByDefault(lab), prior, lab.context())).toEqual({ ok: true });
    expect(lab.files()).toEqual(before);
    expect(lab.read('step/changed-config.toml')).toBe(theirs);
    expect(lab.output).toContain(lab.at('step/changed-config.toml'));
  });

  test('that was not there keeps what they wrote', async () => {
    lab.end();
    lab = new ContainerdLab(null);
    const prior = await applied(lab, crunByDefault(lab));
    edit((text) => text + THEIRS);
    expect(await step().revert(crunByDefault(lab), prior, lab.context())).toEqual({ ok: true });
    expect(lab.config).toContain('version = 2\n');
    expect(lab.config).toContain(THEIRS);
    expect(lab.config).not.toContain('crun');
  });
});

describe('a guard', () => {
  const guard = containerdSpec({}, 'guard');
  test('changes nothing there, and restarts containerd on what was put back', async () => {
    expect(stateOf(await step().check(guard, lab.context()))).toBe('satisfied');
    const prior = await captured(lab, guard);
    expect(await step().apply(guard, prior, lab.context())).toEqual({ ok: true });
    expect(await step().verify(guard, prior, lab.context())).toEqual({ ok: true });
    expect(lab.did).toEqual([]);
    expect(await step().revert(guard, prior, lab.context())).toEqual({ ok: true });
    expect(lab.did).toEqual(RESTARTED);
  });

  test('refuses a unit whose restart, which packages bring along, would end every container', async () => {
    lab.killMode = 'control-group';
    expect(stateOf(await step().stage(guard, lab.context()))).toBe('not-allowed');
    expect(stateOf(await step().check(guard, lab.context()))).toBe('not-allowed');
    // It may come with the very packages that it guards.
    lab.isInstalled = false;
    expect(await step().stage(guard, lab.context())).toEqual({ ok: true });
  });
});
