import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { hostFiles } from '../../../../agent/facts/host-files.ts';
import { k3sRuntimesStep, type K3sRuntimesPrior } from '../../../../agent/steps/k3s-runtimes/k3s-runtimes.ts';
import type { K3sRuntimesSpec } from '../../../../shared/domain/steps/k3s-runtimes-spec.ts';
import { K3sLab } from '../../../support/k3s-lab.ts';

const OWN = '{{ template "base" . }}\n# by hand\n';
const REGISTRIES = 'mirrors:\n  quay.io:\n    endpoint:\n      - https://q\n';

let lab: K3sLab;
let root: string;
beforeEach(() => {
  lab = new K3sLab('v1.34.1+k3s1');
  root = mkdtempSync(join(tmpdir(), 'farrier-k3s-root-'));
  mkdirSync(lab.containerdFolder, { recursive: true });
  mkdirSync(dirname(lab.registries));
  writeFileSync(lab.registries, REGISTRIES, { mode: 0o640 });
  lab.start();
  lab.asked.length = 0;
});
afterEach(() => {
  rmSync(lab.folder, { recursive: true });
  rmSync(root, { recursive: true });
});

const spec = (change: Partial<K3sRuntimesSpec> = {}): K3sRuntimesSpec => ({
  ...{ kind: 'k3s_runtimes', name: 'r', timeoutMs: 600_000, role: 'server' },
  runtimes: [{ name: 'kata', type: 'io.containerd.kata.v2', binary: null, podAnnotations: [] }],
  mirrors: [{ host: 'docker.io', endpoints: ['https://m'] }],
  ...change,
});
const step = () => k3sRuntimesStep({ units: lab.units, clock: lab.clock, k3s: lab.k3s, truthOf: lab.truthOf, cri: lab.cri, files: hostFiles(root) });
const codeOf = (result: { readonly ok: boolean; readonly state?: string; readonly outcome?: { readonly code: string } }): string => (result.ok ? (result.state ?? 'ok') : (result.outcome?.code ?? ''));
/** With the folder of registries, which is none of K3s' data. */
const everything = () => ({ ...lab.files(), registries: existsSync(dirname(lab.registries)) ? readdirSync(dirname(lab.registries)).map((name) => [name, statSync(join(dirname(lab.registries), name)).mode, readFileSync(join(dirname(lab.registries), name), 'utf8')]) : null });
const template = () => join(lab.containerdFolder, 'config-v3.toml.tmpl');
const check = async (wanted = spec()): Promise<string> => codeOf(await step().check(wanted, lab.context()));

async function captured(): Promise<K3sRuntimesPrior> {
  const result = await step().capture(spec(), lab.context());
  if (!result.ok) throw new Error(result.outcome.message);
  return JSON.parse(JSON.stringify(result.prior)) as K3sRuntimesPrior;
}

describe('there and back', () => {
  test.each<[string, () => void]>([
    ['where there is no template', () => undefined],
    ['where a person has one', () => writeFileSync(template(), OWN, { mode: 0o600 })],
    ['where a person has one in the older form', () => writeFileSync(join(lab.containerdFolder, 'config.toml.tmpl'), OWN)],
    ['where there are no registries', () => rmSync(lab.registries)],
    ['where there is not even a folder for registries', () => rmSync(dirname(lab.registries), { recursive: true })],
  ])('%s', async (_name, make) => {
    make();
    lab.start();
    const before = everything();
    const prior = await captured();
    expect(await check()).toBe('needed');
    expect(codeOf(await step().apply(spec(), prior, lab.context()))).toBe('ok');
    expect(lab.asked).toEqual(['restart']);
    expect(codeOf(await step().verify(spec(), prior, lab.context()))).toBe('ok');
    expect(await check()).toBe('satisfied');
    expect(codeOf(await step().revert(spec(), prior, lab.context()))).toBe('ok');
    expect(everything()).toEqual(before);
    expect(lab.asked).toEqual(['restart', 'restart']);
    expect(codeOf(await step().revert(spec(), prior, lab.context()))).toBe('ok');
    expect(lab.asked).toEqual(['restart', 'restart']);
  });

  test('files keep their mode, and new ones with passwords are root’s alone', async () => {
    await step().apply(spec(), await captured(), lab.context());
    expect(statSync(lab.registries).mode & 0o777).toBe(0o640);
    expect(statSync(template()).mode & 0o777).toBe(0o644);
    rmSync(lab.registries);
    await step().apply(spec(), await captured(), lab.context());
    expect(statSync(lab.registries).mode & 0o777).toBe(0o600);
  });

  test('cut off between the files and the restart, each way restarts when it is called again', async () => {
    const before = everything();
    const prior = await captured();
    lab.behaviours['v1.34.1+k3s1'] = { doesNotStart: true };
    expect(codeOf(await step().apply(spec(), prior, lab.context()))).toBe('unit-crashed');
    expect(await check()).toBe('needed');
    expect(codeOf(await step().revert(spec(), prior, lab.context()))).toBe('unit-crashed');
    delete lab.behaviours['v1.34.1+k3s1'];
    expect(codeOf(await step().revert(spec(), prior, lab.context()))).toBe('ok');
    expect(everything()).toEqual(before);
    expect(lab.runningVersion).toBe('v1.34.1+k3s1');
  });

  test('K3s that did not run is stopped again', async () => {
    lab.stop();
    const prior = await captured();
    expect(codeOf(await step().apply(spec(), prior, lab.context()))).toBe('ok');
    expect(codeOf(await step().revert(spec(), prior, lab.context()))).toBe('ok');
    expect(lab.runningVersion).toBeNull();
  });

  test('a copy that is damaged is told', async () => {
    const prior = await captured();
    await step().apply(spec(), prior, lab.context());
    const [copy] = prior.copies.flatMap((one) => (one.kind === 'file' ? [one] : []));
    writeFileSync(join(lab.stepFolder, 'copies', copy!.sha256), 'damaged');
    expect(codeOf(await step().canRevert(spec(), prior, lab.context()))).toBe('prior-unavailable');
  });
});

describe('what a person changed since', () => {
  test.each<[string, string | null, string]>([
    ['in a template of theirs', OWN, `${OWN}# later\n`],
    ['in one that the step made', null, '{{ template "base" . }}\n\n# later\n'],
  ])('%s stays, and the step’s runtimes go, twice as well as once', async (_name, had, left) => {
    if (had !== null) writeFileSync(template(), had);
    const prior = await captured();
    await step().apply(spec(), prior, lab.context());
    writeFileSync(template(), `${readFileSync(template(), 'utf8')}# later\n`);
    for (const _ of ['once', 'twice']) {
      expect(codeOf(await step().revert(spec(), prior, lab.context()))).toBe('ok');
      expect(readFileSync(template(), 'utf8').replace('# by hand\n\n', '# by hand\n')).toBe(left);
      expect(readFileSync(lab.registries, 'utf8')).toBe(REGISTRIES);
    }
  });

  test('in registries is kept for them, and they come back as they were', async () => {
    const prior = await captured();
    await step().apply(spec(), prior, lab.context());
    const theirs = `${readFileSync(lab.registries, 'utf8')}# later\n`;
    writeFileSync(lab.registries, theirs);
    expect(codeOf(await step().revert(spec(), prior, lab.context()))).toBe('ok');
    expect(readFileSync(lab.registries, 'utf8')).toBe(REGISTRIES);
    expect(readFileSync(join(lab.stepFolder, 'changed-registries.yaml'), 'utf8')).toBe(theirs);
    expect(lab.output).toContain('changed-registries.yaml');
  });

  test('in registries stays where the plan has no mirrors', async () => {
    const prior = await captured();
    const wanted = spec({ mirrors: [] });
    await step().apply(wanted, prior, lab.context());
    writeFileSync(lab.registries, `${REGISTRIES}# later\n`);
    expect(codeOf(await step().revert(wanted, prior, lab.context()))).toBe('ok');
    expect(readFileSync(lab.registries, 'utf8')).toBe(`${REGISTRIES}# later\n`);
  });

  test('is nothing where nobody was there: no file is kept', async () => {
    const prior = await captured();
    await step().apply(spec(), prior, lab.context());
    expect(codeOf(await step().revert(spec(), prior, lab.context()))).toBe('ok');
    expect(readdirSync(lab.stepFolder).filter((name) => name.startsWith('changed'))).toEqual([]);
  });
});

describe('verify', () => {
  test.each<[string, string, () => void]>([
    ['a template that somebody put back', 'verify-failed', () => rmSync(template())],
    ['a runtime that containerd does not have', 'verify-failed', () => { lab.ignoresTemplate = true; }],
    ['K3s that made nothing of its template', 'verify-failed', () => writeFileSync(join(lab.containerdFolder, 'config.toml'), 'version = 3\n')],
    ['K3s that went down', 'unit-crashed', () => lab.stop()],
  ])('%s: %s', async (_name, expected, change) => {
    const prior = await captured();
    await step().apply(spec(), prior, lab.context());
    change();
    expect(codeOf(await step().verify(spec(), prior, lab.context()))).toBe(expected);
  });
});

describe('what is left to a person is refused while it is staged, and nothing is touched', () => {
  test.each<[string, string, () => Partial<K3sRuntimesSpec>]>([
    ['another role', 'unit-not-found', () => ({ role: 'agent' })],
    ['another runtime than K3s’ own', 'not-allowed', () => { lab.hasOtherRuntime = true; return {}; }],
    ['a runtime that a person wrote', 'not-allowed', () => { writeFileSync(template(), `${OWN}[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.kata]\n`); return {}; }],
    ['a runtime that K3s finds by itself', 'not-allowed', () => {
      mkdirSync(join(root, 'usr/bin'), { recursive: true });
      writeFileSync(join(root, 'usr/bin/crun'), '');
      return { runtimes: [{ name: 'crun', type: 'io.containerd.runc.v2', binary: '/usr/bin/crun', podAnnotations: [] }] };
    }],
    ['a shim that K3s finds by itself', 'not-allowed', () => {
      mkdirSync(join(root, 'opt/kwasm/bin'), { recursive: true });
      writeFileSync(join(root, 'opt/kwasm/bin/containerd-shim-spin-v2'), '');
      return { runtimes: [{ name: 'spin', type: 'io.containerd.spin.v2', binary: null, podAnnotations: [] }] };
    }],
    ['K3s that never ran', 'not-allowed', () => { rmSync(lab.containerdFolder, { recursive: true }); return {}; }],
    ['registries that are none', 'config-unreadable', () => { writeFileSync(lab.registries, 'mirrors: ['); return {}; }],
  ])('%s: %s', async (_name, expected, make) => {
    const wanted = spec(make());
    const before = everything();
    expect(codeOf(await step().stage(wanted, lab.context()))).toBe(expected);
    expect(await check(wanted)).toBe(expected);
    expect(everything()).toEqual(before);
  });

  test('crun under another name than K3s gives it is nobody else’s', async () => {
    mkdirSync(join(root, 'usr/bin'), { recursive: true });
    writeFileSync(join(root, 'usr/bin/crun'), '');
    expect(codeOf(await step().stage(spec({ runtimes: [{ name: 'crun-wasm', type: 'io.containerd.runc.v2', binary: '/usr/bin/crun', podAnnotations: [] }] }), lab.context()))).toBe('ok');
  });
});

test('registries are not looked at where no mirror is wanted', async () => {
  writeFileSync(lab.registries, 'mirrors: [');
  expect(await check(spec({ mirrors: [] }))).toBe('needed');
});

describe('a runtime that pods run with', () => {
  const without = (): K3sRuntimesSpec => spec({ runtimes: [] });
  beforeEach(async () => {
    await step().apply(spec(), await captured(), lab.context());
    lab.handlersInUse = ['', 'kata'];
  });
  const told = async (wanted: K3sRuntimesSpec): Promise<readonly unknown[]> => [await step().stage(wanted, lab.context()), await step().check(wanted, lab.context())];

  test('is not taken away, when it is staged and at its turn', async () => {
    const refused = { ok: false, outcome: { code: 'config-refused', message: 'runtime-in-use: pods of this host run with kata, and could not be stopped without it; drain the node first', object: 'kata' } };
    expect(await told(without())).toEqual([refused, refused]);
    lab.criUpMs = lab.clock.monotonicMs() + 2_000;
    expect(codeOf(await step().check(without(), lab.context()))).toBe('config-refused');
  });

  test.each<[string, () => K3sRuntimesSpec]>([
    ['no pod runs with it', () => { lab.handlersInUse = ['', 'runc']; return without(); }],
    ['K3s is down', () => { lab.stop(); return without(); }],
    ['it stays', () => spec({ mirrors: [{ host: 'docker.io', endpoints: ['https://n'] }] })],
  ])('where %s, nothing keeps the step', async (_name, make) => {
    expect(await told(make())).toEqual([{ ok: true }, { ok: true, state: 'needed' }]);
  });
});
