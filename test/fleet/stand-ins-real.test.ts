import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { mustRun } from './run-program.ts';
import { debVersion, kubernetesDebs } from './stand-ins/kubernetes-debs.ts';
import { kubernetesVersions, realFolder, realProgram } from './stand-ins/real-programs.ts';

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'farrier-real-')); });
afterEach(() => {
  delete process.env['FARRIER_REAL_BIN'];
  rmSync(folder, { recursive: true });
});

const pack = async (): Promise<string> => {
  const debs = await kubernetesDebs(join(folder, 'debs'), '1.34.1', (program) => { const real = realFolder(); return real === null ? 'stand-in' : realProgram(real, program, 'v1.34.1'); });
  return debs.find((path) => path.includes(`/kubeadm_${debVersion('1.34.1')}_`)) ?? '';
};

test('with FARRIER_REAL_BIN the real programs are packed, and nothing calls itself a stand-in', async () => {
  mkdirSync(join(folder, 'bin/v1.34.1'), { recursive: true });
  for (const program of ['kubeadm', 'kubelet', 'kubectl']) writeFileSync(join(folder, 'bin/v1.34.1', program), `real ${program}`);
  process.env['FARRIER_REAL_BIN'] = join(folder, 'bin');
  const deb = await pack();
  await mustRun(['dpkg-deb', '--extract', deb, join(folder, 'tree')]);
  expect(await mustRun(['cat', join(folder, 'tree/usr/bin/kubeadm')])).toBe('real kubeadm');
  expect(await mustRun(['dpkg-deb', '--contents', deb])).not.toContain('STAND-IN');
});

test('a folder that lacks a program is an error, and no stand-in takes its place', async () => {
  mkdirSync(join(folder, 'bin/v1.34.1'), { recursive: true });
  process.env['FARRIER_REAL_BIN'] = join(folder, 'bin');
  await expect(pack()).rejects.toThrow('has no v1.34.1/');
});

test('without it the stand-ins are packed, and say so', async () => {
  expect(await mustRun(['dpkg-deb', '--contents', await pack()])).toContain('./usr/share/doc/kubeadm/STAND-IN');
});

test('tests go between two versions of the folder, one minor apart', () => {
  for (const version of ['v1.32.9', 'v1.34.1', 'v1.35.0', 'notes']) mkdirSync(join(folder, 'bin', version), { recursive: true });
  process.env['FARRIER_REAL_BIN'] = join(folder, 'bin');
  expect(kubernetesVersions()).toEqual({ old: '1.34.1', next: '1.35.0' });
  rmSync(join(folder, 'bin/v1.35.0'), { recursive: true });
  expect(() => kubernetesVersions()).toThrow('has no two versions of one minor after the other: 1.32.9, 1.34.1');
});
