// npm run prove:runtimes: what is promised of container runtimes, on real hosts. `--only` picks sections by a part of their title.
import { playTests, type SeenTable } from './play-tests.ts';
import { readProofOptions } from './proof-options.ts';
import { ProofSections } from './proof-sections.ts';
import { downtimeTable } from './runtimes/downtime-table.ts';
import { matrixTable } from './runtimes/matrix-table.ts';
import type { Seen } from '../run/tally-tests.ts';

const { only, seed } = await readProofOptions('prove:runtimes');
// Of the configurations that are made up.
process.env['FARRIER_SEED'] = String(seed);
const sections = new ProofSections(only);

async function prove(title: string, file: string, maxMinutes: number, tabulate?: (seen: readonly Seen[]) => SeenTable): Promise<void> {
  const run = { files: [`test/prove/runtimes/${file}.test.ts`], timeoutMs: maxMinutes * 60_000 };
  await sections.prove(title, () => playTests('test/prove/vitest.config.ts', run, tabulate));
}

await prove('configurations, judged by the containerds of Debian', 'config-shapes', 10);
await prove('runtimes and mirrors of K3s', 'k3s-runtimes', 10);
await prove('Docker to containerd and back', 'docker-to-containerd', 20);
await prove('CRI: images, probes and WebAssembly', 'cri', 40);
await prove('changes to containerd and back', 'matrix', 60, matrixTable);
await prove('how long CRI is away', 'downtime', 40, downtimeTable);

process.exitCode = sections.end();
