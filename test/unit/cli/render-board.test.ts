import { describe, expect, test } from 'vitest';

import { renderBoard } from '../../../coordinator/cli/board/render-board.ts';
import type { Rollout__Output as Rollout } from '../../../shared/wire/messages.ts';
import { NOON_UNIX_MS } from '../../support/cli-run.ts';
import { COMPLETED, HELD, RUNNING, rolloutNode } from '../../support/example-rollout.ts';
import { withoutStyles } from '../../support/without-styles.ts';

const PHASES = ['waiting', 'assigned', 'staging', 'staged', 'slot', 'draining', 'permitted', 'activating', 'reverting', 'uncordoning', 'done', 'reverted', 'refused', 'needs-a-person', 'deferred', 'gone', 'from-the-future'];

const everyPhase: Rollout = { ...RUNNING, nodes: PHASES.map((phase, index) => rolloutNode(`edge-${index + 1}`, phase)) };

const drains: Rollout = {
  ...RUNNING,
  nodes: [
    rolloutNode('edge-1', 'draining', { reason: 'drain-blocked', detail: 'default/web-1 (disruption budget web: needs 3 healthy pods and has 3 currently)' }),
    rolloutNode('edge-2', 'draining', { reason: 'draining', detail: 'default/web-2, default/web-3 and 4 more' }),
    rolloutNode('edge-3', 'uncordoning', { reason: 'cordon-failed', detail: 'api-unreachable connect ECONNREFUSED' }),
    rolloutNode('edge-4', 'refused', { reason: 'drain-given-up', detail: 'default/db-0 (no controller would make it again)' }),
    rolloutNode('edge-5', 'waiting', { reason: 'orphan-cordon' }),
  ],
};

const large: Rollout = {
  ...RUNNING,
  nodes: Array.from({ length: 5000 }, (_, index) => rolloutNode(`edge-${index + 1}`, index < 2000 ? 'done' : index === 4321 ? 'needs-a-person' : index % 1000 === 7 ? 'activating' : 'waiting', { wave: index < 100 ? 'canary' : 'rest' })),
};

const SCENES: readonly (readonly [string, Rollout, { readonly width: number; readonly height?: number; readonly color?: boolean; readonly notice?: string }])[] = [
  ['running', RUNNING, { width: 100 }],
  ['running-narrow', RUNNING, { width: 60 }],
  ['running-color', RUNNING, { width: 100, color: true }],
  ['held', HELD, { width: 100 }],
  ['pausing', { ...RUNNING, status: 'pausing', reason: 'paused-by-person', detail: 'demo until noon', outstanding: 2 }, { width: 100 }],
  ['completed', COMPLETED, { width: 100 }],
  ['rollback', { ...RUNNING, id: 'containerd-1-7-77aa01', rollbackOf: RUNNING.id }, { width: 100 }],
  ['every-phase', everyPhase, { width: 100 }],
  ['drains', drains, { width: 100 }],
  ['soaking', { ...RUNNING, reason: 'soaking', detail: 'wave canary until 2026-01-01 12:10:00 UTC' }, { width: 100 }],
  ['coordinator-restarted', { ...RUNNING, unavailable: 5, unreported: 4 }, { width: 100 }],
  ['large', large, { width: 100, height: 24 }],
  ['coordinator-gone', RUNNING, { width: 100, notice: 'the coordinator at host:7443 is gone since 3s; the hosts go on; trying again' }],
  ['nothing-yet', { ...RUNNING, nodes: [], leftMs: 0 }, { width: 100 }],
];

describe.each(SCENES)('%s', (name, rollout, frame) => {
  const lines = renderBoard(rollout, { ...frame, nowUnixMs: NOON_UNIX_MS });

  test('looks as it did', async () => {
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(`boards/${name}.txt`);
  });

  test('fits', () => {
    for (const line of lines) expect([...withoutStyles(line)].length).toBeLessThanOrEqual(frame.width);
    expect(lines.length).toBeLessThanOrEqual(frame.height ?? Number.MAX_SAFE_INTEGER);
  });
});

test('whoever needs a person is seen, however many nodes there are', () => {
  expect(renderBoard(large, { width: 80, height: 12, nowUnixMs: NOON_UNIX_MS }).join('\n')).toContain('edge-4322');
});

test('without color there is no escape', () => {
  for (const [, rollout] of SCENES) expect(renderBoard(rollout, { width: 100, nowUnixMs: NOON_UNIX_MS }).join('\n')).not.toContain('\u001b');
});

test('what a host reports cannot repaint the terminal', () => {
  const evil = { ...RUNNING, detail: '\u001b[2J', reason: 'x\u0007', nodes: [rolloutNode('a\u001b[31m', 'reverted', { detail: '\u001b]0;title\u0007', reason: 'reverted', step: '\r' })] };
  const drawn = renderBoard(evil, { width: 100, nowUnixMs: NOON_UNIX_MS, color: false }).join('\n');
  expect([...drawn].filter((sign) => sign < ' ' && sign !== '\n')).toEqual([]);
});
