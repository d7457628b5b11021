import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Host } from '../fleet/host.ts';
import { killExactly, identify } from '../fleet/process-identity.ts';
import { readJournal } from './host-journal.ts';
import { differences } from './host-truth.ts';
import { ProofFailed } from './proof-failed.ts';
import { type ProofStage, rollBack } from './proof-stage.ts';
import { samplePlan } from './sample-packages.ts';
import { say } from './say.ts';

const PROGRAM = fileURLToPath(new URL('deposed-leader-main.ts', import.meta.url));
const DATA_FOLDER = '/var/lib/farrier-coordinator';
const ANSWER_MAX_MS = 60_000;

interface Answer {
  readonly serving?: true;
  readonly hello?: { readonly highestEpoch: number };
  readonly report?: string;
  readonly refused?: string;
}

/**
 * A leader with the fleet's own keys, but of an epoch that another one ended, commands a host: with an assignment, and
 * with a permit for an assignment that was rightful. The host must refuse both and stay as it is.
 */
export async function proveDeposedLeader(stage: ProofStage): Promise<void> {
  const [host] = stage.nodes;
  if (host === undefined) throw new Error('a proof needs a node');
  // Another leader, whose epoch the agent then sees: from here on the one before is deposed.
  await stage.farrier.control.mustExec(['systemctl', 'restart', 'farrier-coordinator.service']);
  await stage.farrier.waitForSessions();
  const up = await stage.farrier.start(samplePlan('2.0', stage.maxUnavailable, 0));
  await stage.farrier.waitFor(up, ['completed']);
  await stage.farrier.waitFor(await rollBack(stage.farrier, up), ['completed']);
  await stage.farrier.control.mustExec(['systemctl', 'stop', 'farrier-coordinator.service']);
  for (const stale of ['assignment', 'permit'] as const) {
    const answers = await commandFrom(stage, host, stale);
    const problems = await judge(stage, host, answers);
    say(`  a deposed leader's ${stale}: ${JSON.stringify(answers.at(-1))}`);
    if (problems.length > 0) throw new ProofFailed([`a deposed leader's ${stale}:`, ...problems], answers.map((answer) => JSON.stringify(answer)).join('\n'));
  }
}

async function judge(stage: ProofStage, host: Host, answers: readonly Answer[]): Promise<readonly string[]> {
  const wrong = await differences(host, stage.old.get(host.name) ?? '', 5_000);
  const begun = (await readJournal(host)).some(({ kind, rollout }) => kind === 'begin' && rollout === 'of-a-deposed-leader');
  return [
    ...(answers.some(({ refused }) => refused === 'epoch-stale') ? [] : ['it was not refused with epoch-stale']),
    ...(begun ? [`${host.name} began what it commanded`] : []),
    ...(wrong.length > 0 ? [`${host.name} was changed: ${wrong.slice(0, 5).join('; ')}`] : []),
  ];
}

/** Points the agent to the deposed leader and listens until it refuses, or has done what it was told. */
async function commandFrom(stage: ProofStage, host: Host, stale: 'assignment' | 'permit'): Promise<readonly Answer[]> {
  const { fleet, control } = stage.farrier;
  const folder = join(fleet.folder, `deposed-${stale}`);
  mkdirSync(folder, { recursive: true });
  const archive = join(folder, 'keys.tar');
  await control.mustExec(['tar', '--create', '--file', '/root/keys.tar', '--directory', DATA_FOLDER, 'keys']);
  writeFileSync(archive, await control.readFile('/root/keys.tar'));
  execFileSync('tar', ['--extract', '--file', archive, '--directory', folder]);
  const plan = join(folder, 'plan.yaml');
  writeFileSync(plan, samplePlan('2.0', 1, 0));
  const leader = fleet.spawnInSwitch([process.execPath, PROGRAM, folder, 'demo', host.name, plan, stale], { stdio: ['ignore', 'pipe', 'inherit'] });
  const identity = identify(leader.pid ?? 0);
  try {
    const lines = createInterface({ input: leader.stdout ?? process.stdin })[Symbol.asyncIterator]();
    const answers: Answer[] = [];
    const deadline = performance.now() + ANSWER_MAX_MS;
    const isOver = ({ refused, report }: Answer): boolean => refused !== undefined || report === 'RECORD_KIND_DONE' || report === 'RECORD_KIND_REVERTED';
    while (performance.now() < deadline) {
      const line = await Promise.race([lines.next(), new Promise<null>((resolve) => setTimeout(() => resolve(null), Math.max(1, deadline - performance.now())))]);
      if (line === null || line.done === true) break;
      const answer = JSON.parse(line.value) as Answer;
      answers.push(answer);
      if (answer.serving === true) await dial(host, 'coordinator:7443');
      if (isOver(answer)) break;
    }
    return answers;
  } finally {
    if (identity !== null) killExactly(identity, 'SIGKILL');
  }
}

async function dial(host: Host, coordinator: string): Promise<void> {
  await host.writeFile('/etc/farrier/agent.d/proof.yaml', `coordinator: ${coordinator}\n`);
  await host.mustExec(['systemctl', 'restart', 'farrier-agent.service']);
}

