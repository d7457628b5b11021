import type { Verdict } from './play-case.ts';
import { FAULTS, REVERT_LOST } from './sweep-case.ts';

const STEP_WIDTH = 52;
const CELL_WIDTH = 14;

/** Step by fault, and how each ended; what really went wrong in a step stands below it. */
export function matrixLines(verdicts: readonly Verdict[]): readonly string[] {
  const head = [...FAULTS.map(({ title }) => title.padEnd(CELL_WIDTH))].join('');
  const byTrack = Map.groupBy(verdicts, ({ played }) => played.track.name);
  return [`\n  ${'STEP'.padEnd(STEP_WIDTH)}${head}`, ...[...byTrack].flatMap(([track, ofTrack]) => [`  ${track}`, ...trackLines(ofTrack)])];
}

function trackLines(verdicts: readonly Verdict[]): readonly string[] {
  const steps = Map.groupBy(verdicts, ({ played }) => played.step);
  return [...steps].flatMap(([step, ofStep]) => {
    const cells = FAULTS.map((fault) => endOf(ofStep.filter(({ played }) => played.fault === fault)).padEnd(CELL_WIDTH));
    const others = ofStep.filter(({ played }) => !FAULTS.includes(played.fault));
    const swept = others.length === ofStep.length ? [] : [`    ${step.padEnd(STEP_WIDTH - 2)}${cells.join('')}`];
    const byFault = Map.groupBy(others, ({ played }) => played.fault.title);
    return [...swept, ...[...byFault].map(([title, ofFault]) => `    ${`${step}: ${title}`.padEnd(STEP_WIDTH - 2)}${endOf(ofFault)}`)];
  });
}

function endOf(verdicts: readonly Verdict[]): string {
  if (verdicts.some(({ problems }) => problems.length > 0)) return 'FAILS';
  return verdicts.map(({ played, outcome }) => outcome ?? (played.fault === REVERT_LOST ? 'seen' : '')).join(' ') || '-';
}
