import { describe, expect, test } from 'vitest';

import { admitAssignment, type AdmitView } from '../../../agent/core/admit-assignment.ts';
import { type PermitView, refusePermit } from '../../../agent/core/admit-permit.ts';
import { ALLOW_ALL, type AllowList, notAllowed } from '../../../agent/core/allow-list.ts';
import type { StepSpec } from '../../../shared/domain/step-spec.ts';
import { type AssignmentSpec, decodeAssignment, encodeAssignment } from '../../../shared/wire/assignment-codec.ts';
import { encodeSequence } from '../../../shared/wire/sequence-codec.ts';
import type { PermitSpec } from '../../../shared/wire/permit-codec.ts';
import { digestOf } from '../../../shared/wire/digest-of.ts';
import { containerdSpec } from '../../support/containerd-at-work.ts';
import { entry, records } from '../../support/journal-records.ts';

const NOW = 1_700_000_000_000;
const STEPS: readonly StepSpec[] = [
  { kind: 'packages', name: 'p', timeoutMs: 1_000, install: [{ name: 'containerd', version: '1.7' }], sources: ['debian'], conffiles: 'keep' },
  { kind: 'service', name: 's', timeoutMs: 1_000, unit: 'containerd.service', action: 'restart', looks: 1, lookIntervalMs: 1 },
  { kind: 'files', name: 'f', timeoutMs: 1_000, files: [{ path: '/etc/containerd/certs.d/x', state: 'absent' }], onDrift: 'refuse' },
  { kind: 'hook', name: 'h', timeoutMs: 1_000, hook: 'drain-queue', args: [], reversible: true },
];
const BYTES = encodeSequence(STEPS);
const DIGEST = digestOf(BYTES);

function assignment(change: Partial<Omit<AssignmentSpec, 'action'>> & { readonly bytes?: Buffer } = {}) {
  const { bytes = BYTES, ...rest } = change;
  const spec = { fleet: 'f', node: 'n', rollout: 'r1', generation: 5, epoch: 3, ledgerSequence: 1, issuedUnixMs: NOW - 1_000, expiresUnixMs: NOW + 1_000, onSilence: 'keep' as const, silenceMs: 0, ...rest };
  return decodeAssignment(encodeAssignment({ ...spec, action: { kind: 'sequence', bytes } }));
}

const view = (change: Partial<AdmitView> = {}): AdmitView => ({ fleet: 'f', node: 'n', nowUnixMs: NOW, allow: ALLOW_ALL, records: [], epochFloor: 0, ...change });
const of = (kind: Parameters<typeof entry>[0], generation: number, change: Parameters<typeof entry>[1] = {}) => entry(kind, { generation, epoch: 3, digest: DIGEST, ...change });

function verdict(decoded: ReturnType<typeof assignment>, change: Partial<AdmitView> = {}): string {
  const admission = admitAssignment(decoded, view(change));
  if (admission.kind === 'refuse') return `${admission.outcome.code}${admission.journal === null ? '' : ' journaled'}`;
  if (admission.kind === 'accept') return `accept${admission.supersedes === null ? '' : ` instead of ${admission.supersedes.generation}`}`;
  return admission.kind === 'already' ? `already${admission.newer ? ' newer' : ''}` : admission.kind;
}

describe('an assignment whose signature holds', () => {
  const unknownKind = Buffer.from([0x0a, 0x07, 0x0a, 0x01, 0x78, 0x10, 0x01, 0x7a, 0x00]);
  test.each<[string, string, ReturnType<typeof assignment>, Partial<AdmitView>]>([
    ['is taken', 'accept', assignment(), {}],
    ['for another node is not', 'wrong-node', assignment({ node: 'm' }), {}],
    ['of another fleet is not', 'wrong-node', assignment({ fleet: 'g' }), {}],
    ['of a deposed leader is not, whatever kind of record saw the newer one', 'epoch-stale', assignment(), { records: records([of('refused', 2, { epoch: 4 })]) }],
    ['of a leader that was deposed by one that ordered a snapshot is not', 'epoch-stale', assignment(), { epochFloor: 4 }],
    ['of the leader that ordered one is', 'accept', assignment(), { epochFloor: 3 }],
    ['of the same leader is', 'accept', assignment(), { records: records([of('done', 2, { epoch: 3 })]) }],
    ['sent again is known', 'already', assignment(), { records: records([of('accepted', 5)]) }],
    ['sent again by a newer leader is noted', 'already newer', assignment({ epoch: 4 }), { records: records([of('accepted', 5)]) }],
    ['sent again when it is over is not noted', 'already', assignment({ epoch: 4 }), { records: records([of('accepted', 5), of('done', 5)]) }],
    ['with a generation seen and another digest shows a store that went back', 'store-regressed', assignment(), { records: records([of('accepted', 5, { digest: 'e'.repeat(64) })]) }],
    ['with a lower generation does too', 'store-regressed', assignment(), { records: records([of('done', 6)]) }],
    ['that expired is refused for good', 'permit-expired journaled', assignment(), { nowUnixMs: NOW + 1_001 }],
    ['with a step that this agent does not know is refused for good', 'unknown-step-kind journaled', assignment({ bytes: unknownKind }), {}],
    ['with a step that the host does not allow is refused for good', 'not-allowed journaled', assignment(), { allow: { ...ALLOW_ALL, packages: ['etcd*'] } }],
    ['replaces one that was not begun', 'accept instead of 4', assignment(), { records: records([of('accepted', 4), of('stage', 4), of('permit', 4)]) }],
    ['waits for one that was', 'busy', assignment(), { records: records([of('accepted', 4), of('begin', 4, { step: 0 })]) }],
    ['waits for one that needs a person', 'busy', assignment(), { records: records([of('begin', 4, { step: 0 }), of('refused', 4, { outcome: { code: 'needs-a-person', message: '', object: '' } })]) }],
    ['cannot be told apart from noise where not even its header holds', 'unknown-step-kind', decodeAssignment(Buffer.from('noise')), {}],
  ])('%s: %s', (_name, expected, decoded, change) => {
    expect(verdict(decoded, change)).toBe(expected);
  });
});

describe('a permit whose signature holds', () => {
  const PERMIT: PermitSpec = { fleet: 'f', node: 'n', rollout: 'r1', generation: 5, epoch: 3, ledgerSequence: 1, issuedUnixMs: NOW, expiresUnixMs: NOW + 60_000, digest: DIGEST, requestId: 'q1', validForMs: 1_000 };
  const QUESTION = { requestId: 'q1', generation: 5, bootId: 'boot-1', sentMonotonicMs: 10_000 };
  const VIEW: PermitView = { fleet: 'f', node: 'n', bootId: 'boot-1', nowMonotonicMs: 11_000, nowUnixMs: NOW, question: QUESTION, records: records([of('accepted', 5), of('stage', 5)]) };

  test.each<[string, string, Partial<PermitSpec>, Partial<PermitView>]>([
    ['holds up to its last millisecond', 'holds', {}, {}],
    ['holds not a millisecond longer', 'permit-expired', {}, { nowMonotonicMs: 11_001 }],
    ['for another node', 'wrong-node', { node: 'm' }, {}],
    ['of another fleet', 'wrong-node', { fleet: 'g' }, {}],
    ['of a deposed leader', 'epoch-stale', { epoch: 2 }, {}],
    ['for another generation', 'generation-stale', { generation: 4 }, {}],
    ['of another rollout', 'generation-stale', { rollout: 'r2' }, {}],
    ['for another sequence', 'store-regressed', { digest: 'e'.repeat(64) }, {}],
    ['for another request', 'permit-replayed', { requestId: 'q0' }, {}],
    ['for no request', 'permit-replayed', {}, { question: null }],
    ['after a boot', 'boot-changed', {}, { bootId: 'boot-2' }],
    ['on a clock that went back, as only another boot’s can', 'permit-expired', {}, { nowMonotonicMs: 9_999 }],
    ['past its date', 'permit-expired', {}, { nowUnixMs: NOW + 60_001 }],
    ['for what was begun', 'generation-stale', {}, { records: records([of('accepted', 5), of('begin', 5, { step: 0 })]) }],
    ['for what is over', 'generation-stale', {}, { records: records([of('accepted', 5), of('refused', 5)]) }],
  ])('%s: %s', (_name, expected, permit, change) => {
    expect(refusePermit({ ...PERMIT, ...permit }, { ...VIEW, ...change })?.code ?? 'holds').toBe(expected);
  });
});

test.each<[Partial<AllowList>, string]>([
  [{}, ''],
  [{ steps: ['packages'] }, 'steps of kind service'],
  [{ packages: ['container*'] }, ''],
  [{ packages: ['*tain*d'] }, ''],
  [{ packages: ['containerd?', 'contain', '*x*'] }, 'package containerd'],
  [{ packages: ['containerd*containerd'] }, 'package containerd'],
  [{ sources: ['deb*', '!'] }, ''],
  [{ sources: [] }, 'package source debian'],
  [{ files: ['/etc/containerd/*'], hooks: ['drain-*'] }, ''],
  [{ files: ['/etc/containerd'] }, 'file /etc/containerd/certs.d/x'],
  [{ files: [] }, 'file /etc/containerd/certs.d/x'],
  [{ hooks: ['drain'] }, 'hook drain-queue'],
])('what this host allows: %j', (allow, expected) => {
  expect(notAllowed(STEPS, { ...ALLOW_ALL, ...allow })).toBe(expected);
});

test.each([
  [{ steps: ['*'], packages: ['*'], sources: ['*'] }, ''],
  [{ steps: ['packages', 'service'], packages: ['*'], sources: ['*'] }, 'steps of kind agent_upgrade'],
  [{ steps: ['*'], packages: ['containerd'], sources: ['*'] }, 'package farrier-agent'],
  [{ steps: ['*'], packages: ['*'], sources: ['other'] }, 'package source fleet'],
])('the agent is a package like any other: %j', (allow, expected) => {
  expect(notAllowed([{ kind: 'agent_upgrade', name: 'a', timeoutMs: 1_000, version: '2.0', sources: ['fleet'], connectWithinMs: 10_000 }], { ...ALLOW_ALL, ...allow })).toBe(expected);
});

test.each([
  [['/etc/containerd/*'], ''],
  [['/etc/containerd/certs.d/docker.io/*'], 'file /etc/containerd/certs.d/own:5000/hosts.toml'],
  [['/etc/crictl.yaml'], 'file /etc/containerd/certs.d/docker.io/hosts.toml'],
])('the files that a containerd step writes for registries are files like any other: %j', (files, expected) => {
  const hosts = ['docker.io', 'own:5000'].map((host) => ({ host, server: 'https://cache.example', mirrors: [] }));
  const spec = containerdSpec({ registry: { configPath: '/etc/containerd/certs.d', hosts } });
  expect(notAllowed([spec], { ...ALLOW_ALL, files })).toBe(expected);
  expect(notAllowed([containerdSpec({ snapshotter: 'native' })], { ...ALLOW_ALL, files: [] })).toBe('');
});
