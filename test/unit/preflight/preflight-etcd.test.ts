import { expect, test } from 'vitest';

import type { EtcdLook } from '../../../shared/domain/etcd-look.ts';
import type { HostFacts } from '../../../shared/domain/host-facts.ts';
import { preflightEtcd } from '../../../shared/preflight/preflight-etcd.ts';
import { BARE_HOST, ETCD_LOOK } from '../../support/example-facts.ts';

const SPEC = { kind: 'etcd_upgrade', name: 's', timeoutMs: 1, unit: 'etcd.service', version: '3.6.11', binary: { sha256: 'ab', size: 1 }, crossesMinor: true } as const;

function found(looks: readonly (Partial<EtcdLook> | null)[], datastoreProved = true): readonly string[] {
  const nodes = looks.map((look, index): { name: string; facts: HostFacts } => ({ name: `n${index + 1}`, facts: { ...BARE_HOST, etcdMember: look === null ? null : { ...ETCD_LOOK, ...look } } }));
  return preflightEtcd(SPEC, nodes[0]!.facts, { name: 'prod', nodes, datastoreProved, proofObstacle: 'no host can prove it' }).map(({ code, message }) => `${code}: ${message.slice(0, 90)}`);
}

test.each<[string, Parameters<typeof found>, readonly string[]]>([
  ['nothing where every member is new enough', [[{}, {}, { version: '3.6.11' }]], []],
  ['a member of which the host knows nothing', [[{}, { version: '3.5.16' }]], ['etcd-too-old: the member of n2 runs etcd 3.5.16; to 3.6 every member goes from 3.5.32 or newer: upgrade ']],
  ['not one of another cluster of etcd', [[{}, { version: '3.4.1', clusterId: '5' }, null]], []],
  ['an alarm', [[{ alarms: [{ memberId: '1', alarm: 'no-space' }] }]], ['etcd-alarm: etcd has alarm no-space; clear what raised it first']],
  ['an etcd that somebody else runs', [[{ runsAs: 'kubeadm' }]], ['etcd-not-by-hand: etcd is run by kubeadm, which brings it to its own version; take this step out']],
  ['no proof', [[{}], false], ['datastore-proof-missing: nothing proves that the datastore of prod can be brought back, and no proof can be made: n']],
  ['nothing on a host whose member no agent looks at', [[null, {}], false], []],
])('a plan is told of %s', (_, args, expected) => {
  expect(found(...args)).toEqual(expected);
});
