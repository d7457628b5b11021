import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { runFarrier, transcriptOf, NOON_UNIX_MS } from '../../support/cli-run.ts';
import type { EtcdLook } from '../../../shared/domain/etcd-look.ts';
import { toFactsMessage } from '../../../shared/wire/facts-codec.ts';
import { CONTROL_PLANE, ETCD_LOOK, K3S_SERVER } from '../../support/example-facts.ts';
import { COMPLETED, HELD, RUNNING } from '../../support/example-rollout.ts';
import { FakeFleet, Refusal } from '../../support/fake-fleet.ts';

const PLANS = fileURLToPath(new URL('../../support/plans/', import.meta.url));
let fleet: FakeFleet;

beforeEach(async () => {
  fleet = await FakeFleet.start();
});
afterEach(async () => await fleet.stop());

const NODES = [
  { name: 'edge-1', labels: { role: 'worker', canary: 'yes' }, cluster: 'north', zone: 'n1', session: 'connected', lastSeenUnixMs: NOON_UNIX_MS - 1000, agentVersion: '0.1.0', osRelease: 'Debian GNU/Linux 12', architecture: 'amd64', generation: 3, slotRollout: RUNNING.id, unavailableReason: 'holds-slot' },
  { name: 'edge-17', labels: {}, session: 'silent', unavailableReason: 'not-reported' },
];

const WAITING = { ...NODES[1], session: 'connected', unavailableReason: '', pendingApproval: true, pendingMachineId: '0f3c9a5e7b2d4c61a8e0f19d2b3c4d5e', pendingSinceUnixMs: NOON_UNIX_MS - 190_000 };

const EXPLANATION = {
  reason: 'budget-spent',
  message: 'as many nodes are unavailable as the plan or the policy allows: 2 of 2 in fleet prod (edge-2 holds-slot, edge-3 holds-slot)',
  blockingObject: 'fleet prod',
  sinceUnixMs: NOON_UNIX_MS - 42_000,
  whoCanUnblock: 'nobody needs to: a slot comes free when a node is done or healthy again',
  whatNext: 'the node gets the next free slot',
  rollout: RUNNING.id,
};

const DIAGNOSTIC = { file: 'containerd.yaml', line: 10, column: 19, path: 'spec.maxUnavailable', code: 'out-of-range', message: 'is 0; it has to be a whole number of nodes', severity: 'error' };
const WARNING = { ...DIAGNOSTIC, line: 13, column: 12, path: 'spec.silence', code: 'no-effect', message: 'has no effect without onSilence: revert', severity: 'warning' };
const AUDIT = [
  { sequence: 1, wallUnixMs: NOON_UNIX_MS - 60_000, who: 'root@local', role: 'admin', action: 'operator create', object: 'alice', result: 'ok', hash: 'aa', detail: 'operator' },
  { sequence: 2, wallUnixMs: NOON_UNIX_MS - 30_000, who: 'alice', role: 'operator', action: 'policy set', object: '', result: 'refused: role', hash: 'bb', detail: '' },
];
const MEMBER: EtcdLook = { ...ETCD_LOOK, runsAs: 'kubeadm', members: ETCD_LOOK.members.map((member, index) => ({ ...member, answers: index < 2 })), alarms: [{ memberId: ETCD_LOOK.memberId, alarm: 'no-space' }] };
const planned = (name: string, because = '', detail = '') => ({ name, kind: 'service', detail, because });
const WORKERS = Array.from({ length: 12 }, (_, index) => `edge-${index + 2}`);
const WAVES = [{ name: 'canary', nodes: ['edge-1'] }, { name: 'rest', nodes: WORKERS }];
const PODS_STAY = { drained: false, drainedBecause: 'its pods go on running' };
const DRAINED = { drained: true, drainedBecause: 'the kubelet crosses a minor' };
const CHECKED = { diagnostics: [], satisfied: [], notChecked: ['whether 13 hosts find containerd 1.7.24 in ours'], hops: [{ target: '', maxUnavailable: 2, waves: WAVES, groups: [{ nodes: ['edge-1', ...WORKERS], role: '', ...PODS_STAY, steps: [planned('guard-containerd.service'), planned('packages', '', 'containerd 1.7.24'), planned('restart-containerd.service')] }] }] };
const COMPOSED = {
  diagnostics: [],
  satisfied: ['edge-13'],
  hops: [
    { target: 'v1.34.9', maxUnavailable: 1, waves: [{ name: 'all', nodes: ['cp-1'] }], groups: [{ nodes: ['cp-1'], role: 'first control plane', ...DRAINED, steps: [planned('packages-kubeadm', 'kubeadm is 1.33.9', 'kubeadm 1.34.9-1.1'), planned('kubeadm', 'the API server is 1.33.9')] }] },
    { target: 'v1.35.4', maxUnavailable: 2, wantedUnavailable: 5, waves: [{ name: 'all-first-control-plane', nodes: ['cp-1'] }, { name: 'all', nodes: WORKERS }], groups: [
      { nodes: ['cp-1'], role: 'first control plane', ...DRAINED, steps: [planned('kubeadm', 'the API server is 1.34.9')] },
      { nodes: WORKERS, role: 'worker', ...DRAINED, steps: [planned('kubelet', 'kubelet is 1.33.9')] },
    ] },
  ],
};

const ARTIFACTS = [
  { sha256: 'a1'.repeat(32), size: 71_303_168, name: 'k3s-v1.34.1-amd64', addedBy: 'alice', addedUnixMs: NOON_UNIX_MS - 3_600_000 },
  { sha256: 'b2'.repeat(32), size: 12, name: '', addedBy: '', addedUnixMs: NOON_UNIX_MS - 60_000 },
];

interface Scene {
  readonly name: string;
  readonly argv: readonly string[];
  readonly answers: Record<string, object>;
}

/** Every command, answered and refused; each is run as text and with --json. */
const SCENES: readonly Scene[] = [
  { name: 'token-create', argv: ['token', 'create', '--uses', '10', '--ttl', '1d', '--names', 'edge-*', '--labels', 'role=worker,site=a', '--labels', 'rack=7', '--zone', 'n1'], answers: { CreateToken: { token: 'abc.def', caHash: `sha256:${'0'.repeat(64)}`, enrollAddress: 'coordinator.example.net:7444', expiresUnixMs: NOON_UNIX_MS + 86_400_000 } } },
  { name: 'node-ls', argv: ['node', 'ls'], answers: { ListNodes: { nodes: NODES } } },
  { name: 'node-ls-empty', argv: ['node', 'ls'], answers: { ListNodes: { nodes: [] } } },
  { name: 'node-show', argv: ['node', 'show', 'edge-1'], answers: { ListNodes: { nodes: NODES }, ExplainNode: { explanations: [EXPLANATION] } } },
  { name: 'node-show-facts', argv: ['node', 'show', 'edge-1'], answers: { ListNodes: { nodes: NODES }, ExplainNode: { explanations: [], facts: toFactsMessage({ ...CONTROL_PLANE, etcdMember: MEMBER }), factsUnixMs: NOON_UNIX_MS - 3_600_000 } } },
  { name: 'node-show-facts-k3s', argv: ['node', 'show', 'edge-1'], answers: { ListNodes: { nodes: NODES }, ExplainNode: { explanations: [], facts: toFactsMessage(K3S_SERVER), factsUnixMs: NOON_UNIX_MS - 3_600_000 } } },
  { name: 'node-show-unknown', argv: ['node', 'show', 'egde-17'], answers: { ListNodes: { nodes: NODES } } },
  { name: 'node-show-waiting', argv: ['node', 'show', 'edge-17'], answers: { ListNodes: { nodes: [WAITING] }, ExplainNode: { explanations: [] } } },
  { name: 'node-ls-waiting', argv: ['node', 'ls'], answers: { ListNodes: { nodes: [WAITING] } } },
  { name: 'node-approve', argv: ['node', 'approve', 'edge-17'], answers: { ApproveNode: {} } },
  { name: 'node-reject', argv: ['node', 'approve', 'edge-17', '--reject'], answers: { ApproveNode: {} } },
  { name: 'node-forget', argv: ['node', 'forget', 'edge-17', '--why', 'board burnt'], answers: { ForgetNode: { slotsReturned: ['containerd-1-7-4f9a02 generation 3'] } } },
  { name: 'node-forget-no-slot', argv: ['node', 'forget', 'edge-17', '--why', 'board burnt'], answers: { ForgetNode: { slotsReturned: [] } } },
  { name: 'node-remove', argv: ['node', 'remove', 'edge-17', '--why', 'site closed'], answers: { RemoveNode: {} } },
  { name: 'node-remove-refused', argv: ['node', 'remove', 'edge-17', '--why', 'site closed'], answers: { RemoveNode: new Refusal(status.FAILED_PRECONDITION, 'edge-17 holds a slot: wait for it to end, or first `farrier node forget edge-17 --why ...`') } },
  { name: 'token-ls', argv: ['token', 'ls'], answers: { ListTokens: { tokens: [{ id: '4f9a02c1d2e3', uses: 10, used: 3, expiresUnixMs: NOON_UNIX_MS + 3_600_000, names: 'edge-*', labels: { role: 'worker' }, createdBy: 'alice' }, { id: '77aa01b2c3d4', uses: 1, used: 0, expiresUnixMs: NOON_UNIX_MS, names: '*', labels: {}, createdBy: 'root@local' }] } } },
  { name: 'token-revoke', argv: ['token', 'revoke', '4f9a02c1d2e3', '--why', 'mailed to the wrong list'], answers: { RevokeToken: {} } },
  { name: 'operator-ls', argv: ['operator', 'ls'], answers: { ListOperators: { operators: [{ name: 'alice', role: 'operator', expiresUnixMs: NOON_UNIX_MS + 86_400_000 }] } } },
  { name: 'operator-remove', argv: ['operator', 'remove', 'alice', '--why', 'lost her laptop'], answers: { RemoveOperator: {} } },
  { name: 'policy-get', argv: ['policy', 'get'], answers: { GetPolicy: { version: 4, yaml: 'apiVersion: farrier/v1\nkind: FleetPolicy\nspec: {}\n' } } },
  { name: 'policy-get-built-in', argv: ['policy', 'get'], answers: { GetPolicy: { version: 0, yaml: '' } } },
  { name: 'policy-set', argv: ['policy', 'set', 'policy.yaml'], answers: { GetPolicy: { version: 4 }, PutPolicy: { version: 5, diagnostics: [] } } },
  { name: 'policy-set-mistakes', argv: ['policy', 'set', 'policy.yaml'], answers: { GetPolicy: { version: 4 }, PutPolicy: { version: 0, diagnostics: [DIAGNOSTIC] } } },
  { name: 'policy-set-not-admin', argv: ['policy', 'set', 'policy.yaml'], answers: { GetPolicy: new Refusal(status.PERMISSION_DENIED, 'alice is operator, and this needs admin; ask an admin: farrier operator create NAME --role admin --out FILE') } },
  { name: 'plan-check', argv: ['plan', 'check', 'containerd.yaml'], answers: { CheckPlan: CHECKED } },
  { name: 'plan-check-hops', argv: ['plan', 'check', 'containerd.yaml'], answers: { CheckPlan: COMPOSED } },
  { name: 'plan-check-warning', argv: ['plan', 'check', 'containerd.yaml'], answers: { CheckPlan: { ...CHECKED, diagnostics: [WARNING] } } },
  { name: 'plan-check-mistakes', argv: ['plan', 'check', 'containerd.yaml'], answers: { CheckPlan: { diagnostics: [DIAGNOSTIC, WARNING] } } },
  { name: 'plan-check-refused', argv: ['plan', 'check', 'containerd.yaml'], answers: { CheckPlan: { ...COMPOSED, diagnostics: [DIAGNOSTIC] } } },
  { name: 'plan-check-offline', argv: ['plan', 'check', '--offline', 'every-mistake.yaml'], answers: {} },
  { name: 'plan-check-no-file', argv: ['plan', 'check', 'nowhere.yaml'], answers: {} },
  { name: 'rollout-start', argv: ['rollout', 'start', 'containerd.yaml'], answers: { StartRollout: { rollout: RUNNING.id, diagnostics: [] } } },
  { name: 'rollout-start-mistakes', argv: ['rollout', 'start', 'containerd.yaml'], answers: { StartRollout: { rollout: '', diagnostics: [DIAGNOSTIC] } } },
  { name: 'rollout-ls', argv: ['rollout', 'ls'], answers: { ListRollouts: { rollouts: [COMPLETED, RUNNING] } } },
  { name: 'rollout-ls-empty', argv: ['rollout', 'ls'], answers: { ListRollouts: { rollouts: [] } } },
  { name: 'rollout-show', argv: ['rollout', 'show', RUNNING.id], answers: { GetRollout: { rollout: RUNNING } } },
  { name: 'rollout-show-hop', argv: ['rollout', 'show', RUNNING.id], answers: { GetRollout: { rollout: { ...RUNNING, hop: 1, hops: 3, hopTarget: 'v1.34.9', nodes: [] } } } },
  { name: 'rollout-show-held', argv: ['rollout', 'show'], answers: { ListRollouts: { rollouts: [COMPLETED, HELD] }, GetRollout: { rollout: HELD } } },
  { name: 'rollout-pause', argv: ['rollout', 'pause', '--why', 'demo until noon'], answers: { ListRollouts: { rollouts: [RUNNING] }, SteerRollout: { rollout: { ...RUNNING, status: 'pausing', reason: 'paused-by-person', detail: 'demo until noon' } } } },
  { name: 'rollout-pause-which', argv: ['rollout', 'pause'], answers: { ListRollouts: { rollouts: [RUNNING, { ...HELD, id: 'kernel-99aabb' }] } } },
  { name: 'rollout-pause-none', argv: ['rollout', 'pause'], answers: { ListRollouts: { rollouts: [COMPLETED] } } },
  { name: 'rollout-resume', argv: ['rollout', 'resume', RUNNING.id], answers: { SteerRollout: { rollout: { ...RUNNING, outstanding: 0 } } } },
  { name: 'rollout-abort', argv: ['rollout', 'abort', RUNNING.id, '--why', 'wrong version'], answers: { SteerRollout: { rollout: { ...RUNNING, status: 'aborting', reason: 'aborted', detail: 'wrong version' } } } },
  { name: 'rollout-rollback', argv: ['rollout', 'rollback', RUNNING.id], answers: { SteerRollout: { rollout: { ...RUNNING, status: 'rolling-back', reason: 'rolled-back', outstanding: 0 }, rollback: 'containerd-1-7-77aa01' } } },
  { name: 'rollout-resume-over', argv: ['rollout', 'resume', RUNNING.id], answers: { SteerRollout: new Refusal(status.FAILED_PRECONDITION, `rollout ${RUNNING.id} is over (completed); start another`) } },
  { name: 'why', argv: ['why', 'edge-5'], answers: { ExplainNode: { explanations: [EXPLANATION, { ...EXPLANATION, reason: 'clock-off', message: 'the clocks disagree: by 300 s', rollout: '' }] } } },
  { name: 'why-nothing', argv: ['why', 'edge-5'], answers: { ExplainNode: { explanations: [] } } },
  { name: 'why-unknown', argv: ['why', 'nobody'], answers: { ExplainNode: new Refusal(status.NOT_FOUND, 'no node is called nobody; `farrier node ls` lists them') } },
  { name: 'audit', argv: ['audit', '--last', '2'], answers: { ListAudit: { entries: AUDIT, broken: '' } } },
  { name: 'audit-broken', argv: ['audit'], answers: { ListAudit: { entries: AUDIT, broken: 'entry 2 does not follow from entry 1' } } },
  { name: 'artifact-add', argv: ['artifact', 'add', 'policy.yaml', '--name', 'the policy'], answers: { AddArtifact: { artifact: { ...ARTIFACTS[1], name: 'the policy' }, layHereAlready: false } } },
  { name: 'artifact-add-again', argv: ['artifact', 'add', 'policy.yaml'], answers: { AddArtifact: { artifact: ARTIFACTS[0], layHereAlready: true } } },
  { name: 'artifact-add-no-file', argv: ['artifact', 'add', 'nowhere.yaml'], answers: {} },
  { name: 'artifact-add-no-room', argv: ['artifact', 'add', 'policy.yaml'], answers: { AddArtifact: new Refusal(status.RESOURCE_EXHAUSTED, 'there is room for 12 bytes on the coordinator\'s disk, the artifact has 300; remove others (farrier artifact ls) or free some') } },
  { name: 'artifact-ls', argv: ['artifact', 'ls'], answers: { ListArtifacts: { artifacts: ARTIFACTS } } },
  { name: 'artifact-ls-empty', argv: ['artifact', 'ls'], answers: { ListArtifacts: { artifacts: [] } } },
  { name: 'artifact-remove', argv: ['artifact', 'remove', 'a1'.repeat(32)], answers: { RemoveArtifact: {} } },
  { name: 'artifact-remove-refused', argv: ['artifact', 'remove', 'a1'.repeat(32)], answers: { RemoveArtifact: new Refusal(status.FAILED_PRECONDITION, `rollout ${RUNNING.id} is not over and its hosts may still fetch ${'a1'.repeat(32)}; wait for it, or abort it`) } },
  { name: 'coordinator-failed', argv: ['node', 'ls'], answers: { ListNodes: new Refusal(status.INTERNAL, 'the coordinator failed to answer; its log says more') } },
  { name: 'coordinator-older', argv: ['node', 'ls'], answers: { ListNodes: new Refusal(status.UNIMPLEMENTED, 'unknown method') } },
  { name: 'a-node-that-paints', argv: ['why', 'edge-5'], answers: { ExplainNode: { explanations: [{ ...EXPLANATION, message: 'bad\u001b[2J\u001b[31mred\nline' }] } } },
];

describe.each(SCENES)('$name', ({ name, argv, answers }) => {
  test('text and JSON', async () => {
    Object.assign(fleet.answers, answers);
    const inPlans = argv.map((word) => (word.endsWith('.yaml') ? `${PLANS}${word}` : word));
    const runs = [];
    for (const extra of [[], ['--json']]) {
      const run = await runFarrier([...inPlans, ...extra, '--socket', fleet.socket]);
      runs.push(transcriptOf([...argv, ...extra], run).replaceAll(PLANS, '').replaceAll(fleet.socket, 'SOCKET'));
    }
    await expect(runs.join('\n')).toMatchFileSnapshot(`transcripts/${name}.txt`);
  });
});

describe('what is asked of the coordinator', () => {
  const askedBy = async (argv: readonly string[]): Promise<unknown> => {
    await runFarrier([...argv, '--socket', fleet.socket]);
    return fleet.requests.at(-1);
  };

  test('a token with everything', async () => {
    const argv = SCENES[0]?.argv ?? [];
    expect(await askedBy(argv)).toEqual({ method: 'CreateToken', request: { uses: 10, ttlMs: 86_400_000, labels: { role: 'worker', site: 'a', rack: '7' }, names: 'edge-*', cluster: '', zone: 'n1', site: '' } });
  });

  test('a policy replaces the version that was seen', async () => {
    Object.assign(fleet.answers, { GetPolicy: { version: 4 }, PutPolicy: { version: 5 } });
    expect(await askedBy(['policy', 'set', `${PLANS}policy.yaml`])).toMatchObject({ method: 'PutPolicy', request: { expectedVersion: 4, file: `${PLANS}policy.yaml` } });
  });

  test('a policy made from an older version than the present one replaces that one, which is refused', async () => {
    Object.assign(fleet.answers, { GetPolicy: { version: 4 }, PutPolicy: { version: 5 } });
    await runFarrier(['policy', 'set', '-', '--socket', fleet.socket], { stdin: '# version 3\nkind: FleetPolicy\n' });
    expect(fleet.requests).toMatchObject([{ method: 'PutPolicy', request: { expectedVersion: 3, yaml: '# version 3\nkind: FleetPolicy\n' } }]);
    Object.assign(fleet.answers, { GetPolicy: { version: 4, yaml: '# version 3\nkind: FleetPolicy\n' } });
    expect((await runFarrier(['policy', 'get', '--socket', fleet.socket])).stdout).toEqual(['# version 4', 'kind: FleetPolicy']);
  });

  test.each(['pause', 'resume', 'abort', 'rollback'])('%s', async (verb) => {
    expect(await askedBy(['rollout', verb, 'r1', '--why', 'w'])).toEqual({ method: 'SteerRollout', request: { rollout: 'r1', steering: `STEERING_${verb.toUpperCase()}`, why: 'w' } });
  });

  test('standard input is a file called <stdin>', async () => {
    await runFarrier(['plan', 'check', '-', '--socket', fleet.socket], { stdin: 'kind: Plan\n' });
    expect(fleet.requests).toEqual([{ method: 'CheckPlan', request: { yaml: 'kind: Plan\n', file: '<stdin>' } }]);
  });

  test('a file, with its name, sha256 and size, and all its bytes', async () => {
    const bytes = readFileSync(`${PLANS}policy.yaml`);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    expect(await askedBy(['artifact', 'add', `${PLANS}policy.yaml`])).toEqual({ method: 'AddArtifact', request: { head: { sha256, size: bytes.length, name: 'policy.yaml' }, bytes: bytes.length } });
  });

  test('nothing, where the file is too large for any message', async () => {
    const run = await runFarrier(['plan', 'check', '-', '--socket', fleet.socket], { stdin: '#'.repeat(1024 * 1024 + 1) });
    expect([run.exitCode, fleet.requests]).toEqual([1, []]);
    expect(run.stdout[0]).toContain('1 MiB');
  });
});
