// node test/bench/snapshot-check.ts FILE [--pairs N (5)]: what checking a snapshot costs beside `etcdutl snapshot status` of
// it, one after the other so that whatever else the machine does falls on both. etcdutl does less: it passes over the
// trailer. It maps the file: what it has resident is the file.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { checkSnapshot } from '../../agent/snapshots/check-snapshot.ts';
import { mustRun, runProgram } from '../fleet/run-program.ts';
import { etcdutlProgram } from '../support/etcd-programs.ts';
import { median } from './median.ts';
import { ownPeakMb } from './process-cost.ts';

const MIB = 1 << 20;
const runMaxMs = 10 * 60_000;

/** One check in a process of its own. */
interface Cost {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakMib: number;
}

interface CheckCost extends Cost {
  /** The trailer's part of the wall time. */
  readonly hashMs: number;
}

const { values, positionals } = parseArgs({ allowPositionals: true, options: { pairs: { type: 'string', default: '5' }, once: { type: 'boolean', default: false } } });
const path = positionals[0] ?? '';
console.log(JSON.stringify(values.once ? await checkOnce() : await comparePairs(Number(values.pairs))));

async function checkOnce(): Promise<CheckCost> {
  const startedMs = performance.now();
  let hashedMs = startedMs;
  const checked = await checkSnapshot(path, { onProgress: ({ part }) => { if (part === 'hash') hashedMs = performance.now(); } });
  if (!checked.ok) throw new Error(checked.message);
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  return { wallMs: performance.now() - startedMs, hashMs: hashedMs - startedMs, cpuMs: (userCPUTime + systemCPUTime) / 1000, peakMib: ownPeakMb() };
}

async function comparePairs(pairs: number): Promise<object> {
  const etcdutl = await etcdutlProgram();
  const ours: CheckCost[] = [];
  const theirs: Cost[] = [];
  for (let pair = 0; pair < pairs; pair += 1) {
    ours.push(JSON.parse(await mustRun([process.execPath, fileURLToPath(import.meta.url), path, '--once'], { timeoutMs: runMaxMs })) as CheckCost);
    theirs.push(await statusCost(etcdutl));
  }
  const middle = (costs: readonly Cost[]): Cost => ({ wallMs: median(costs.map(({ wallMs }) => wallMs)), cpuMs: median(costs.map(({ cpuMs }) => cpuMs)), peakMib: median(costs.map(({ peakMib }) => peakMib)) });
  const walkMs = median(ours.map(({ wallMs, hashMs }) => wallMs - hashMs));
  return { pairs, check: middle(ours), walkMs, etcdutl: middle(theirs), walkRatio: median(ours.map(({ wallMs, hashMs }, pair) => (wallMs - hashMs) / (theirs[pair]?.wallMs ?? Number.NaN))) };
}

/** GNU time tells what a child took. */
async function statusCost(etcdutl: string): Promise<Cost> {
  const { exitCode, stderr } = await runProgram(['/usr/bin/time', '--format', '%e %U %S %M', etcdutl, '--write-out=json', 'snapshot', 'status', path], { timeoutMs: runMaxMs });
  if (exitCode !== 0) throw new Error(stderr);
  const [wall = 0, user = 0, system = 0, kib = 0] = (stderr.trim().split('\n').at(-1) ?? '').split(' ').map(Number);
  return { wallMs: wall * 1000, cpuMs: (user + system) * 1000, peakMib: (kib * 1024) / MIB };
}
