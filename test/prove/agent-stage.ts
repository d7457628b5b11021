import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { agentPlan, makeAgentRepository } from '../fleet/agent-versions.ts';
import { buildFarrierPackages } from '../fleet/farrier/build-packages.ts';
import { CONTROL, FarrierFleet } from '../fleet/farrier/farrier-fleet.ts';
import { bootFleet, type Fleet } from '../fleet/fleet.ts';
import type { Host } from '../fleet/host.ts';
import { readJournal } from './host-journal.ts';
import { failed } from './play-path.ts';
import { say } from './say.ts';

/** Real hosts whose agents, of a proof build, upgrade themselves, each in a lane of its own: a rollout takes one host. */
export interface AgentStage {
  readonly farrier: FarrierFleet;
  readonly nodes: readonly Host[];
  readonly patienceMs: number;
}

const PATIENCE_MS = 900_000;
const SETTLE_MAX_MS = 120_000;
const CONNECT_WITHIN = '40s';

/** What an upgrade of the agent may have left, the version in use first; equal text is equal state. */
const LOOK = `
exec 2>&1
readlink /usr/lib/farrier-agent/current
readlink /proc/$(systemctl show --property=MainPID --value farrier-agent.service)/exe
dpkg-query --show --showformat='\${Version} \${Status}\\n' farrier-agent
dpkg --audit; dpkg --verify farrier-agent
systemctl is-active farrier-agent.service; systemctl is-enabled farrier-agent.service
ls /usr/lib/farrier-agent | grep -E '[.](new|old)$'
ls -d /etc/systemd/system/farrier-agent-rescue* /etc/systemd/system/timers.target.wants/farrier-agent-rescue* /var/lib/farrier-agent/upgrade.json /var/lib/farrier-agent/versions 2>/dev/null
find /var/lib/farrier-agent/assignments -name reserve
systemctl list-units --all --plain --no-legend 'farrier-assignment-*' 'farrier-agent-rescue*'
exit 0
`;

/** Boots, installs and enrolls. @param work is called with it; the fleet is gone afterwards. */
export async function withAgentStage<T>(nodes: number, label: string, work: (stage: AgentStage) => Promise<T>): Promise<T> {
  const packages = { ...(await buildFarrierPackages()), agent: (await buildFarrierPackages('halt-at-record')).agent };
  const scratch = mkdtempSync(join(tmpdir(), 'farrier-prove-'));
  let fleet: Fleet | null = null;
  try {
    const aptRepository = await makeAgentRepository(scratch, packages.agent, true);
    const names = Array.from({ length: nodes }, (_, index) => `node-${index + 1}`);
    fleet = await bootFleet({ hosts: [CONTROL, ...names].map((name) => ({ name })), aptRepository, label, onProgress: say });
    const farrier = new FarrierFleet(fleet, packages);
    await farrier.installCoordinator();
    await farrier.putPolicy(`apiVersion: farrier/v1\nkind: FleetPolicy\nspec:\n  maxUnavailable: { fleet: ${nodes} }\n  lostAfter: 20s\n`);
    await Promise.all(
      farrier.nodes.map(async (host) => {
        await farrier.installAgent(host, await farrier.createToken({ lane: host.name }));
        // What is made here was there long ago.
        await host.mustExec(['sync']);
      }),
    );
    await farrier.waitForSessions();
    return await work({ farrier, nodes: farrier.nodes, patienceMs: PATIENCE_MS });
  } finally {
    await fleet?.tearDown();
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Upgrades the agent of one host. @returns the rollout's id. */
export async function beginAgent({ farrier }: AgentStage, host: Host, version: string): Promise<string> {
  return await farrier.start(agentPlan(version, 1, { select: `{ lane: ${host.name} }`, connectWithin: CONNECT_WITHIN }));
}

export async function versionInUse(host: Host): Promise<string> {
  return (await look(host))[0] ?? '';
}

/**
 * The rollout comes to an end, and the host has a working agent: of the new version where its journal says done, of the one
 * before where it says reverted, connected, and with nothing left over. @throws ProofFailed
 */
export async function settleAgent({ farrier, patienceMs }: AgentStage, host: Host, rollout: string, versions: { readonly before: string; readonly target: string }): Promise<'new' | 'old'> {
  const problems: string[] = [];
  const end = await endOf(host, rollout, patienceMs);
  if (end === null) problems.push(`${host.name}: the journal comes to no end`);
  await farrier.waitFor(rollout, ['completed', 'held'], SETTLE_MAX_MS).catch((error: unknown) => problems.push(`the rollout does not end: ${String(error).slice(0, 400)}`));
  await farrier.waitForSessions(SETTLE_MAX_MS, [host]).catch(() => problems.push(`${host.name} is not connected`));
  const wanted = end === 'done' ? versions.target : versions.before;
  const wrong = await differs(host, wanted);
  if (wrong !== '') problems.push(`${host.name} does not run ${wanted} and nothing else:\n${wrong}`);
  if (problems.length > 0) throw await failed({ nodes: [host] }, rollout, problems);
  if ((await farrier.show(rollout)).status === 'held') {
    await farrier.farrier(['rollout', 'abort', rollout]);
    await farrier.waitFor(rollout, ['aborted'], SETTLE_MAX_MS);
  }
  return end === 'done' ? 'new' : 'old';
}

/** Read from the host, up or down: asking the coordinator so often would cost more than the upgrades. @returns null where the time is up. */
async function endOf(host: Host, rollout: string, withinMs: number): Promise<'done' | 'reverted' | 'refused' | null> {
  for (const deadline = performance.now() + withinMs; performance.now() < deadline; await sleep(500)) {
    const kind = (await readJournal(host)).findLast((record) => record.rollout === rollout && record.step < 0)?.kind;
    if (kind === 'done' || kind === 'reverted' || kind === 'refused') return kind;
  }
  return null;
}

/** Waits until what the upgrade armed has gone by itself. @returns '' or what the host looks like instead. */
async function differs(host: Host, version: string): Promise<string> {
  const wanted = [version, `/usr/lib/farrier-agent/${version}/node`, `${version} install ok installed`, 'active', 'enabled'].join('\n');
  for (const deadline = performance.now() + SETTLE_MAX_MS; ; await sleep(500)) {
    const found = (await look(host).catch((error: unknown) => [String(error)])).join('\n');
    if (found === wanted) return '';
    if (performance.now() > deadline) return found;
  }
}

async function look(host: Host): Promise<readonly string[]> {
  return (await host.mustExec(['sh', '-c', LOOK])).split('\n').filter((line) => line !== '');
}
