import type { KubeadmFacts } from '../domain/host-facts.ts';
import { parseKubeVersion } from '../domain/kube-version.ts';
import type { DockerToContainerd } from '../domain/procedure.ts';
import { formatRelease } from '../domain/release.ts';
import { KUBELET_VERSION_PATTERN } from '../domain/step-limits.ts';
import { composeSteps, type WantedStep } from './compose-steps.ts';
import { type ComposedStep, oneHop, type PlannedProcedure, type ProcedureNode, problemAbout } from './composition.ts';

const PATH = 'procedure.docker-to-containerd';
const CONTAINERD = 'unix:///run/containerd/containerd.sock';

/**
 * Docker's images first, then containerd, then the kubelet, which is down while Docker goes: no pod runs in both. Docker stays
 * installed and comes back on the way back; removing it is a packages step of a later plan.
 *
 * https://kubernetes.io/docs/tasks/administer-cluster/migrating-from-dockershim/change-runtime-containerd/
 */
export function planDockerToContainerd(procedure: DockerToContainerd, nodes: readonly ProcedureNode[]): PlannedProcedure {
  const selected = nodes.filter(({ isSelected }) => isSelected);
  const problems = [
    ...problemAbout(selected.filter(({ facts }) => facts === null), { code: 'facts-missing', path: PATH }, (names) => `${names} told no facts, so that nobody knows what their kubelets run on; start the agent there`),
    ...problemAbout(selected.filter(({ facts }) => facts !== null && facts.kubernetes?.kind !== 'kubeadm'), { code: 'other-runtime', path: PATH }, (names) => `kubeadm did not make ${names}; leave them out of spec.select`),
    ...problemAbout(selected.filter((node) => runtimeOf(node) === 'other'), { code: 'other-runtime', path: PATH }, (names) => `the kubelet runs on neither Docker nor containerd on ${names}; leave them out of spec.select`),
    ...problemAbout(selected.filter((node) => runtimeOf(node) === 'docker' && kubeletOf(node) === null), { code: 'facts-missing', path: PATH }, (names) => `nobody tells which kubelet runs on ${names}; \`farrier node show\` tells what the agent found`),
    ...problemAbout(selected.filter(hasDockerBuiltIn), { code: 'other-runtime', path: PATH }, (names) => `the kubelet on ${names} is from before 1.24, which has Docker built in; upgrade it first`),
  ];
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, hops: oneHop(nodes, (node) => (runtimeOf(node) === 'docker' ? compose(procedure, node) : [])) };
}

function compose({ images, systemdCgroup, sandboxImage, probe }: DockerToContainerd, node: ProcedureNode): readonly ComposedStep[] {
  const { criSocket = '' } = kubeadmOf(node) ?? {};
  const units = [...(criSocket.endsWith('/cri-dockerd.sock') ? ['cri-docker.service'] : []), 'docker.service'];
  const sandbox = sandboxImage === null ? {} : { sandboxImage };
  return composeSteps([
    ...(images.length === 0 ? [] : [{ name: 'images', images: { fromDocker: [...images] }, because: 'containerd sees none of Docker’s images' } satisfies WantedStep]),
    { name: 'containerd', containerd: { enableCri: true, systemdCgroup, ...sandbox }, because: 'the kubelet asks it next, over CRI' },
    { name: 'kubelet-runtime', kubeletRuntime: { endpoint: CONTAINERD }, because: `the kubelet runs on ${criSocket}` },
    ...units.map((unit): WantedStep => ({ name: `disable-${unit}`, service: { disable: unit }, because: 'pods that it runs must not go on beside the new ones; it stays installed' })),
    { name: 'kubelet', kubelet: { version: kubeletOf(node) ?? '' }, because: 'it has to report containerd' },
    ...(probe === null ? [] : [{ name: 'probe', criProbe: { image: probe.image.name, id: probe.image.id, expect: probe.expect, ...(probe.archive === null ? {} : { archive: probe.archive }) }, because: 'a container has to run there' } satisfies WantedStep]),
  ]);
}

function runtimeOf(node: ProcedureNode): 'docker' | 'containerd' | 'other' | null {
  const kubeadm = kubeadmOf(node);
  if (kubeadm === null) return null;
  const { criSocket } = kubeadm;
  if (/\/(?:cri-dockerd|dockershim|docker)\.sock$/.test(criSocket)) return 'docker';
  // A kubelet that is told nothing asks containerd.
  return criSocket === '' || criSocket.endsWith('/containerd.sock') ? 'containerd' : 'other';
}

/** https://kubernetes.io/blog/2022/02/17/dockershim-faq/ */
function hasDockerBuiltIn(node: ProcedureNode): boolean {
  const kubelet = kubeletOf(node);
  return runtimeOf(node) === 'docker' && kubelet !== null && !KUBELET_VERSION_PATTERN.test(kubelet);
}

function kubeadmOf({ facts }: ProcedureNode): KubeadmFacts | null {
  return facts?.kubernetes?.kind === 'kubeadm' ? facts.kubernetes : null;
}

function kubeletOf(node: ProcedureNode): string | null {
  const version = parseKubeVersion(kubeadmOf(node)?.kubelet ?? '');
  return version === null ? null : formatRelease(version);
}
