// npm run prove:etcd: what is promised of datastores: snapshots, proofs, upgrades, restores. `--only` picks sections by a part of their title.
import { readdirSync } from 'node:fs';

import { tablesOf } from './etcd-rows.ts';
import { playTests } from './play-tests.ts';
import { readProofOptions } from './proof-options.ts';
import { type ProofResult, ProofSections } from './proof-sections.ts';

interface Proof {
  readonly title: string;
  /** How the names of its files start, after `etcd-`. */
  readonly start: string;
  readonly maxMinutes: number;
  /** That have to be seen. */
  readonly tables: readonly string[];
}

const PROOFS: readonly Proof[] = [
  { title: 'three members with TLS: snapshots under writes, proved', start: 'members', maxMinutes: 10, tables: ['snapshots under writes'] },
  { title: 'damaged snapshots are refused', start: 'damage', maxMinutes: 20, tables: ['damaged snapshots', 'damaged snapshots, sealed'] },
  { title: 'hash, revision and size are what etcdutl and etcdctl say, from empty to 1 GB', start: 'sizes', maxMinutes: 40, tables: ['hash, revision and size, as three programs say'] },
  { title: 'faults: a clear error, nothing left, the newest good snapshot whole, etcd running', start: 'faults', maxMinutes: 20, tables: ['faults'] },
  { title: 'proofs that are killed at any moment', start: 'proof-killed', maxMinutes: 20, tables: ['proofs that were killed'] },
  { title: 'SQLite of K3s under writes', start: 'sqlite', maxMinutes: 20, tables: ['SQLite of K3s under writes'] },
  { title: 'copies in object stores: moto and radosgw', start: 'object-stores', maxMinutes: 20, tables: ['object stores'] },
  { title: 'an agent takes, checks, proves and prunes on its host', start: 'host', maxMinutes: 40, tables: ['snapshots on hosts'] },
  { title: 'a rolling upgrade from 3.4 to 3.5 under a writer that checks', start: 'upgrade', maxMinutes: 60, tables: ['etcd upgraded under a writer'] },
  { title: 'a restore of a wiped cluster', start: 'restore', maxMinutes: 60, tables: ['restores of a wiped cluster'] },
];

const { only } = await readProofOptions('prove:etcd');
const sections = new ProofSections(only);
const names = readdirSync(new URL('.', import.meta.url)).filter((name) => /^etcd-.*\.test\.ts$/.test(name));
const filesOf = ({ start }: Proof): readonly string[] => names.filter((name) => name.startsWith(`etcd-${start}`));

for (const proof of PROOFS) await sections.prove(proof.title, async () => await play(proof));
await sections.prove('every proof of etcd is played', async () => {
  const played = new Set(PROOFS.flatMap(filesOf));
  const forgotten = names.filter((name) => !played.has(name));
  return { tally: { passed: forgotten.length === 0 ? 1 : 0, failed: forgotten.length, skipped: 0 }, result: forgotten.length === 0 ? `${names.length} files` : `NOT PLAYED: ${forgotten.join(', ')}` };
});

process.exitCode = sections.end();

async function play(proof: Proof): Promise<ProofResult> {
  const files = filesOf(proof).map((name) => `test/prove/${name}`);
  // Asked for no file, vitest would play all of them.
  if (files.length === 0) return { tally: { passed: 0, failed: 1, skipped: 0 }, result: `NOT SEEN: no test/prove/etcd-${proof.start}*.test.ts` };
  return await playTests('test/prove/vitest.config.ts', { files, timeoutMs: proof.maxMinutes * 60_000 }, (seen) => tablesOf(proof.tables, seen));
}
