import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { agentPlan, CANNOT_CONNECT, CANNOT_START, GOOD, makeAgentRepository, OLD } from '../fleet/agent-versions.ts';
import { buildFarrierPackages } from '../fleet/farrier/build-packages.ts';
import { CONTROL, FarrierFleet } from '../fleet/farrier/farrier-fleet.ts';
import { bootFleet, type Fleet } from '../fleet/fleet.ts';
import type { Host } from '../fleet/host.ts';
import { missingParts, notChecked } from '../fleet/missing-parts.ts';

/** Most of it is waiting for disks: a test that runs alone takes a tenth of it. */
const PATIENCE_MS = 300_000;
const missing = await missingParts();
if (missing.length > 0) console.warn(notChecked('the agent upgrading itself', missing));

describe.skipIf(missing.length > 0)('the fleet upgrades its own agent', () => {
  let fleet: Fleet;
  let farrier: FarrierFleet;
  const folder = mkdtempSync(join(tmpdir(), 'farrier-agents-'));

  beforeAll(async () => {
    const packages = await buildFarrierPackages();
    fleet = await bootFleet({ hosts: [CONTROL, 'left', 'right'].map((name) => ({ name })), aptRepository: await makeAgentRepository(folder, packages.agent) });
    farrier = new FarrierFleet(fleet, packages);
    await farrier.installCoordinator();
    await farrier.putPolicy('apiVersion: farrier/v1\nkind: FleetPolicy\nspec:\n  maxUnavailable: { fleet: 2 }\n');
    await Promise.all(farrier.nodes.map(async (host) => farrier.installAgent(host, await farrier.createToken({ side: host.name }))));
    await farrier.waitForSessions();
  });

  afterAll(async () => {
    await fleet?.tearDown();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What is left when it is over: which versions lie there, and nothing of the upgrade. */
  async function looks(host: Host) {
    const lines = async (script: string): Promise<readonly string[]> => (await host.mustExec(['sh', '-c', script])).trim().split('\n').filter((line) => line !== '');
    const [link = ''] = await lines('readlink /usr/lib/farrier-agent/current');
    const [runs = ''] = await lines('readlink /proc/$(systemctl show -P MainPID farrier-agent.service)/exe');
    return {
      link,
      runs,
      package: (await lines("dpkg-query --show --showformat='${Version} ${Status}' farrier-agent; dpkg --audit"))[0],
      there: await lines('ls /usr/lib/farrier-agent'),
      left: await lines('ls -d /etc/systemd/system/farrier-agent-rescue* /etc/systemd/system/timers.target.wants/farrier-agent-rescue* /var/lib/farrier-agent/upgrade.json /var/lib/farrier-agent/versions 2>/dev/null; systemctl list-units --all --plain --no-legend "farrier-agent-rescue*"'),
    };
  }

  async function becomes(host: Host, version: string, there: readonly string[]): Promise<void> {
    const wanted = { link: version, runs: `/usr/lib/farrier-agent/${version}/node`, package: `${version} install ok installed`, there, left: [] };
    await expect.poll(() => looks(host), { timeout: 60_000, interval: 500 }).toEqual(wanted);
  }

  test('to a version that works: proved by its session, the version before it stays beside it', { timeout: 2 * PATIENCE_MS }, async () => {
    const rollout = await farrier.start(agentPlan(GOOD, 2));
    await farrier.waitFor(rollout, ['completed'], PATIENCE_MS);
    await farrier.waitForSessions();
    for (const host of farrier.nodes) {
      await becomes(host, GOOD, [OLD, GOOD, 'current', 'package']);
      expect(JSON.parse(await host.mustExec(['cat', '/var/lib/farrier-agent/proved.json']))).toMatchObject({ version: GOOD });
      expect(await host.mustExec(['farrier-agent', 'status'])).toContain(`agent        ${GOOD}, proved`);
      expect(await host.mustExec(['farrier-agent', 'status'])).toContain(`${OLD} lies beside it`);
    }
    expect(await farrier.farrier(['node', 'show', 'left'])).toContain(GOOD);
  });

  test('to one that cannot start and to one that cannot connect: the version before comes back, connected', { timeout: 3 * PATIENCE_MS }, async () => {
    const [dead, mute] = [await farrier.start(agentPlan(CANNOT_START, 1, { select: '{ side: left }' })), await farrier.start(agentPlan(CANNOT_CONNECT, 1, { select: '{ side: right }', connectWithin: '20s' }))];
    for (const rollout of [dead, mute]) await farrier.waitFor(rollout, ['held'], PATIENCE_MS);
    await farrier.waitForSessions();
    for (const host of farrier.nodes) await becomes(host, GOOD, [OLD, GOOD, 'current', 'package']);
    expect(await farrier.farrier(['rollout', 'show', dead])).toMatch(/unit-crashed/);
    expect(await farrier.farrier(['rollout', 'show', mute])).toMatch(/agent-not-connected/);
  });

  test('an admin’s own apt goes back and forth as well, and a purge leaves nothing', async () => {
    const [host] = farrier.nodes;
    if (host === undefined) throw new Error('no node');
    await host.mustExec(['sh', '-c', `apt-get update --quiet && apt-get install --yes --reinstall farrier-agent=${GOOD} && apt-get install --yes --allow-downgrades /root/agent.deb`]);
    await becomes(host, OLD, [OLD, GOOD, 'current', 'package']);
    await farrier.waitForSessions();
    await host.mustExec(['dpkg', '--purge', 'farrier-agent']);
    expect((await host.mustExec(['sh', '-c', 'ls -d /usr/lib/farrier-agent /var/lib/farrier-agent /etc/systemd/system/*farrier* 2>/dev/null || true'])).trim()).toBe('');
  });
});
