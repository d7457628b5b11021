// `npm run demo`: a coordinator and five real hosts; a real package upgraded on all of them with at most two down at
// once; then a package that crashes on one host, put back by itself, and the rollout held. See README.md.
import { startChecker } from '../fleet/checker.ts';
import type { FarrierFleet } from '../fleet/farrier/farrier-fleet.ts';
import { notChecked, requireFleet } from '../fleet/missing-parts.ts';
import { readJournal } from '../prove/host-journal.ts';
import { permittedLate } from './permitted-late.ts';
import { containerdPlan, samplePlan } from './plans.ts';
import { prepareStage, type Stage, UNLUCKY_FILE } from './prepare.ts';
import { printHosts, readHosts } from './print-hosts.ts';
import { readOptions } from './read-options.ts';
import { recordBoard } from './record-board.ts';
import { say, title } from './say.ts';
import { watchBoard } from './watch-board.ts';

/** The host on which the second package crashes. */
const UNLUCKY = 'edge-3';
const BUDGET = 2;

const values = readOptions(process.argv.slice(2));
if ('exitCode' in values) {
  say(values.text);
  process.exit(values.exitCode);
}
const missing = await requireFleet(say);
if (missing.length > 0) {
  say(notChecked('the demo', missing));
  process.exit(1);
}
let farrier: FarrierFleet | null = null;
try {
  process.exitCode = await show(await prepareStage(values.nats ? 'nats' : 'sqlite', (made) => (farrier = made)), values.record);
  if (values.keep) await keepUp();
  say('\nTo try things by hand on these hosts: npm run demo -- --keep');
} finally {
  say('\nTaking the hosts down ...');
  await (farrier as FarrierFleet | null)?.fleet.tearDown();
}

/** @returns 0 when the hosts themselves show what was promised. */
async function show(stage: Stage, record: boolean): Promise<number> {
  const { nodes, fleet } = stage.farrier;
  const checker = startChecker({ hosts: nodes, faults: fleet.faults, units: ['containerd.service', 'sample.service'] });
  for (const [host, container] of stage.containers) checker.watchContainer(host, container);

  title(`containerd ${stage.versions.old} -> ${stage.versions.new} on five hosts, at most ${BUDGET} down at once`);
  const first = await stage.farrier.start(containerdPlan(stage.versions.new));
  const recording = record ? recordBoard(stage.farrier.control, first) : Promise.resolve();
  await watchBoard(stage.farrier.control, first);
  await recording;

  title(`sample 1.0 -> 2.0, which crashes on ${UNLUCKY}: put back by itself, and the rollout held`);
  await fleet.host(UNLUCKY).writeFile(UNLUCKY_FILE, 'the sample service of version 2.0 crashes on this host\n');
  const second = await stage.farrier.start(samplePlan('2.0'));
  await watchBoard(stage.farrier.control, second);
  say(`\n$ farrier why ${UNLUCKY}`);
  say(await stage.farrier.farrier(['why', UNLUCKY]));

  // Held is a rollout whose nodes in disruption still finish or go back.
  await stage.farrier.waitUntilSettled(second);
  title('What the hosts themselves say');
  const { containers } = stage;
  const rows = await readHosts(nodes, { packageName: 'containerd', unit: 'containerd.service', containers });
  printHosts(rows, 'containerd', 'containerd.service');
  say('');
  const sampleRows = await readHosts(nodes, { packageName: 'sample', unit: 'sample.service', containers });
  printHosts(sampleRows, 'sample', 'sample.service');

  const report = await checker.stop();
  const { all, oursOrUnexplained } = report.greatestAtOnce;
  say(`\nHosts down at once, measured from outside: at most ${all.possible} (${report.lookCount} looks, the longest gap ${Math.round(report.longestGapMs)} ms); allowed: ${BUDGET}.`);

  const journals = new Map(await Promise.all(nodes.map(async (host) => [host.name, await readJournal(host)] as const)));
  const problems = [
    ...permittedLate(journals, second).map((host) => `${host} was permitted to begin though ${UNLUCKY} was going back`),
    ...rows.filter((row) => row.version !== `${stage.versions.new} installed`).map((row) => `${row.host} has containerd ${row.version}`),
    ...[...rows, ...sampleRows].filter((row) => row.unit !== 'active').map((row) => `a unit of ${row.host} is ${row.unit}`),
    ...rows.filter((row) => row.container !== 'same process').map((row) => `the container of ${row.host} did not survive`),
    ...sampleRows.filter((row) => row.host === UNLUCKY && row.version !== '1.0 installed').map((row) => `${row.host} was not put back: sample ${row.version}`),
    ...((await stage.farrier.show(second)).status === 'held' ? [] : ['the second rollout is not held']),
    ...(oursOrUnexplained.possible > BUDGET ? [`${oursOrUnexplained.possible} hosts were down at once`] : []),
  ];
  for (const problem of problems) say(`NOT AS PROMISED: ${problem}`);
  if (problems.length === 0) say('Everything is as promised.');
  return problems.length === 0 ? 0 : 1;
}

/** Until Ctrl-C, which takes the hosts down. */
async function keepUp(): Promise<never> {
  say(`
The hosts stay up until Ctrl-C. From another terminal:
  node test/fleet/cli.ts exec control -- farrier node ls
  node test/fleet/cli.ts exec control -- farrier why ${UNLUCKY}
  node test/fleet/cli.ts exec control -- farrier audit
  node test/fleet/cli.ts exec ${UNLUCKY} -- farrier-agent journal`);
  setInterval(() => undefined, 60_000);
  return await new Promise<never>(() => undefined);
}
