import { hostFiles } from '../../agent/facts/host-files.ts';
import type { DockerLook } from '../../agent/ports/docker.ts';
import { kubeletRuntimeStep, type KubeletRuntimePrior } from '../../agent/steps/kubelet-runtime/kubelet-runtime.ts';
import type { EarlierStep, StepContext, StepExecutor } from '../../agent/steps/step.ts';
import type { KubeletRuntimeSpec } from '../../shared/domain/steps/kubelet-runtime-spec.ts';
import { KubeadmLab, kubeletConfigText } from './kubeadm-lab.ts';
import { MemoryCri } from './memory-cri.ts';

export const CONTAINERD = 'unix:///run/containerd/containerd.sock';
export const DOCKER = 'unix:///run/cri-dockerd.sock';
export const SOCKET = 'kubeadm.alpha.kubernetes.io/cri-socket';
export const FLAGS = 'var/lib/kubelet/kubeadm-flags.env';
export const CONFIG = 'var/lib/kubelet/config.yaml';
export const INSTANCE = 'var/lib/kubelet/instance-config.yaml';
const GUARD: EarlierStep = { spec: { kind: 'kubelet', name: 'g', timeoutMs: 60_000, version: '1.33.5', action: 'guard', looks: 6, lookIntervalMs: 2000 }, folder: '/nowhere' };

/** A node of kubeadm on Docker, and containerd beside it. */
export class KubeletRuntimeLab extends KubeadmLab {
  readonly cri = new MemoryCri();
  docker: DockerLook | null = { liveRestore: false, running: [{ name: 'k8s_web', isKubernetes: true, restarts: false }, { name: 'registry', isKubernetes: false, restarts: true }] };
  readonly step: StepExecutor<KubeletRuntimeSpec, KubeletRuntimePrior> = kubeletRuntimeStep({
    ...{ units: this.units, clock: this.clock, annotations: this.nodeAnnotations, criAt: () => this.cri, run: this.run, places: this.places },
    docker: { look: async () => this.docker },
    files: hostFiles(this.root),
  });

  constructor() {
    super();
    this.answers.set('kubelet --version', { stdout: 'Kubernetes v1.33.5\n' });
    this.write(FLAGS, `KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=${DOCKER} --pod-infra-container-image=r/pause:3.9"\n`, 0o644);
    this.annotations.set(SOCKET, DOCKER);
  }

  /** Of a step that stands after the kubelet's guard. */
  inSequence(): StepContext {
    return this.context({ earlier: [GUARD] });
  }

  async check(): Promise<string> {
    return codeOf(await this.step.check(runtimeSpec(), this.inSequence()));
  }

  /** As it comes back out of the journal. */
  async captured(action: KubeletRuntimeSpec['action'] = 'set'): Promise<KubeletRuntimePrior> {
    const result = await this.step.capture(runtimeSpec(action), this.inSequence());
    if (!result.ok) throw new Error(result.outcome.message);
    return JSON.parse(JSON.stringify(result.prior)) as KubeletRuntimePrior;
  }

  /** Goes there with both steps of it, as they stand in a sequence. @returns what was there before */
  async there(): Promise<{ readonly before: readonly string[]; readonly guard: KubeletRuntimePrior; readonly set: KubeletRuntimePrior }> {
    const before = this.files();
    const [guard, set] = [await this.captured('guard'), await this.captured()];
    for (const [action, prior] of [['guard', guard], ['set', set]] as const) {
      const applied = await this.step.apply(runtimeSpec(action), prior, this.inSequence());
      if (!applied.ok) throw new Error(applied.outcome.message);
    }
    return { before, guard, set };
  }

  /** As kubeadm 1.34 makes or upgrades a node. */
  makeFileForm(): void {
    this.answers.set('kubelet --version', { stdout: 'Kubernetes v1.34.2\n' });
    this.write(FLAGS, 'KUBELET_KUBEADM_ARGS="--pod-infra-container-image=r/pause:3.9"\n', 0o644);
    this.write(CONFIG, `${kubeletConfigText}containerRuntimeEndpoint: ${DOCKER} # by kubeadm\n`, 0o644);
    this.write(INSTANCE, `containerRuntimeEndpoint: "${DOCKER}"\n`, 0o600);
    this.annotations.clear();
  }
}

export function runtimeSpec(action: KubeletRuntimeSpec['action'] = 'set'): KubeletRuntimeSpec {
  return { kind: 'kubelet_runtime', name: 'r', timeoutMs: 60_000, endpoint: CONTAINERD, runtime: 'containerd', action };
}

/** `ok`, what check found, or the code of the failure. */
export function codeOf(result: { readonly ok: boolean; readonly state?: string; readonly outcome?: { readonly code: string } }): string {
  return result.ok ? (result.state ?? 'ok') : (result.outcome?.code ?? '');
}
