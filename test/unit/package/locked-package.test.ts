import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fetchLockedPackage, mustBeLocked } from '../../../systemd/package/locked-package.ts';
import { isMutation, MUTATIONS } from '../../../systemd/package/mutations.ts';
import { nodeRuntime } from '../../../systemd/package/node-runtime.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'farrier-unit-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('bytes are taken only where they are the locked ones', () => {
  const bytes = Buffer.from('a package');
  const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
  expect(() => mustBeLocked(bytes, integrity, 'x@1')).not.toThrow();
  expect(() => mustBeLocked(Buffer.from('a packagf'), integrity, 'x@1')).toThrow(/x@1 is not what package-lock.json names/);
});

test.each([
  ['a package that the lockfile does not name', { packages: {} }],
  ['a package without a digest', { packages: { 'node_modules/x': { version: '1.0.0' } } }],
])('%s is not fetched', (_name, lockfile) => {
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lockfile));
  expect(() => fetchLockedPackage(folder, 'x', join(folder, 'cache'))).toThrow(/not in package-lock.json with its integrity/);
});

test.each([
  ['a script', Buffer.from('#!/bin/sh\n')],
  ['a program of another architecture', elf(183)],
])('%s is not shipped as Node for amd64', (_name, bytes) => {
  const path = join(folder, 'node');
  writeFileSync(path, bytes);
  expect(() => nodeRuntime(folder, 'amd64', join(folder, 'cache'), path)).toThrow(/is no program for amd64/);
});

test('a program that somebody else built is shipped as it is where no strip knows it', () => {
  const path = join(folder, 'node');
  writeFileSync(path, elf(62));
  const runtime = nodeRuntime(folder, 'amd64', join(folder, 'cache'), path);
  expect(runtime.stripped).toBe(false);
  expect(runtime.sha256).toBe(createHash('sha256').update(elf(62)).digest('hex'));
  expect(runtime.publishedSha256).toBe(runtime.sha256);
});

test('only faults that have a name can be built in', () => {
  expect(MUTATIONS.length).toBeGreaterThan(0);
  for (const name of ['', ...MUTATIONS]) expect(isMutation(name)).toBe(true);
  for (const name of ['toString', 'no-such-fault']) expect(isMutation(name)).toBe(false);
});

/** Enough of an ELF header to name a machine (elf.h, e_machine), and too little for strip. */
function elf(machine: number): Buffer {
  const header = Buffer.alloc(64);
  header.write('\x7fELF', 0, 'latin1');
  header.writeUInt16LE(machine, 18);
  return header;
}
