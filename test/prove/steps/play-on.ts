import { say } from '../say.ts';
import { playCase, type Verdict } from './play-case.ts';
import type { Stand } from './stand.ts';
import { NOTHING, REVERT_LOST, type SweepCase, type Track, wholeOf } from './sweep-case.ts';

/**
 * Plays cases on one node, one after another. A host that went back is the next one's host, as it would be in a fleet;
 * any other gets its snapshot back first.
 */
export async function playOn(stand: Stand, cases: readonly SweepCase[]): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const [track, ofTrack] of Map.groupBy(cases, (one) => one.track)) {
    const { verdict, clean } = await playWhole(stand, track);
    verdicts.push(verdict);
    for (const played of ofTrack.filter(({ fault }) => fault !== NOTHING)) verdicts.push(clean === null ? failed(played, 'there is no clean upgrade to compare it with') : await play(stand, played, clean));
  }
  return verdicts;
}

/** With nothing going wrong: so it is known what fully new is. */
async function playWhole(stand: Stand, track: Track): Promise<{ readonly verdict: Verdict; readonly clean: string | null }> {
  let clean = '';
  const verdict = await attempt(stand, wholeOf(track), async (played) => {
    const first = await playCase(stand, played, null);
    clean = await stand.settledState();
    const lines = clean.split('\n');
    return { ...first, problems: [...first.problems, ...track.shows.filter((line) => !lines.includes(line)).map((line) => `a clean upgrade should show: ${line}`)] };
  });
  return { verdict, clean: verdict.problems.length === 0 ? clean : null };
}

function play(stand: Stand, played: SweepCase, clean: string): Promise<Verdict> {
  return attempt(stand, played, async () => {
    const verdict = await playCase(stand, played, clean);
    return played.fault === REVERT_LOST ? mustBeSeen(verdict) : verdict;
  });
}

async function attempt(stand: Stand, played: SweepCase, work: (played: SweepCase) => Promise<Verdict>): Promise<Verdict> {
  const startedMs = performance.now();
  const verdict = await stand.bringBack().then(() => work(played)).catch((error: unknown) => failed(played, String(error)));
  stand.isOld = verdict.problems.length === 0 && verdict.outcome === 'old';
  const end = verdict.problems.length > 0 ? 'FAILS' : (verdict.outcome ?? 'seen');
  const seconds = `${Math.round((performance.now() - startedMs) / 1000)} s`;
  say(`  ${stand.host.name}  ${end.padEnd(5)}  ${seconds.padStart(5)}  ${played.name}${verdict.why === '' ? '' : ` (${verdict.why})`}`);
  if (verdict.problems.length > 0) say([...verdict.problems, await stand.lonely.log().catch(String)].map((text) => `      ${text.trimEnd().replaceAll('\n', '\n      ')}`).join('\n'));
  return verdict;
}

/** The one step whose revert is left out is what has to be told, and nothing else. */
function mustBeSeen(verdict: Verdict): Verdict {
  const seen = verdict.problems.length > 0 && verdict.problems.every((problem) => problem.startsWith('not old: ') && problem.includes('kubeadm'));
  return { ...verdict, outcome: null, problems: seen ? [] : ['a revert was left out, and nobody sees just that:', ...verdict.problems] };
}

function failed(played: SweepCase, why: string): Verdict {
  return { played, outcome: null, problems: [why], why: '' };
}
