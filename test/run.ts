// What `npm test` runs: the static checks, the fast tests, then the tests on a fleet of real hosts.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { notChecked as notCheckedLine, requireFleet } from './fleet/missing-parts.ts';
import { runBounded } from './run/run-bounded.ts';
import { runVitest, type VitestRun } from './run/run-vitest.ts';
import { sumTallies, tallyLine } from './run/tally.ts';
import type { Tally } from './run/tally.ts';

/** Scripts of package.json, in the order in which a mistake is cheapest to see. */
const STATIC_CHECKS = ['check:types', 'check:lint', 'check:proto', 'check:dead'];
const staticTimeoutMs = 5 * 60_000;
const fastTimeoutMs = 8 * 60_000;
const fleetTimeoutMs = 16 * 60_000;

const USAGE = `Usage: npm test

Static checks, fast tests, then tests on a fleet of real hosts (root, Linux). Ends with: N passed, N failed, N skipped.
One of them alone:

  npm run check
  npm run test:fast -- test/unit/agent
  npx vitest run --config test/fleet/vitest.config.ts test/fleet/harness.test.ts`;

const [argument] = process.argv.slice(2);
if (argument !== undefined) {
  console.log(argument === '--help' ? USAGE : `npm test takes no arguments\n\n${USAGE}`);
  process.exit(argument === '--help' ? 0 : 2);
}

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
const startedMs = performance.now();
const notChecked: string[] = [];

const tallies: Tally[] = [];
for (const script of STATIC_CHECKS) tallies.push(await runStaticCheck(script));
tallies.push(await runTests('fast tests', 'test/vitest.config.ts', { timeoutMs: fastTimeoutMs }));
tallies.push(await runFleetTests());

const total = sumTallies(tallies);
if (notChecked.length > 0) console.log(`\nNOT checked:\n${notChecked.map((line) => `  ${line}`).join('\n')}`);
console.log(`\n${seconds(performance.now() - startedMs)} on Node ${process.versions.node}`);
console.log(tallyLine(total));
process.exitCode = total.failed > 0 ? 1 : 0;

async function runStaticCheck(script: string): Promise<Tally> {
  process.stdout.write(`${script} ... `);
  const { exitCode, output, elapsedMs } = await runBounded(['npm', 'run', '--silent', script], { timeoutMs: staticTimeoutMs, show: false });
  console.log(`${exitCode === 0 ? 'ok' : 'FAILED'} (${seconds(elapsedMs)})`);
  if (exitCode !== 0) console.log(output.trimEnd() || `exit status ${exitCode}`);
  return { passed: exitCode === 0 ? 1 : 0, failed: exitCode === 0 ? 0 : 1, skipped: 0 };
}

async function runTests(title: string, config: string, run: VitestRun): Promise<Tally> {
  console.log(`\n${title}`);
  const tally = await runVitest(config, run);
  notChecked.push(...tally.unfinished.map((file) => `${title}: ${file} (the time was up)`));
  notChecked.push(...tally.skippedNames.map((name) => `${title}: ${name} (skipped by its own test; what it printed says why)`));
  return tally;
}

/** A machine that cannot start hosts leaves these unproved: that is said, counted, and no pass where a pass is asked for (CI=true). */
async function runFleetTests(): Promise<Tally> {
  const missing = await requireFleet((line) => console.log(line));
  if (missing.length === 0) return runTests('fleet tests (real hosts)', 'test/fleet/vitest.config.ts', { timeoutMs: fleetTimeoutMs, eachTest: true });
  const files = readdirSync('test/fleet', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.test.ts'));
  notChecked.push(notCheckedLine('fleet tests', missing), ...files.map((name) => `test/fleet/${name}`));
  return process.env['CI'] === 'true' ? { passed: 0, failed: files.length, skipped: 0 } : { passed: 0, failed: 0, skipped: files.length };
}

function seconds(elapsedMs: number): string {
  return `${(elapsedMs / 1000).toFixed(1)} s`;
}
