import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const units = fileURLToPath(new URL('../../systemd/', import.meta.url));
const read = (name: string): string => readFileSync(join(units, name), 'utf8');

/** What systemd-analyze says on a whole host of Debian 12: 1.7 and 1.3. What is above has lost a wall. */
const EXPOSURE_MAX: readonly (readonly [string, number])[] = [
  ['farrier-agent.service', 2.0],
  ['farrier-agent-watchdog.service', 2.0],
  ['farrier-coordinator.service', 1.5],
];
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'farrier-units-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('systemd', () => {
  test.each(EXPOSURE_MAX)('finds %s no more exposed than %d', (name, max) => {
    expect(exposureOf(name, read(name))).toBeLessThanOrEqual(max);
    // One wall less is seen.
    expect(exposureOf(name, read(name).replace('CapabilityBoundingSet=\n', ''))).toBeGreaterThan(max);
  });

  test.each(['farrier-agent.service', 'farrier-agent-watchdog.service', 'farrier-agent-watchdog.timer', 'farrier-coordinator.service'])('understands every line of %s', (name) => {
    expect(complaintsAbout(name, read(name))).toEqual([]);
  });

  test('says where a line is wrong', () => {
    expect(complaintsAbout('farrier-agent.service', read('farrier-agent.service').replace('ProtectSystem=strict', 'ProtectSystm=strict'))).not.toEqual([]);
  });
});

test('the watchdog lives in the agent’s sandbox', () => {
  const sandbox = (name: string): readonly string[] =>
    read(name)
      .split('\n')
      .filter((line) => /^(Protect|Private|Restrict|Device|ReadOnly|ReadWrite|State|Keyring|NoNew|Capability|Ambient|UMask|Lock|RemoveIPC|Memory|SystemCall|LimitCORE)/.test(line));
  expect(sandbox('farrier-agent.service').length).toBeGreaterThan(25);
  expect(sandbox('farrier-agent-watchdog.service')).toEqual(sandbox('farrier-agent.service'));
});

test('the agent is started as its sandbox demands', () => {
  // MemoryDenyWriteExecute= kills a V8 that compiles to machine code.
  expect(read('farrier-agent.service')).toContain('MemoryDenyWriteExecute=yes');
  expect(read('package/agent/farrier-agent.sh')).toContain('--jitless');
});

test.each(['farrier-agent.service', 'farrier-coordinator.service'])('%s is not started again with wrong settings', (name) => {
  // What both programs end with then.
  expect(read(name)).toMatch(/^RestartPreventExitStatus=2$/m);
});

function exposureOf(name: string, text: string): number {
  writeFileSync(join(folder, name), text);
  const said = execFileSync('systemd-analyze', ['security', '--offline=true', '--no-pager', join(folder, name)], { encoding: 'utf8' });
  return Number(/exposure level for .*: ([\d.]+)/.exec(said)?.[1]);
}

/** In a root of its own, so that what this machine has installed says nothing. */
function complaintsAbout(name: string, text: string): readonly string[] {
  const root = join(folder, 'root');
  for (const path of ['etc/systemd/system', 'usr/bin', 'usr/libexec']) mkdirSync(join(root, path), { recursive: true });
  for (const other of ['farrier-agent.service', 'farrier-agent-watchdog.service']) writeFileSync(join(root, 'etc/systemd/system', other), read(other));
  writeFileSync(join(root, 'etc/systemd/system', name), text);
  for (const program of ['bin/farrier-agent', 'bin/farrier-coordinator', 'libexec/farrier-agent-watchdog']) writeFileSync(join(root, 'usr', program), '#!/bin/sh\n', { mode: 0o755 });
  try {
    const said = execFileSync('sh', ['-c', 'systemd-analyze verify --man=no --recursive-errors=no --root="$0" "$1" 2>&1', root, name], { encoding: 'utf8' });
    return said.split('\n').filter((line) => line.includes('farrier-'));
  } catch (error) {
    return (error as { readonly stdout: string }).stdout.split('\n').filter((line) => line !== '');
  }
}
