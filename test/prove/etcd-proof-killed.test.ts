import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';

import { proveSnapshot } from '../../agent/snapshots/prove/prove-snapshot.ts';
import { etcdPrograms } from '../support/etcd-programs.ts';
import { processesIn, proofLab } from '../support/proof-lab.ts';
import { seededDice } from '../support/seeded-dice.ts';
import type { EtcdSaw } from './etcd-rows.ts';

const KILLS = 15;
/** Of a proof that is left alone: from the start of its process to its end. */
const FROM_MS = 300;
const TO_MS = 2_500;
const TEST_MAX_MS = 10 * 60_000;
const never = new AbortController().signal;
const PROVE_ALONE = fileURLToPath(new URL('../bench/prove-snapshot.ts', import.meta.url));

describe.each(['bookworm', 'trixie'] as const)('proofs of etcd of Debian %s', async (suite) => {
  const lab = await proofLab(await etcdPrograms(suite));
  afterAll(() => lab.dispose());

  test('that are killed at any moment stop nobody, and what they leave goes with the next one', { timeout: TEST_MAX_MS }, async ({ task }) => {
    const dice = seededDice(suite.length);
    const look = await lab.look();
    const order = lab.order(await lab.take('good.db'), look);
    const { record, path, toolsFolder, scratchFolder } = order;
    const left = { folder: 0, processes: 0 };
    for (let kills = 0; kills < KILLS; kills += 1) {
      const child = spawn(process.execPath, [PROVE_ALONE, JSON.stringify({ record, path, toolsFolder, scratchFolder })], { stdio: 'ignore' });
      const gone = once(child, 'exit');
      await sleep(dice.int(FROM_MS, TO_MS));
      const running = processesIn(scratchFolder);
      // Else most would end by themselves, as soon as nobody reads what they say.
      for (const pid of running) stop(Number(pid));
      child.kill('SIGKILL');
      await gone;
      if (existsSync(scratchFolder)) left.folder += 1;
      if (processesIn(scratchFolder).length > 0) left.processes += 1;
      const proof = await proveSnapshot(order, never);
      if (!proof.ok) throw new Error(`after ${kills + 1} kills: ${proof.phase}: ${proof.message}`);
      lab.expectNothingLeft();
    }
    task.meta.saw = {
      table: 'proofs that were killed',
      rows: [{ ETCD: record.version, KILLED: KILLS, 'LEFT WHAT WAS RESTORED': left.folder, 'LEFT A PROGRAM RUNNING': left.processes, 'THE NEXT ONE HELD': KILLS }],
    } satisfies EtcdSaw;
    expect(left.folder).toBeGreaterThan(2);
    expect(left.processes).toBeGreaterThan(2);
  });
});

function stop(pid: number): void {
  try {
    process.kill(pid, 'SIGSTOP');
  } catch {
    // It has just ended.
  }
}
