import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { generateIdentity } from '../../shared/age/age-keys.ts';
import { bundlePrograms } from '../../systemd/package/bundle-programs.ts';
import { mustRun } from '../fleet/run-program.ts';
import { etcdPrograms } from '../support/etcd-programs.ts';
import { ctlFlags, startEtcd } from '../support/etcd-server.ts';
import { datastorePages, writeDatastoreBytes } from './datastore-bytes.ts';
import { median } from './median.ts';

export interface SealFigures {
  readonly sizeMb: number;
  readonly sealedMb: number;
  readonly pairs: number;
  readonly oursMs: number;
  readonly programsMs: number;
  /** Of each pair, and then the middle one. */
  readonly wallRatio: number;
  readonly cpuMs: number;
  readonly peakMb: number;
}

interface Sealed {
  readonly cpuMs: number;
  readonly peakMb: number;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const MB = 1_000_000;
const programMaxMs = 10 * 60_000;

/**
 * A member of etcd and its snapshot. Plain: every byte hashed by us, beside `etcdctl snapshot save`, which hashes none. Sealed:
 * taken, checked, compressed and encrypted in one stream by us, beside `etcdctl snapshot save`, then `zstd -1` and `sha256sum`,
 * which encrypt nothing. Who is first changes from pair to pair.
 *
 * @param node with its flags
 */
export async function measureSnapshots(node: readonly string[], sizeMb: number, pairs: number): Promise<{ readonly plain: SealFigures; readonly sealed: SealFigures }> {
  const folder = mkdtempSync(join(tmpdir(), 'farrier-bench-etcd-'));
  const programs = await etcdPrograms('trixie');
  const etcd = await startEtcd(programs, { flags: ['--quota-backend-bytes', String(2 * sizeMb * MB + 2 ** 31), '--snapshot-count', '1000'] });
  try {
    await bundlePrograms({ root, programs: { 'take-snapshot': 'test/bench/take-snapshot.ts' }, outFolder: folder, version: '0.0.0', mutation: '' });
    // A request of etcd's may hold half as much again.
    await etcd.fill({ prefix: '/registry', count: sizeMb, valueBytes: MB, from: datastorePages() });
    const [ours, theirs] = [join(folder, 'ours'), join(folder, 'theirs.db')];
    const take = (...recipient: readonly string[]): readonly string[] => [...node, join(folder, 'take-snapshot.mjs'), JSON.stringify(etcd.place), ours, 'snapshot', ...recipient];
    const save = [programs.etcdctl, ...ctlFlags(etcd.place), 'snapshot', 'save', theirs];
    const shared = { sizeMb, pairs, sealed: join(ours, 'snapshot') };
    return {
      plain: await measurePairs({ ...shared, seal: take(), programs: [save] }),
      sealed: await measurePairs({ ...shared, seal: take('', generateIdentity().recipient.text), programs: [save, ...compressAndHash(theirs)] }),
    };
  } finally {
    await etcd.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Bytes as of a datastore, hashed, compressed, encrypted and written in one stream, beside the programs that one would run one
 * after the other without us: a copy, `zstd -1` and `sha256sum`, which encrypt nothing. Who is first changes from pair to pair.
 *
 * @param node with its flags
 */
export async function measureSeal(node: readonly string[], sizeMb: number, pairs: number): Promise<SealFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'farrier-bench-seal-'));
  try {
    await bundlePrograms({ root, programs: { 'seal-file': 'test/bench/seal-file.ts' }, outFolder: folder, version: '0.0.0', mutation: '' });
    const [from, sealed, copy] = [join(folder, 'datastore'), join(folder, 'sealed'), join(folder, 'copy')];
    await writeDatastoreBytes(from, sizeMb * MB);
    return await measurePairs({ sizeMb, pairs, sealed, seal: [...node, join(folder, 'seal-file.mjs'), from, sealed], programs: [['cp', from, copy], ...compressAndHash(copy)] });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Pairs {
  readonly sizeMb: number;
  readonly pairs: number;
  /** The file that ours writes. */
  readonly sealed: string;
  readonly seal: readonly string[];
  /** One after the other. */
  readonly programs: readonly (readonly string[])[];
}

async function measurePairs({ sizeMb, pairs, sealed, seal, programs }: Pairs): Promise<SealFigures> {
  const runPrograms = async (): Promise<number> => {
    let wallMs = 0;
    for (const program of programs) wallMs += (await timed(program)).wallMs;
    return wallMs;
  };
  const runs: { readonly oursMs: number; readonly programsMs: number; readonly cpuMs: number; readonly peakMb: number }[] = [];
  for (let pair = 0; pair < pairs; pair += 1) {
    const early = pair % 2 === 0 ? await runPrograms() : null;
    const { wallMs, stdout } = await timed(seal);
    const { cpuMs, peakMb } = JSON.parse(stdout) as Sealed;
    runs.push({ oursMs: wallMs, programsMs: early ?? (await runPrograms()), cpuMs, peakMb });
  }
  const middle = (pick: (run: (typeof runs)[number]) => number): number => Math.round(median(runs.map(pick)));
  return {
    sizeMb, pairs,
    sealedMb: Math.round(statSync(sealed).size / MB),
    oursMs: middle(({ oursMs }) => oursMs),
    programsMs: middle(({ programsMs }) => programsMs),
    wallRatio: Math.round(median(runs.map(({ oursMs, programsMs }) => oursMs / programsMs)) * 100) / 100,
    cpuMs: middle(({ cpuMs }) => cpuMs),
    // Not the middle: it is a limit.
    peakMb: Math.round(Math.max(...runs.map(({ peakMb }) => peakMb))),
  };
}

function compressAndHash(path: string): readonly (readonly string[])[] {
  return [['zstd', '-1', '--quiet', '--force', path, '-o', `${path}.zst`], ['sha256sum', path]];
}

async function timed(argv: readonly string[]): Promise<{ readonly wallMs: number; readonly stdout: string }> {
  const startedMs = performance.now();
  const stdout = await mustRun(argv, { timeoutMs: programMaxMs, env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ETCDCTL_API: '3' } });
  return { wallMs: performance.now() - startedMs, stdout };
}
