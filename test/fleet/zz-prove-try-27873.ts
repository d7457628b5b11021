import { withStage, rehearse } from '/work/main/test/prove/proof-stage.ts';
import { proveCoordinatorCrash, proveCoordinatorPowerCut, proveRestoreFromBefore, proveRestoreFromMiddle } from '/work/main/test/prove/prove-coordinator.ts';
import { proveDeposedLeader } from '/work/main/test/prove/deposed-leader.ts';
import { ProofFailed } from '/work/main/test/prove/proof-failed.ts';
const t = Date.now(); const lap = (s: string) => console.log(((Date.now() - t) / 1000).toFixed(1), s);
const what = process.argv[2] as string; const m = (process.argv[3] ?? 'halt-at-record') as 'halt-at-record';
await withStage({ nodes: what === 'deposed' ? 1 : 5, mutation: m, label: 'try', ...(what === 'deposed' ? {} : { maxUnavailable: 2 }) }, async (stage) => {
  lap('staged');
  const s = what === 'deposed' ? stage : await rehearse(stage); lap('rehearsed');
  try {
  if (what === 'deposed') await proveDeposedLeader(s);
  if (what.includes('c')) await proveCoordinatorCrash(s, 4, 7);
  if (what.includes('p')) await proveCoordinatorPowerCut(s, 2, 7);
  if (what.includes('m')) { await proveRestoreFromMiddle(s); await s.farrier.waitFor(await (await import('/work/main/test/prove/play-path.ts')).beginPath(s, 'rollback'), ['completed']); }
  if (what.includes('b')) await proveRestoreFromBefore(s);
  } catch (e) { console.log('FAIL', e instanceof ProofFailed ? e.message + '\n' + e.details : e);
  console.log((await s.farrier.control.exec(['journalctl', '-u', 'farrier*', '--no-pager', '-n', '100', '-o', 'cat'])).stdout);
  }
  lap('done');
}).catch((e) => console.log(e instanceof ProofFailed ? e.message + '\n' + e.details : e));
