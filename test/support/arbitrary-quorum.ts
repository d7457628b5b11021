import fc from 'fast-check';

import type { World } from '../../coordinator/core/world.ts';
import type { EtcdLook } from '../../shared/domain/etcd-look.ts';
import { BARE_HOST, CONTROL_PLANE } from './example-facts.ts';
import { aFrozen, aPlan, aProgress, aRollout, assigned, aView, aWorld, SESSIONS } from './world-builder.ts';

/** One member of one etcd, and what there is to be known of it. */
export interface MemberSpec {
  readonly isLearner: boolean;
  /** Its node's agent tells of it; `mute` where the agent never heard it, `none` where no host of the fleet runs it. */
  readonly host: 'tells' | 'mute' | 'none';
  readonly session: 'connected' | 'justLost' | 'away';
  readonly trouble: '' | 'unreachable' | 'no-leader' | 'client-not-trusted';
  readonly isCorrupt: boolean;
  /** To the others, when they ask it. */
  readonly answers: boolean;
}

export interface QuorumSpec {
  readonly members: readonly MemberSpec[];
  readonly allowsOutage: boolean;
  /** Hand-run etcd is on hosts of no Kubernetes. */
  readonly byHand: boolean;
}

const rarely = <const T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> => fc.oneof({ weight: 5, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });

export const arbitraryQuorum: fc.Arbitrary<QuorumSpec> = fc.record({
  members: fc.array(
    fc.record({
      isLearner: rarely(false, true),
      host: rarely('tells', 'none', 'mute'),
      session: rarely('connected', 'justLost', 'away'),
      trouble: rarely('', 'unreachable', 'no-leader', 'client-not-trusted'),
      isCorrupt: fc.nat(19).map((drawn) => drawn === 0),
      answers: rarely(true, false),
    }),
    { minLength: 1, maxLength: 7, size: 'max' },
  ),
  allowsOutage: fc.boolean(),
  byHand: fc.boolean(),
});

export function nodeOf(index: number): string {
  return `n${index + 1}`;
}

/** Every node of it waits for a slot, and no other limit refuses one. */
export function quorumWorld({ members, allowsOutage, byHand }: QuorumSpec): World {
  const hosts = members.flatMap(({ host }, index) => (host === 'none' ? [] : [index]));
  const names = hosts.map(nodeOf);
  const plan = aPlan({ allowControlPlaneOutage: allowsOutage });
  const frozen = aFrozen('r1', [names], { plan, maxUnavailable: 9 });
  const listed = members.map(({ isLearner, answers }, index) => ({ id: idOf(index), name: `m${index + 1}`, isLearner, answers }));
  const alarms = members.flatMap(({ isCorrupt }, index) => (isCorrupt ? [{ memberId: idOf(index), alarm: 'corrupt' as const }] : []));
  const nodes = hosts.map((index) => {
    const { host, session, trouble } = members[index]!;
    const identity = host === 'mute' ? { clusterId: '', memberId: '', members: [], alarms: [] } : { clusterId: '77', memberId: idOf(index), members: listed, alarms };
    const look: EtcdLook = { runsAs: byHand ? 'systemd' : 'kubeadm', trouble: host === 'mute' && trouble === '' ? 'unreachable' : trouble, version: '3.5.16', clusterVersion: '3.5', isLeader: false, dbBytes: 0, dbInUseBytes: 0, ...identity };
    return aView(nodeOf(index), { record: { cluster: 'c1' }, session: SESSIONS[session], progress: [aProgress('staged')], facts: { facts: { ...(byHand ? BARE_HOST : CONTROL_PLANE), etcdMember: look }, sinceUnixMs: 0 } });
  });
  const all = { unit: 'percent', value: 100 } as const;
  const rollouts = names.length === 0 ? [] : [aRollout('r1', frozen, { type: 'wave-opened', wave: 'w0' }, ...names.map((name) => assigned(name)))];
  return aWorld({ nodes, rollouts, policy: { maxUnavailable: { fleet: all, perCluster: all, perZone: all } } });
}

/** Past what a number of JavaScript's holds, as etcd's ids are. */
function idOf(index: number): string {
  return (9_300_000_000_000_000_000n + BigInt(index)).toString();
}
