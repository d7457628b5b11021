import fc from 'fast-check';
import { expect, test } from 'vitest';

import { decide } from '../../coordinator/core/decide.ts';
import { SAFE_RULES } from '../../coordinator/core/rules.ts';
import { arbitraryQuorum, type MemberSpec, nodeOf, type QuorumSpec, quorumWorld } from '../support/arbitrary-quorum.ts';
import { NOW } from '../support/world-builder.ts';

const RUNS = 4_000;

/** Counts anew, by what there is to be known of each member: nothing here looks at what agents tell. */
function isUp(member: MemberSpec, all: readonly MemberSpec[]): boolean {
  if (member.host === 'tells') return member.session === 'connected' && member.trouble === '' && !member.isCorrupt;
  return member.answers && all.some((other) => other.host === 'tells' && isUp(other, all));
}

/** Whether more than half of all that vote stay up, whichever member the node may be running. */
function survivesWithout(index: number, { members, allowsOutage }: QuorumSpec): boolean {
  const voting = members.filter(({ isLearner }) => !isLearner);
  const own = members[index]!;
  const upWithout = (gone: MemberSpec): number => voting.filter((member) => member !== gone && isUp(member, members)).length;
  const others = voting.filter((member) => member !== own).length;
  const may = own.host === 'tells' ? [own] : members.filter(({ host }) => host !== 'tells');
  const left = Math.min(...may.map(upWithout));
  if (voting.length < 3) return allowsOutage && left >= Math.min(others, voting.length);
  return left > voting.length / 2;
}

function granted(spec: QuorumSpec, rules = SAFE_RULES): readonly string[] {
  return decide(quorumWorld(spec), NOW, rules).flatMap((decision) =>
    decision.kind === 'ledger' ? decision.events.flatMap((event) => (event.type === 'slots-taken' ? event.slots.map(({ node }) => node) : [])) : [],
  );
}

test('I2: no node goes down whose loss its etcd would not survive, with the members as they are now', () => {
  const seen = { granted: 0, refused: 0, tight: 0, learners: 0, unplaced: 0 };
  fc.assert(
    fc.property(arbitraryQuorum, (spec) => {
      // Where nobody tells of a member the number of nodes is all that there is to count.
      fc.pre(spec.members.some(({ host }) => host === 'tells'));
      const slots = granted(spec);
      for (const name of slots) expect(survivesWithout(Number(name.slice(1)) - 1, spec), `${name} of ${JSON.stringify(spec)}`).toBe(true);
      seen.granted += slots.length;
      if (slots.length === 0 && granted(spec, { ...SAFE_RULES, countsQuorum: false }).length > 0) seen.refused += 1;
      const voting = spec.members.filter(({ isLearner }) => !isLearner);
      const up = voting.filter((member) => isUp(member, spec.members)).length;
      if (slots.length > 0 && voting.length >= 3 && up - 1 === Math.floor(voting.length / 2) + 1) seen.tight += 1;
      if (slots.length > 0 && voting.length < spec.members.length) seen.learners += 1;
      if (slots.length > 0 && spec.members.some(({ host }) => host !== 'tells')) seen.unplaced += 1;
    }),
    { numRuns: RUNS },
  );
  expect(seen.granted, 'slots').toBeGreaterThan(300);
  expect(seen.refused, 'worlds in which the quorum alone refused').toBeGreaterThan(300);
  expect(seen.tight, 'slots with not one member more than needed').toBeGreaterThan(50);
  expect(seen.learners, 'slots beside learners').toBeGreaterThan(50);
  expect(seen.unplaced, 'slots beside members that no agent tells of').toBeGreaterThan(30);
});

test('I12: a node that the quorum can spare, with nobody else away, gets its slot', () => {
  let seen = 0;
  fc.assert(
    fc.property(arbitraryQuorum, (spec) => {
      const isWhole = spec.members.every((member) => isUp(member, spec.members) && member.host === 'tells');
      const some = spec.members.some((_, index) => survivesWithout(index, spec));
      fc.pre(isWhole && some);
      seen += 1;
      expect(granted(spec)).toEqual([nodeOf(0)]);
    }),
    { numRuns: 300 },
  );
  expect(seen).toBeGreaterThan(100);
});
