import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { runProgram } from '../../../agent/adapters/run-program.ts';
import { systemdUpgradeGuard } from '../../../agent/adapters/systemd/systemd-upgrade-guard.ts';
import type { RunProgram } from '../../../agent/ports/programs.ts';
import { readUpgradeMarker } from '../../../agent/runner/upgrade-marker.ts';

let base: string;
let systemctl: string[];
const signal = new AbortController().signal;
const state = (): string => join(base, 'state');
const units = (): string => join(base, 'units');

/** systemd is not asked; cp and sync are the real ones. */
const run: RunProgram = async (argv, options) => {
  if (argv[0] !== 'systemctl') return runProgram(argv, options);
  systemctl.push(argv.slice(1).join(' '));
  return { code: 0, stdout: '', stderr: '' };
};

function guardOf(version: string, program: RunProgram = run) {
  const folder = join(base, 'home', version);
  return systemdUpgradeGuard(program, { stateDir: state(), configDir: '/etc/farrier', argv: [join(folder, 'node'), '--jitless', join(folder, 'agent.mjs')], unitsDir: units() });
}

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'farrier-guard-'));
  systemctl = [];
  for (const folder of ['state', 'units']) mkdirSync(join(base, folder));
  for (const version of ['1.0', '2.0']) {
    mkdirSync(join(base, 'home', version), { recursive: true });
    for (const file of ['node', 'agent.mjs']) writeFileSync(join(base, 'home', version, file), `${file} of ${version}`);
  }
});
afterEach(() => rmSync(base, { recursive: true }));

test('the version that arms it is kept, and outlives its own folder', async () => {
  await guardOf('1.0').arm(signal);
  rmSync(join(base, 'home', '1.0'), { recursive: true });
  const marker = readUpgradeMarker(state());
  expect(marker).toEqual({ version: '1.0', argv: [join(state(), 'versions/1.0/node'), '--jitless', join(state(), 'versions/1.0/agent.mjs')] });
  expect(readFileSync(marker?.argv[2] ?? '', 'utf8')).toBe('agent.mjs of 1.0');
  expect(readFileSync(join(units(), 'farrier-agent-rescue.service'), 'utf8')).toContain(`ExecStart=${marker?.argv.join(' ')} rescue --config-dir /etc/farrier --state-dir ${state()}\n`);
  // Enabled: it is there after a boot as well.
  expect(readFileSync(join(units(), 'timers.target.wants/farrier-agent-rescue.timer'), 'utf8')).toContain('OnUnitInactiveSec=');
  expect(systemctl).toEqual(['daemon-reload', 'start farrier-agent-rescue.timer']);
});

test('armed again after a kill, also by another version, it stays the one that began', async () => {
  await guardOf('1.0').arm(signal);
  const before = readUpgradeMarker(state());
  await guardOf('2.0').arm(signal);
  expect(readUpgradeMarker(state())).toEqual(before);
  expect(readdirSync(join(state(), 'versions'))).toEqual(['1.0']);
});

test('half of a kept version is none: it is kept anew', async () => {
  await guardOf('1.0').arm(signal);
  rmSync(join(state(), 'versions/1.0/agent.mjs'));
  await guardOf('2.0').arm(signal);
  expect(readUpgradeMarker(state())?.version).toBe('2.0');
  expect(readdirSync(join(state(), 'versions'))).toEqual(['2.0']);
});

test('where nothing can be linked it is copied; what cannot be kept at all arms nothing', async () => {
  const unlinked: RunProgram = async (argv, options) => (argv.includes('--link') ? { code: 1, stdout: '', stderr: 'Invalid cross-device link' } : run(argv, options));
  await guardOf('1.0', unlinked).arm(signal);
  expect(statSync(join(state(), 'versions/1.0/node')).ino).not.toBe(statSync(join(base, 'home/1.0/node')).ino);
  await guardOf('1.0').disarm(signal);
  const full: RunProgram = async (argv, options) => (argv[0] === 'cp' ? { code: 1, stdout: '', stderr: 'No space left on device' } : run(argv, options));
  await expect(guardOf('1.0', full).arm(signal)).rejects.toMatchObject({ code: 'ENOSPC' });
  expect(readUpgradeMarker(state())).toBeNull();
  expect(readdirSync(units())).not.toContain('farrier-agent-rescue.timer');
});

test('disarmed it leaves nothing, twice too', async () => {
  const guard = guardOf('1.0');
  await guard.arm(signal);
  await guard.disarm(signal);
  await guard.disarm(signal);
  expect(readdirSync(state())).toEqual([]);
  expect(readdirSync(units())).toEqual(['timers.target.wants']);
  expect(readdirSync(join(units(), 'timers.target.wants'))).toEqual([]);
  expect(existsSync(join(base, 'home/1.0/node'))).toBe(true);
});
