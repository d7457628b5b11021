import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { makeServiceDeb } from '../../fleet/deb-package.ts';
import { bootFleet, type Fleet } from '../../fleet/fleet.ts';
import { codeFor } from '../../fleet/lonely-host.ts';
import { packStandIns } from '../../fleet/stand-ins/pack-stand-ins.ts';
import type { ProofResult } from '../proof-sections.ts';
import { say } from '../say.ts';
import { clustersOf, makeStands, type StandsFleet } from './make-stands.ts';
import { matrixLines } from './matrix.ts';
import type { Verdict } from './play-case.ts';
import { playOn } from './play-on.ts';
import { K3S_MINOR, K3S_OLD, K3S_PATCH, KUBEADM_NEW, KUBEADM_OLD } from './sequences.ts';
import type { Place, SweepCase } from './sweep-case.ts';

/** Plays cases on real hosts, every place beside the others, and prints how each of them ended. */
export async function playSweep(cases: readonly SweepCase[]): Promise<ProofResult> {
  const places = Map.groupBy(cases, ({ track }) => track.place);
  const folder = mkdtempSync(join(tmpdir(), 'farrier-sweep-'));
  let fleet: Fleet | null = null;
  try {
    const hoofd = await makeServiceDeb(join(folder, 'debs'), { name: 'hoofd', version: '1.0' });
    const standIns = await packStandIns(folder, { kubernetes: [KUBEADM_OLD, KUBEADM_NEW], k3s: [K3S_OLD, K3S_PATCH, K3S_MINOR], debs: [hoofd] });
    fleet = await bootFleet({
      hosts: [...places].flatMap(([place, ofPlace]) => clustersOf(place, ofPlace.length).flat()).map((name) => ({ name })),
      ...{ aptRepository: standIns.aptRepository, sharedFolders: { ...standIns.sharedFolders, ...codeFor(folder) }, label: 'prove:steps', onProgress: say },
    });
    const parts = { fleet, standIns };
    return resultOf((await Promise.all([...places].map(([place, ofPlace]) => playAt(place, ofPlace, parts)))).flat());
  } finally {
    await fleet?.tearDown();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The cases of one place, dealt out to its stands. */
async function playAt(place: Place, cases: readonly SweepCase[], parts: StandsFleet): Promise<readonly Verdict[]> {
  const startedMs = performance.now();
  try {
    const stands = (await Promise.all(clustersOf(place, cases.length).map((names) => makeStands(place, names, parts)))).flat();
    say(`  ${place}: ready after ${Math.round((performance.now() - startedMs) / 1000)} s`);
    return (await Promise.all(stands.map((stand, index) => playOn(stand, cases.filter((_, at) => at % stands.length === index))))).flat();
  } catch (error) {
    say(`  ${place}: ${String(error)}`);
    return cases.map((played) => ({ played, outcome: null, problems: [`${place}: ${String(error)}`], why: '' }));
  }
}

function resultOf(verdicts: readonly Verdict[]): ProofResult {
  for (const line of matrixLines(verdicts)) say(line);
  const failed = verdicts.filter(({ problems }) => problems.length > 0).length;
  const ends = (['new', 'old', 'held'] as const).map((outcome) => `${verdicts.filter((verdict) => verdict.outcome === outcome).length} ${outcome}`);
  return { result: `${verdicts.length} cases: ${ends.join(', ')}`, tally: { passed: verdicts.length - failed, failed, skipped: 0 } };
}
