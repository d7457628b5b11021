import { setTimeout as sleep } from 'node:timers/promises';

import type { Look } from '../../fleet/lonely-host.ts';
import { waitUntilHalted } from '../halt.ts';
import { mayEnd, type Outcome } from './may-end.ts';
import { differsFromNew, differsFromOld } from './node-state.ts';
import { tellRealFailure } from './real-failures.ts';
import { OVER_MAX_MS, type Stand } from './stand.ts';
import type { SweepCase } from './sweep-case.ts';

export interface Verdict {
  readonly played: SweepCase;
  /** Null where the host is none of them. */
  readonly outcome: Outcome | null;
  /** Why it counts as failed; [] where it holds. */
  readonly problems: readonly string[];
  /** What its journal says of it: `verify-failed: kubelet.service was not restarted`. */
  readonly why: string;
}

const SETTLED_MAX_MS = 30_000;
const LOOK_EVERY_MS = 1000;
const PROBLEMS_MAX = 20;
const WHY_CHARS = 160;

/** @param clean the node after the whole sequence with nothing going wrong; null while that is what is played. */
export async function playCase(stand: Stand, played: SweepCase, clean: string | null): Promise<Verdict> {
  const { step, fault } = played;
  const { lonely, host } = stand;
  const generation = stand.nextGeneration();
  await lonely.tell(fault.told.map((place) => ({ place, step })));
  if (fault.real !== null) await tellRealFailure(host, fault.real);
  const staged = await lonely.stage(generation, stand.stepsOf(played.track));
  // What lies there by now was there long ago.
  await host.mustExec(['sync']);
  const problems = staged.end === null ? [] : [`it is not even staged: ${describe(staged)}`];
  let look = staged;
  if (staged.end === null) {
    await lonely.agent('permit', String(generation));
    if (fault.isCut) problems.push(...(await cutPower(stand)));
    look = await stand.over(generation);
  }
  await lonely.tell([]);
  await tellRealFailure(host, null);
  const judged = problems.length > 0 ? { outcome: null, problems } : await judge(stand, { played, clean, look, generation });
  return { played, ...judged, why: whyOf(look) };
}

/** Where the work unit was told to stop. */
async function cutPower({ lonely, host }: Stand): Promise<readonly string[]> {
  if (!(await waitUntilHalted(host, OVER_MAX_MS))) return ['it never came to where its power is cut'];
  await host.powerCut();
  await lonely.tell([]);
  await host.boot();
  return [];
}

interface Ended {
  readonly played: SweepCase;
  readonly clean: string | null;
  readonly look: Look;
  readonly generation: number;
}

type Judged = Pick<Verdict, 'outcome' | 'problems'>;

/** By the host itself, and by what its journal says of it: the two have to agree. */
async function judge(stand: Stand, { played, clean, look, generation }: Ended): Promise<Judged> {
  const { end } = look;
  switch (end?.kind) {
    case 'reverted':
      return { outcome: 'old', problems: [...mayEnd(played, 'old'), ...(await mustBe('old', stand, (now) => differsFromOld(stand.old, now)))] };
    case 'done':
      return { outcome: 'new', problems: [...mayEnd(played, 'new'), ...(await mustBeNew(stand, clean))] };
    case 'needs-a-person':
      return end.outcome.code === 'past-no-return' ? judgeHeld(stand, { played, clean, look, generation }) : { outcome: null, problems: [describe(look)] };
    default:
      return { outcome: null, problems: [describe(look)] };
  }
}

/** Nothing is lost of such a host: with what failed mended, a person finishes it. */
async function judgeHeld(stand: Stand, { played, clean, generation }: Ended): Promise<Judged> {
  const problems = [...mayEnd(played, 'held')];
  const holds = await stand.host.mustExec(['apt-mark', 'showhold']);
  if (!stand.old.includes(`== holds\n${holds}== `)) problems.push(`held, and its holds are now: ${holds.trim()}`);
  await stand.lonely.agent('finish');
  const finished = await stand.over(generation, ({ end }) => end?.kind === 'done').catch(String);
  if (typeof finished === 'string') problems.push(`held, and not to be finished: ${finished}`);
  else problems.push(...(await mustBeNew(stand, clean)));
  return { outcome: 'held', problems };
}

async function mustBeNew(stand: Stand, clean: string | null): Promise<readonly string[]> {
  return await mustBe('new', stand, (now) => (now === stand.old ? ['it is as it was'] : clean === null ? [] : differsFromNew(clean, now)));
}

/** Units may be on their way, and the cluster hears of it later. */
async function mustBe(wanted: Outcome, stand: Stand, differs: (now: string) => readonly string[]): Promise<readonly string[]> {
  for (const deadline = performance.now() + SETTLED_MAX_MS; ; await sleep(LOOK_EVERY_MS)) {
    const found = await stand.state().then(differs, (error: unknown) => [String(error)]);
    if (found.length === 0) return [];
    if (performance.now() > deadline) return found.slice(0, PROBLEMS_MAX).map((line) => `not ${wanted}: ${line}`);
  }
}

function whyOf({ end }: Look): string {
  if (end === null) return '';
  const { code, message } = end.outcome;
  return message === '' ? code : `${code}: ${message.slice(0, WHY_CHARS)}`;
}

function describe({ end, kinds }: Look): string {
  return `${end === null ? 'no end' : `${end.kind}: ${end.outcome.code}: ${end.outcome.message}`}; ${kinds.join(' ')}`;
}
