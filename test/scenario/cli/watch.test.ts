import { writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { Rollout__Output as Rollout } from '../../../shared/wire/messages.ts';
import { runFarrier, transcriptOf } from '../../support/cli-run.ts';
import { COMPLETED, HELD, RUNNING, rolloutNode } from '../../support/example-rollout.ts';
import { FakeFleet } from '../../support/fake-fleet.ts';

let fleet: FakeFleet;

beforeEach(async () => {
  fleet = await FakeFleet.start();
});
afterEach(async () => await fleet.stop());

const WATCH = ['rollout', 'watch', RUNNING.id];

function withNode(rollout: Rollout, name: string, change: Partial<Rollout['nodes'][number]>): Rollout {
  return { ...rollout, nodes: rollout.nodes.map((node) => (node.node === name ? { ...node, ...change } : node)) };
}

const STORY: readonly Rollout[] = [
  withNode(RUNNING, 'edge-2', { phase: 'done', step: '', reason: '' }),
  withNode(withNode(RUNNING, 'edge-2', { phase: 'done', step: '', reason: '' }), 'edge-5', { phase: 'slot', reason: 'waiting-for-agent', detail: '' }),
  HELD,
  // Ages and estimates alone are no change.
  { ...HELD, leftMs: 5 },
  RUNNING,
  COMPLETED,
];

async function watchersAre(count: number): Promise<void> {
  await vi.waitFor(() => expect(fleet.watchers).toBe(count), { timeout: 5000, interval: 5 });
}

/** Tells the story once somebody watches. */
async function tell(story: readonly Rollout[]): Promise<void> {
  await watchersAre(1);
  for (const rollout of story) fleet.tell(rollout);
}

test.each([[[]], [['--json']]])('a rollout is told change by change %j', async (extra) => {
  fleet.rolloutNow = RUNNING;
  const argv = [...WATCH, ...extra];
  const [run] = await Promise.all([runFarrier([...argv, '--socket', fleet.socket]), tell(STORY)]);
  await expect(transcriptOf(argv, run)).toMatchFileSnapshot(`transcripts/rollout-watch${extra.join('')}.txt`);
});

test('rollout start --watch goes on to show it', async () => {
  fleet.rolloutNow = RUNNING;
  Object.assign(fleet.answers, { StartRollout: { rollout: RUNNING.id, diagnostics: [] } });
  const argv = ['rollout', 'start', '-', '--watch', '--socket', fleet.socket];
  const [run] = await Promise.all([runFarrier(argv, { stdin: 'kind: Plan' }), tell([COMPLETED])]);
  expect([run.exitCode, run.stdout.at(-1)]).toEqual([0, expect.stringContaining('completed after 6m 12s: 6 done, 1 reverted')]);
});

test('rollout start --until-paused ends when it is held, and says who can unblock it', async () => {
  fleet.rolloutNow = RUNNING;
  Object.assign(fleet.answers, { StartRollout: { rollout: RUNNING.id, diagnostics: [] } });
  const argv = ['rollout', 'start', '-', '--until-paused', '--socket', fleet.socket];
  const [run] = await Promise.all([runFarrier(argv, { stdin: 'kind: Plan' }), tell([HELD])]);
  expect(run.exitCode).toBe(5);
  expect(run.stdout.join('\n')).toMatch(/held: more nodes failed.*\n.*who can unblock: an operator/u);
});

describe('it ends with what became of the rollout', () => {
  test.each<[string, number]>([
    ['completed', 0],
    ['failed', 4],
    ['aborted', 4],
    ['rolled-back', 4],
  ])('%s is %d', async (status, exitCode) => {
    fleet.rolloutNow = { ...COMPLETED, status };
    expect((await runFarrier([...WATCH, '--socket', fleet.socket])).exitCode).toBe(exitCode);
  });

  test.each(['paused', 'held'])('%s is 5 with --until-paused', async (status) => {
    fleet.rolloutNow = { ...HELD, status };
    expect((await runFarrier([...WATCH, '--until-paused', '--socket', fleet.socket])).exitCode).toBe(5);
  });

  test('pausing is not paused yet, and paused alone ends nothing', async () => {
    fleet.rolloutNow = { ...HELD, status: 'pausing', outstanding: 1 };
    const until = runFarrier([...WATCH, '--until-paused', '--socket', fleet.socket]);
    const always = runFarrier([...WATCH, '--socket', fleet.socket]);
    await watchersAre(2);
    fleet.tell({ ...HELD, status: 'paused' });
    expect((await until).exitCode).toBe(5);
    fleet.tell(COMPLETED);
    expect((await always).exitCode).toBe(0);
  });

  test('unknown is 1, nobody there is 3', async () => {
    expect((await runFarrier([...WATCH, '--socket', fleet.socket])).exitCode).toBe(1);
    fleet.crash();
    expect((await runFarrier([...WATCH, '--socket', fleet.socket])).exitCode).toBe(3);
    // What a killed coordinator leaves behind.
    await writeFile(fleet.socket, '');
    expect((await runFarrier([...WATCH, '--socket', fleet.socket])).exitCode).toBe(3);
  });

  test('Ctrl-C is 130, and says that the rollout goes on', async () => {
    fleet.rolloutNow = RUNNING;
    const interrupt = new AbortController();
    const running = runFarrier([...WATCH, '--socket', fleet.socket], { signal: interrupt.signal });
    await watchersAre(1);
    interrupt.abort();
    const run = await running;
    expect(run.exitCode).toBe(130);
    expect(run.stderr.join('\n')).toContain('the rollout goes on');
    await watchersAre(0);
  });
});

describe('a coordinator that starts again is waited for', () => {
  test.each<[string, () => void]>([
    ['after a crash', () => fleet.crash()],
    ['after a stop in good order', () => {
      fleet.endWatches();
      fleet.crash();
    }],
  ])('%s', async (_, goAway) => {
    fleet.rolloutNow = RUNNING;
    const running = runFarrier([...WATCH, '--socket', fleet.socket]);
    await watchersAre(1);
    goAway();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    fleet.rolloutNow = COMPLETED;
    await fleet.listen();
    const run = await running;
    expect(run.exitCode).toBe(0);
    expect(run.stdout.filter((line) => line.includes('is gone since'))).toHaveLength(1);
    expect(run.stdout.filter((line) => line.includes('answers again'))).toHaveLength(1);
  });
});

describe('in a terminal', () => {
  function terminal(): { readonly written: string[]; readonly write: (text: string) => void; readonly columns: () => number; readonly rows: () => number } {
    const written: string[] = [];
    return { written, write: (text) => void written.push(text), columns: () => 80, rows: () => 24 };
  }

  test('each frame is drawn over the one before, and the cursor comes back', async () => {
    fleet.rolloutNow = RUNNING;
    const screen = terminal();
    const [run] = await Promise.all([runFarrier([...WATCH, '--socket', fleet.socket], { terminal: screen }), tell([HELD, COMPLETED])]);
    const [first = '', second = ''] = screen.written;
    expect(first).toContain('\u001b[?25l');
    expect(first.split('\u001b').filter((part) => /^\[\d+A/.test(part))).toEqual([]);
    const rows = first.split('\n').length - 1;
    expect(second).toContain(`\u001b[${rows}A`);
    expect(screen.written.at(-1)).toBe('\u001b[?25h');
    expect(run.stdout).toEqual([expect.stringContaining('completed')]);
  });

  test('NO_COLOR takes the colors away', async () => {
    fleet.rolloutNow = COMPLETED;
    for (const [env, colored] of [
      [{}, true],
      [{ NO_COLOR: '1' }, false],
      [{ NO_COLOR: '' }, true],
    ] as const) {
      const screen = terminal();
      await runFarrier([...WATCH, '--socket', fleet.socket], { terminal: screen, env });
      expect(screen.written.join('').includes('\u001b[32m')).toBe(colored);
    }
  });

  test('the cursor comes back after Ctrl-C as well', async () => {
    fleet.rolloutNow = { ...RUNNING, nodes: [rolloutNode('edge-1', 'waiting')] };
    const screen = terminal();
    const interrupt = new AbortController();
    const running = runFarrier([...WATCH, '--socket', fleet.socket], { terminal: screen, signal: interrupt.signal });
    await watchersAre(1);
    interrupt.abort();
    expect((await running).exitCode).toBe(130);
    expect(screen.written.at(-1) ?? '\u001b[?25h').toBe('\u001b[?25h');
  });
});
