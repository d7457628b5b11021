import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { findLeaderInCgroup } from './find-leader.ts';
import { bootFleet } from './fleet.ts';
import { execInHost } from './host-exec.ts';
import { notChecked, requireFleet } from './missing-parts.ts';
import { killExactly } from './process-identity.ts';
import { sweep } from './remove-run.ts';
import { isLiving, listRuns } from './run-record.ts';
import type { RunRecord } from './run-record.ts';

const usage = `usage: node test/fleet/cli.ts COMMAND
  up N [--repo FOLDER]   start N hosts host1... and keep them until Ctrl-C or "down"
  list                   living fleets with their hosts
  exec HOST -- PROGRAM   run a program in a host of a living fleet
  down                   end all fleets that "up" keeps
  sweep                  remove what dead fleets left behind
`;
const label = 'command line';
const downMaxMs = 30_000;

async function main(): Promise<number> {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { repo: { type: 'string' }, help: { type: 'boolean' } } });
  const [command = '', ...words] = positionals;
  if (values.help === true) {
    process.stdout.write(usage);
    return 0;
  }
  switch (command) {
    case 'up': return up(Number(words[0]), values.repo);
    case 'list': return list();
    case 'exec': return execIn(words[0] ?? '', words.slice(1));
    case 'down': return down();
    case 'sweep': {
      for (const runId of sweep()) console.log(`removed ${runId}`);
      return 0;
    }
    default: {
      process.stderr.write(usage);
      return 2;
    }
  }
}

async function up(count: number, aptRepository: string | undefined): Promise<number> {
  if (!Number.isInteger(count) || count < 1) {
    process.stderr.write(usage);
    return 2;
  }
  const missing = await requireFleet(console.error);
  if (missing.length > 0) {
    console.error(notChecked('everything that needs a fleet', missing));
    return 1;
  }
  const startedMs = performance.now();
  const fleet = await bootFleet({
    label, hosts: Array.from({ length: count }, (_, index) => ({ name: `host${index + 1}` })), onProgress: console.error,
    ...(aptRepository === undefined ? {} : { aptRepository }),
  });
  console.log(`${count} hosts up in ${((performance.now() - startedMs) / 1000).toFixed(1)} s; Ctrl-C takes them down`);
  for (const { name, address, leader } of fleet.hosts) console.log(`${name}  ${address}  process ${leader?.pid}`);
  setInterval(() => undefined, 60_000); // The fleet's owner has to live; the exit guard ends it by signal.
  return await new Promise<number>(() => undefined);
}

function list(): number {
  for (const run of living()) {
    console.log(`fleet ${run.runId} (${run.label})`);
    for (const { name, address, cgroup } of run.hosts) console.log(`  ${name}  ${address}  ${findLeaderInCgroup(cgroup) === null ? 'down' : 'up'}`);
  }
  return 0;
}

async function execIn(name: string, argv: readonly string[]): Promise<number> {
  const host = living().flatMap(({ hosts }) => hosts).find((candidate) => candidate.name === name);
  const leader = host === undefined ? null : findLeaderInCgroup(host.cgroup);
  if (leader === null || argv.length === 0) {
    console.error(leader === null ? `no host ${name} is up: see "list"` : usage);
    return 2;
  }
  const { exitCode, stdout, stderr } = await execInHost(leader, argv);
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  return exitCode;
}

async function down(): Promise<number> {
  const runs = living().filter((run) => run.label === label);
  for (const { owner } of runs) killExactly(owner, 'SIGTERM');
  const deadline = performance.now() + downMaxMs;
  while (runs.some(isLiving) && performance.now() < deadline) await sleep(50);
  for (const runId of sweep()) console.log(`removed ${runId}`);
  return runs.some(isLiving) ? 1 : 0;
}

/** Those that "up" keeps first. */
function living(): readonly RunRecord[] {
  return listRuns().filter(isLiving).toSorted((a, b) => Number(b.label === label) - Number(a.label === label));
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof Error) || !('code' in error) || !String(error.code).startsWith('ERR_PARSE_ARGS')) throw error;
  process.stderr.write(`${error.message}\n${usage}`);
  process.exitCode = 2;
}
