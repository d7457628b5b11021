import type { FarrierFleet } from '../fleet/farrier/farrier-fleet.ts';
import type { Path } from './boundary.ts';
import { readJournal } from './host-journal.ts';
import { differences } from './host-truth.ts';
import { ProofFailed } from './proof-failed.ts';
import { type ProofStage, rollBack } from './proof-stage.ts';
import { samplePlan } from './sample-packages.ts';

const SETTLE_MAX_MS = 15_000;

/** Starts the rollout of a path. */
export async function beginPath({ farrier, nodes, upgrades, maxUnavailable }: ProofStage, path: Path): Promise<string> {
  switch (path) {
    case 'upgrade':
      upgrades.push(await farrier.start(samplePlan('2.0', maxUnavailable, 0)));
      return upgrades.at(-1) ?? '';
    case 'rollback':
      return await rollBack(farrier, upgrades.at(-1) ?? '');
    case 'revert':
      // All of them fail: the last one is more than the plan allows, and the rollout is held.
      return await farrier.start(samplePlan('3.0', maxUnavailable, nodes.length - 1));
  }
}

/** The rollout ends as it must, and every host is fully new or fully old. */
export async function settlePath(stage: ProofStage, path: Path, rollout: string): Promise<void> {
  const { farrier, nodes, patienceMs } = stage;
  const problems: string[] = [];
  await farrier.waitFor(rollout, [path === 'revert' ? 'held' : 'completed'], patienceMs).catch(async () => problems.push(await describe(farrier, rollout)));
  const wanted = path === 'upgrade' ? stage.new : stage.old;
  for (const host of nodes) {
    const wrong = await differences(host, wanted.get(host.name) ?? '', SETTLE_MAX_MS).catch((error: unknown) => [String(error)]);
    if (wrong.length > 0) problems.push(`${host.name} is not fully ${path === 'upgrade' ? 'new' : 'old'}: ${wrong.slice(0, 12).join('; ')}`);
    const end = (await readJournal(host)).at(-1);
    const ends = path === 'revert' ? 'reverted' : 'done';
    if (end?.kind !== ends) problems.push(`${host.name}: the journal ends with ${end?.kind}, not with ${ends}`);
  }
  if (problems.length > 0) throw await failed(stage, rollout, problems);
  if (path !== 'revert') return;
  await farrier.farrier(['rollout', 'abort', rollout]);
  await farrier.waitFor(rollout, ['aborted'], 30_000);
}

export async function failed({ nodes }: Pick<ProofStage, 'nodes'>, rollout: string, problems: readonly string[]): Promise<ProofFailed> {
  const details = await Promise.all(
    nodes.filter(({ name }) => problems.some((problem) => problem.includes(name))).map(async (host) => {
      const journal = await host.exec(['farrier-agent', 'journal']).then(({ stdout }) => stdout.split('\n').slice(-30).join('\n'), String);
      const log = await host.exec(['journalctl', '--unit=farrier-*', '--no-pager', '--lines=40', '--output=cat']).then(({ stdout }) => stdout, String);
      return `--- ${host.name}\n${journal}\n${log}`;
    }),
  );
  return new ProofFailed([`rollout ${rollout}`, ...problems], details.join('\n'));
}

async function describe(farrier: FarrierFleet, id: string): Promise<string> {
  const { status, nodes } = await farrier.show(id);
  return `the rollout does not end: ${status}; ${nodes.map(({ node, phase, step, reason }) => [node, phase, step, reason].join(' ').trim()).join(', ')}`;
}
