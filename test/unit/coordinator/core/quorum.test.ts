import { describe, expect, test } from 'vitest';

import { explainNode } from '../../../../coordinator/core/explain.ts';
import { decide } from '../../../../coordinator/core/decide.ts';
import type { NodeView, World } from '../../../../coordinator/core/world.ts';
import { BARE_HOST } from '../../../support/example-facts.ts';
import { type MemberSpec, quorumWorld } from '../../../support/arbitrary-quorum.ts';
import { aProgress, aSlot, aView, ledgerWith, NOW } from '../../../support/world-builder.ts';

const UP: MemberSpec = { isLearner: false, host: 'tells', session: 'connected', trouble: '', isCorrupt: false, answers: true };
const DOWN: MemberSpec = { ...UP, trouble: 'unreachable', answers: false };
const BLINKS: MemberSpec = { ...UP, session: 'justLost' };
const AWAY: MemberSpec = { ...UP, session: 'away' };
const NO_HOST: MemberSpec = { ...UP, host: 'none' };
const NO_HOST_DEAD: MemberSpec = { ...NO_HOST, answers: false };
const LEARNER: MemberSpec = { ...UP, isLearner: true };

function world(members: readonly MemberSpec[], allowsOutage = false): World {
  return quorumWorld({ members, allowsOutage, byHand: true });
}

/** Who gets the slot, or why n1 does not. */
function outcome(of: World): string {
  const slots = decide(of, NOW).flatMap((decision) => (decision.kind === 'ledger' ? decision.events.flatMap((event) => (event.type === 'slots-taken' ? event.slots.map(({ node }) => node) : [])) : []));
  if (slots.length > 0) return slots.join(' ');
  const [cause] = explainNode(of, NOW, 'n1').filter(({ rollout }) => rollout === 'r1');
  return `${cause?.reason} ${cause?.message.split(': ')[1] ?? ''}`.trim();
}

describe('with the members as they are now', () => {
  test.each<[string, readonly MemberSpec[], boolean, string]>([
    ['three that are up can spare one', [UP, UP, UP], false, 'n1'],
    ['five of which one is down can spare another', [UP, DOWN, UP, UP, UP], false, 'n1'],
    ['three of which one is down spare nobody but that one', [UP, UP, DOWN], false, 'n3'],
    ['an agent that was just lost cannot vouch for its member', [UP, UP, BLINKS], false, 'quorum-at-risk n3 cannot be counted on'],
    ['a learner neither has a vote nor makes more of them needed', [UP, UP, UP, LEARNER], false, 'n1'],
    ['two and a learner cannot lose one', [UP, UP, LEARNER], false, 'control-plane-outage'],
    ['two can where the plan says so and the other is up', [UP, UP], true, 'n1'],
    ['of two the one that is up stays up, whatever the plan says', [UP, DOWN], true, 'n2'],
    ['one can where the plan says so', [UP], true, 'n1'],
    ['one cannot otherwise', [UP], false, 'control-plane-outage'],
    ['a member that no host of the fleet runs counts as the others see it', [UP, UP, NO_HOST], false, 'n1'],
    ['one that no host runs and that answers nobody is lost', [UP, UP, UP, UP, NO_HOST_DEAD], false, 'member-lost m5 answers nobody'],
    ['so is one whose host is away for long', [UP, UP, UP, UP, AWAY], false, 'member-lost n5 answers nobody'],
  ])('%s', (_, members, allowsOutage, expected) => {
    expect(outcome(world(members, allowsOutage))).toBe(expected);
  });
});

test('of those that could go, whose member leads goes last, and waits for those that are about to be ready', () => {
  const withLeader = (progress: 'staged' | 'accepted' | 'done'): World => {
    const of = world([UP, UP, UP]);
    const changed = [...of.nodes].map(([name, view]): [string, NodeView] => {
      const { facts } = view;
      const look = facts?.facts.etcdMember ?? null;
      if (facts === null || look === null) throw new Error('a node of this world has no look');
      return [name, { ...aView(name, { record: view.record, session: view.session, progress: [aProgress(name === 'n1' ? 'staged' : progress)] }), facts: { ...facts, facts: { ...facts.facts, etcdMember: { ...look, isLeader: name === 'n1' } } } }];
    });
    return { ...of, nodes: new Map(changed) };
  };
  expect(outcome(withLeader('staged'))).toBe('n2');
  expect(outcome(withLeader('accepted'))).toBe('waiting-for-agent');
  expect(outcome(withLeader('done'))).toBe('n1');
});

test('a slot is granted, and then another member goes: no permit until it is back', () => {
  const permits = (of: World): readonly string[] => decide(of, NOW).flatMap((decision) => (decision.kind === 'offer-permit' ? [decision.node] : []));
  const withSlot = (of: World): World => ({ ...of, ledger: ledgerWith(aSlot('n1', { takenUnixMs: 1 })) });
  expect(permits(withSlot(world([UP, UP, UP])))).toEqual(['n1']);
  const weak = withSlot(world([UP, UP, DOWN]));
  expect(permits(weak)).toEqual([]);
  expect(explainNode(weak, NOW, 'n1').map(({ reason }) => reason)).toContain('quorum-at-risk');
});

test('hosts of one etcd that were given to two clusters still go one at a time', () => {
  const of = world([UP, UP, UP]);
  const split = new Map([...of.nodes].map(([name, view]) => [name, { ...view, record: { ...view.record, cluster: name === 'n2' ? 'other' : 'c1' } }]));
  expect(outcome({ ...of, nodes: split })).toBe('n1');
});

test('a host without a member, beside hosts that have one, is bound by their limit and by no quorum of theirs', () => {
  const of = world([UP, UP, DOWN]);
  const worker = aView('w1', { record: { cluster: 'c1' }, progress: [aProgress('staged')], facts: { facts: BARE_HOST, sinceUnixMs: 0 } });
  expect(explainNode({ ...of, nodes: new Map([...of.nodes, ['w1', worker]]) }, NOW, 'w1')).toEqual([]);
});
