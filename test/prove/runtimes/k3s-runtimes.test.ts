import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { StepSpec } from '../../../shared/domain/step-spec.ts';
import type { K3sRuntimesSpec } from '../../../shared/domain/steps/k3s-runtimes-spec.ts';
import { bootFleet, type Fleet } from '../../fleet/fleet.ts';
import { hostState } from '../../fleet/host-state.ts';
import { codeFor, LonelyHost, told } from '../../fleet/lonely-host.ts';
import { missingParts, notChecked } from '../../fleet/missing-parts.ts';
import { makeK3sCluster } from '../../fleet/stand-ins/make-k3s-cluster.ts';
import { packStandIns } from '../../fleet/stand-ins/pack-stand-ins.ts';
import { realFolder } from '../../fleet/stand-ins/real-programs.ts';

const missing = await missingParts();
if (missing.length > 0) console.warn(notChecked('runtimes and mirrors of K3s on real hosts', missing));
if (realFolder() !== null) console.warn('NOT CHECKED: runtimes and mirrors of K3s on real hosts: the server and the agent here are stand-ins');

const VERSION = 'v1.34.1+k3s1';
const CONTAINERD = '/var/lib/rancher/k3s/agent/etc/containerd';
const kata = { name: 'kata', type: 'io.containerd.kata.v2', binary: null, podAnnotations: [] };

// systemd, files and the agent's inside are real; K3s is not: it makes of its templates what is checked here, and runs no container.
describe.skipIf(missing.length > 0 || realFolder() !== null)('an agent of K3s', { timeout: 5 * 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'farrier-k3s-runtimes-'));
  let fleet: Fleet;
  let node: LonelyHost;

  beforeAll(async () => {
    const standIns = await packStandIns(folder, { k3s: [VERSION] });
    fleet = await bootFleet({ hosts: [{ name: 'ks1' }, { name: 'ka1' }], ...standIns, sharedFolders: { ...standIns.sharedFolders, ...codeFor(folder) }, onProgress: console.log });
    await makeK3sCluster(fleet, standIns, { server: 'ks1', agents: ['ka1'], version: VERSION });
    node = new LonelyHost(fleet.host('ka1'));
  });

  afterAll(async () => {
    await fleet?.tearDown();
    rmSync(folder, { recursive: true, force: true });
  });

  test('gets a runtime beside a person’s template, and mirrors, and goes back to the byte', async () => {
    await node.host.writeFile(`${CONTAINERD}/config-v3.toml.tmpl`, '{{ template "base" . }}\n# by hand\n', 0o640);
    await node.host.mustExec(['systemctl', 'restart', 'k3s-agent.service']);
    // systemd calls it started before it made anything of its template.
    await node.host.mustExec(['sh', '-c', `until grep -q 'by hand' ${CONTAINERD}/config.toml; do sleep 0.2; done`], { timeoutMs: 30_000 });
    const before = await lookAt(node);
    expect(told(await node.whole(1, steps({}), 180_000))).toMatch(/^done /);
    expect(await node.host.mustExec(['cat', `${CONTAINERD}/config.toml`])).toContain("runtimes.'kata']");
    expect(await node.host.mustExec(['cat', '/etc/rancher/k3s/registries.yaml'])).toBe('mirrors:\n  docker.io:\n    endpoint:\n      - https://images.example\n');
    expect(told(await node.whole(2, 1, 180_000))).toMatch(/^done /);
    expect(await lookAt(node)).toEqual(before);
  });

  test('is refused, while it is staged, what K3s has found by itself: crun is on its PATH', async () => {
    const before = await lookAt(node);
    expect(told(await node.stage(3, steps({ runtimes: [{ ...kata, name: 'crun', type: 'io.containerd.runc.v2', binary: '/usr/bin/crun' }] })))).toMatch(/^refused not-allowed \/usr\/bin\/crun/);
    expect(await lookAt(node)).toEqual(before);
  });
});

function steps(change: Partial<K3sRuntimesSpec>): readonly StepSpec[] {
  return [{ kind: 'k3s_runtimes', name: 'runtimes', timeoutMs: 180_000, role: 'agent', runtimes: [kata], mirrors: [{ host: 'docker.io', endpoints: ['https://images.example'] }], ...change }];
}

async function lookAt({ host }: LonelyHost): Promise<string> {
  const own = await host.mustExec(['sh', '-c', `find ${CONTAINERD} /etc/rancher -printf '%p %m %U:%G\\n' | sort; find ${CONTAINERD} /etc/rancher -type f -exec sha256sum {} + | sort -k2`]);
  return `${await hostState(host)}${own}`;
}
