import { expect, test } from 'vitest';

import { decide } from '../../../../coordinator/core/decide.ts';
import { explainNode } from '../../../../coordinator/core/explain.ts';
import type { RolloutEventBody } from '../../../../coordinator/core/rollout-event.ts';
import { decisionLines } from '../../../support/decision-lines.ts';
import { aFrozen, aProgress, aRollout, aSlot, assigned, aView, aWorld, ledgerWith, NOW, SESSIONS, type ViewParts } from '../../../support/world-builder.ts';

const staged = { progress: [aProgress('staged')] };
const begun = { progress: [aProgress('active')] };
const slots = [aSlot('n1', { takenUnixMs: 1 }), aSlot('n2', { takenUnixMs: 2 })];
const permitted: RolloutEventBody = { type: 'permit-issued', node: 'n2', generation: 1, requestId: 'q1' };

/** Both hold a slot of a rollout that allows one of them, as a store can have it that was restored more than once. */
function world(n1: ViewParts, n2: ViewParts, ...events: RolloutEventBody[]) {
  const rollout = aRollout('r1', aFrozen('r1', [['n1', 'n2']], { maxUnavailable: 1 }), { type: 'wave-opened', wave: 'w0' }, assigned('n1'), assigned('n2'), ...events);
  return aWorld({ nodes: [aView('n1', n1), aView('n2', n2)], rollouts: [rollout], ledger: ledgerWith(...slots) });
}

test.each<[string, ViewParts, ViewParts, RolloutEventBody[], string[]]>([
  ['of two that have not begun the first one goes on', staged, staged, [], ['offer-permit n1 r1#1']],
  ['none begins beside one that has', begun, staged, [], []],
  ['nor while one that may be at work is away', { ...staged, session: SESSIONS.away }, staged, [{ ...permitted, node: 'n1' }], []],
  ['one that is out already takes no unit', begun, { ...staged, cluster: { ready: false, unschedulable: false } }, [], ['offer-permit n2 r1#1']],
  ['what has its permit is asked again', begun, staged, [permitted], ['offer-permit n2 r1#1']],
])('I1 before the first permit: %s', (_, n1, n2, events, lines) => {
  expect(decisionLines(decide(world(n1, n2, ...events), NOW)).filter((line) => line.includes('permit'))).toEqual(lines);
});

test('and `why` names who is in the way', () => {
  const said = explainNode(world(begun, staged), NOW, 'n2').map(({ reason, message }) => `${reason}: ${message}`);
  expect(said).toContainEqual(expect.stringMatching(/^budget-spent: .*: 2 of 1 in fleet fleet \(n1 holds-slot, n2 holds-slot\)$/));
});
