import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { median } from '../../bench/median.ts';
import { cellName, CONTAINERD_CELLS } from '../../fleet/containerd-host.ts';
import { missingParts, notChecked } from '../../fleet/missing-parts.ts';
import { BOOT_MAX_MS, ContainerdHosts } from './containerd-hosts.ts';
import { criDowntime } from './cri-downtime.ts';
import { DOWNTIME_MAX, type DowntimeSaw } from './downtime-table.ts';
import { configure } from './there-and-back.ts';

const missing = await missingParts();
if (missing.length > 0) console.warn(notChecked('how long CRI is away on real hosts', missing));

const RUNS = 15;
/** To look at the host takes its time too. */
const SELDOM_MS = 3000;

describe.skipIf(missing.length > 0)('CRI is away no longer than in a bare restart', { timeout: 10 * 60_000 }, () => {
  let hosts: ContainerdHosts;

  beforeAll(async () => {
    hosts = await ContainerdHosts.boot();
  }, BOOT_MAX_MS);

  afterAll(() => hosts?.tearDown());

  test.for(CONTAINERD_CELLS)('containerd $minor of $suite', async (cell, { task }) => {
    const [ours, bare]: [number[], number[]] = [[], []];
    const change = async (run: number): Promise<void> => expect(await hosts.play(cell, [configure({ sandboxImage: `site.example:5000/pause:${run}` })], SELDOM_MS)).toMatch(/^done ok/);
    const restart = async (): Promise<void> => void (await hosts.host(cell).mustExec(['systemctl', 'restart', 'containerd.service']));
    // In turn: what else the machine does meets both alike.
    for (let run = 0; run < RUNS; run += 1) {
      bare.push(await criDowntime(hosts.socket(cell), restart));
      ours.push(await criDowntime(hosts.socket(cell), () => change(run)));
    }
    task.meta.saw = { host: cellName(cell), parts: hosts.parts(cell), ours, bare } satisfies DowntimeSaw;
    expect(median(ours) / median(bare)).toBeLessThanOrEqual(DOWNTIME_MAX);
  });
});
