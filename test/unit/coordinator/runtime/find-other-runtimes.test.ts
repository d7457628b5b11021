import { describe, expect, test } from 'vitest';

import { resolvePlan } from '../../../../coordinator/runtime/resolve-plan.ts';
import type { HostFacts } from '../../../../shared/domain/host-facts.ts';
import { BARE_HOST, K3S_SERVER, WORKER } from '../../../support/example-facts.ts';
import { aFleet, aMember } from '../../../support/fleet-state.ts';

const NOON = { nowUnixMs: Date.UTC(2026, 0, 1, 12), unproved: new Map<string, string>(), noDrain: null, artifacts: new Map<string, number>() };
const ID = `sha256:${'cd'.repeat(32)}`;
const PROBE = `image: registry.example/hello:1, id: "${ID}", expect: hello`;

const WITHOUT: HostFacts = { ...BARE_HOST, runtimes: { ...BARE_HOST.runtimes, containerd: null } };
const onSocket = (criSocket: string): HostFacts => ({ ...WORKER, runtimes: { ...WORKER.runtimes, docker: '26.1.5' }, kubernetes: { ...WORKER.kubernetes, criSocket } });
const ON_DOCKER = onSocket('unix:///run/cri-dockerd.sock');

/** What is said of a host with these facts. */
function told(facts: HostFacts, what: string): readonly string[] {
  const plan = `apiVersion: farrier/v1\nkind: Plan\nmetadata: { name: p }\nspec:\n  drain: never\n  allowControlPlaneOutage: true\n  ${what}\n`;
  return resolvePlan(aFleet([aMember('n1', facts), aMember('n2', facts)]), plan, 'p.yaml', NOON).diagnostics.filter(({ code }) => ['other-runtime', 'runtime-in-use'].includes(code)).map(({ path, code, message }) => `${path} ${code} ${message}`);
}

const steps = (...written: readonly string[]): string => `steps: [${written.map((step) => `{ ${step} }`).join(', ')}]`;
const CRUN = 'runtimes: [{ name: crun, binary: /usr/bin/crun }]';

test('a step for containerd needs one, or something before it that brings it', () => {
  const absent = 'step containerd is for containerd, which is not installed here; install it before, or leave such nodes out of spec.select';
  expect(told(WITHOUT, steps(`containerd: { ${CRUN} }`))).toEqual([`spec.steps other-runtime n1, n2: ${absent}`]);
  expect(told(WITHOUT, `procedure: { containerd-config: { ${CRUN} } }`)).toEqual([`spec.procedure.containerd-config other-runtime n1, n2: ${absent}`]);
  expect(told(WITHOUT, `procedure: { wasm: { probe: { ${PROBE} } } }`)).toHaveLength(2);
  expect(told(WITHOUT, steps('packages: { install: { containerd.io: 2.1.9 }, sources: [ours] }', `containerd: { ${CRUN} }`))).toEqual([]);
  expect(told(WITHOUT, steps('hook: { name: bring, reversible: true }', `containerd: { ${CRUN} }`))).toEqual([]);
  expect(told(WITHOUT, steps('packages: { install: { crun: 1.21-1 }, sources: [ours] }', `containerd: { ${CRUN} }`))).toHaveLength(1);
  expect(told(BARE_HOST, steps(`containerd: { ${CRUN} }`))).toEqual([]);
});

test('each step for containerd says what K3s has in its place', () => {
  const said = told(K3S_SERVER, steps(`containerd: { ${CRUN} }`, `images: { archives: [{ sha256: ${'ab'.repeat(32)}, size: 1, images: { registry.example/hello:1: "${ID}" } }] }`, `criProbe: { ${PROBE} }`, 'kubeletRuntime: { endpoint: unix:///run/containerd/containerd.sock }', 'kubelet: { version: 1.33.4 }'));
  expect(said.map((line) => line.replace(/^.* step /, ''))).toEqual([
    'containerd is for a containerd that packages install; K3s has one of its own: write k3sRuntimes or the procedure k3s-runtimes',
    'images is for a containerd that packages install; K3s has one of its own: write into: k3s',
    'probe-runtime is for a containerd that packages install; K3s has one of its own: write runtime: k3s',
    'kubelet-runtime is for nodes that kubeadm made; leave others out of spec.select',
  ]);
});

test('a step for K3s needs K3s, in its role', () => {
  expect(told(WORKER, steps(`k3sRuntimes: { role: agent, ${CRUN} }`, `criProbe: { runtime: k3s, ${PROBE} }`)).map((line) => line.replace(/^.* step /, ''))).toEqual([
    'k3s-runtimes-agent is for K3s, which does not run here; leave such nodes out of spec.select',
    'probe-runtime is for K3s, which does not run here; leave such nodes out of spec.select',
  ]);
  expect(told(K3S_SERVER, steps(`k3sRuntimes: { role: agent, ${CRUN} }`))).toEqual(['spec.steps other-runtime n1, n2: step k3s-runtimes-agent is for a K3s agent, and this is a server; write role: server, or the procedure k3s-runtimes, which takes each node’s own']);
  expect(told(K3S_SERVER, steps(`k3sRuntimes: { role: server, ${CRUN} }`))).toEqual([]);
});

test('images come from Docker where Docker is', () => {
  expect(told(BARE_HOST, steps('images: { fromDocker: [docker.io/library/web:1] }'))).toEqual(['spec.steps other-runtime n1, n2: step images takes images from Docker, which is not installed here; write archives, or leave such nodes out of spec.select']);
  expect(told(ON_DOCKER, steps('images: { fromDocker: [docker.io/library/web:1] }'))).toEqual([]);
});

describe('what a kubelet runs on is not taken away from it', () => {
  const docker = 'packages: { remove: [docker.io] }';

  test.each([
    ['Docker', ON_DOCKER, docker, 'remove-packages takes docker.io away, and the kubelet runs on unix:///run/cri-dockerd.sock'],
    ['its unit', ON_DOCKER, 'service: { disable: docker.service }', 'disable-docker.service takes docker.service away, and the kubelet runs on unix:///run/cri-dockerd.sock'],
    ['containerd below Docker', ON_DOCKER, 'packages: { remove: [containerd] }', 'remove-packages takes containerd away, and the kubelet runs on unix:///run/cri-dockerd.sock'],
    ['containerd', WORKER, 'packages: { remove: [containerd] }', 'remove-packages takes containerd away, and the kubelet runs on unix:///run/containerd/containerd.sock'],
    ['containerd, where nothing says so', onSocket(''), 'packages: { remove: [containerd] }', 'remove-packages takes containerd away, and the kubelet runs on unix:///run/containerd/containerd.sock'],
    ['CRI-O', onSocket('unix:///var/run/crio/crio.sock'), 'service: { disable: crio.service }', 'disable-crio.service takes crio.service away, and the kubelet runs on unix:///var/run/crio/crio.sock'],
  ])('%s', (_, facts, step, message) => {
    expect(told(facts, steps(step))).toEqual([`spec.steps runtime-in-use n1, n2: step ${message}; point it at another runtime first, as docker-to-containerd does, or leave such nodes out of spec.select`]);
  });

  test('but what it does not run on, or no more by then, may go', () => {
    expect(told(WORKER, steps(docker))).toEqual([]);
    expect(told(ON_DOCKER, steps('kubeletRuntime: { endpoint: unix:///run/containerd/containerd.sock }', 'service: { disable: docker.service }', 'kubelet: { version: 1.33.4 }'))).toEqual([]);
    expect(told(ON_DOCKER, 'procedure: { docker-to-containerd: {} }')).toEqual([]);
    expect(told(BARE_HOST, steps('packages: { remove: [containerd] }'))).toEqual([]);
  });
});
