import { dirname, join } from 'node:path';

import type { Clock } from '../../shared/ports/clock.ts';
import { findLocalMember } from '../etcd/local-member.ts';
import { hostFiles } from '../facts/host-files.ts';
import { readK3s } from '../facts/k3s.ts';
import { readKubeadm } from '../facts/kubeadm.ts';
import { readOs } from '../facts/os.ts';
import { HostFactsReader } from '../facts/read-host-facts.ts';
import type { Artifacts } from '../ports/artifacts.ts';
import type { Cri } from '../ports/cri.ts';
import type { NodeTruth } from '../ports/node-truth.ts';
import { containerdStep } from '../steps/containerd/containerd.ts';
import { criProbeStep, type ProbedRuntime } from '../steps/cri-probe/cri-probe.ts';
import { etcdDefragmentStep } from '../steps/etcd/etcd-defragment.ts';
import { etcdDisarmStep } from '../steps/etcd/etcd-disarm.ts';
import { etcdUpgradeStep } from '../steps/etcd/etcd-upgrade.ts';
import { filesStep } from '../steps/files/files.ts';
import { hookStep } from '../steps/hook/hook.ts';
import { imagesStep } from '../steps/images/images.ts';
import { forgetProved, readProved } from '../runner/proved-version.ts';
import { type AgentUpgradeParts, agentUpgradeStep } from '../steps/agent-upgrade/agent-upgrade.ts';
import { k3sRuntimesStep } from '../steps/k3s-runtimes/k3s-runtimes.ts';
import { k3sStep } from '../steps/k3s/k3s.ts';
import { keepingRuntime } from '../steps/keeping-runtime.ts';
import { modulesStep } from '../steps/kernel/modules.ts';
import { sysctlStep } from '../steps/kernel/sysctl.ts';
import { kubeadmCertsStep } from '../steps/kubeadm/kubeadm-certs.ts';
import { KUBEADM_PLACES, kubeletFiles, manifestsFolder } from '../steps/kubeadm/kubeadm-places.ts';
import { kubeadmStep } from '../steps/kubeadm/kubeadm.ts';
import { kubeletConfigStep } from '../steps/kubelet/kubelet-config.ts';
import { kubeletRuntimeStep } from '../steps/kubelet-runtime/kubelet-runtime.ts';
import { kubeletStep } from '../steps/kubelet/kubelet.ts';
import { packagesStep } from '../steps/packages/packages.ts';
import { type PreflightParts, preflighted } from '../steps/preflighted.ts';
import { rebootStep } from '../steps/reboot/reboot.ts';
import { serviceStep } from '../steps/service.ts';
import type { Executors } from '../steps/step.ts';
import { askMembers } from './etcd/ask-members.ts';
import { systemdEtcdHost } from './etcd/systemd-etcd-host.ts';
import { getentAccounts } from './getent-accounts.ts';
import { kmodModules } from './kernel/kmod-modules.ts';
import { procKernelSettings } from './kernel/proc-kernel-settings.ts';
import { AGENT_HOME, agentVersionsOnDisk } from './agent-versions-on-disk.ts';
import { installedK3s } from './kubernetes/installed-k3s.ts';
import { nodeAnnotations } from './kubernetes/node-annotations.ts';
import { kubeletTruth } from './kubernetes/kubelet-truth.ts';
import { procProcesses } from './proc-processes.ts';
import { tlsEndpoints } from './tls-endpoints.ts';
import { grpcEtcdMember } from './etcd/grpc-etcd-member.ts';
import { readEtcdSetup } from '../facts/etcd-setup.ts';
import { hostIdentity } from '../snapshots/host-identity.ts';
import type { RestoreParts } from '../steps/restore/restore-parts.ts';
import { restoreK3sStep } from '../steps/restore-k3s/restore-k3s.ts';
import { restoreSteps } from '../steps/restore/restore-steps.ts';
import { hostPackageSystem } from './packages/host-package-system.ts';
import { pipePrograms } from './pipe-programs.ts';
import { runProgram } from './run-program.ts';
import { ctrImageStore } from './runtimes/ctr-image-store.ts';
import { dockerCli } from './runtimes/docker-cli.ts';
import { socketCri } from './runtimes/socket-cri.ts';
import { withoutOrphans } from './runtimes/without-orphans.ts';
import { systemdHostBoot } from './systemd/systemd-host-boot.ts';
import { SYSTEM_UNITS_DIR, systemdUpgradeGuard } from './systemd/systemd-upgrade-guard.ts';
import { systemdUnits } from './systemd/systemd-units.ts';

const LOCK_WAIT_MS = 300_000;
const HOOKS_DIR = '/etc/farrier/hooks.d';
/** As systemd-sysctl reads them. */
const SYSCTL_DIRS = ['/etc/sysctl.d', '/run/sysctl.d', '/usr/local/lib/sysctl.d', '/usr/lib/sysctl.d'] as const;
const MODULES_DIR = '/etc/modules-load.d';
/** systemd.exec(5): of units that name no other. */
const PROGRAM_FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin'];

interface HostParts {
  readonly sourcesDir: string;
  readonly cacheDir: string;
  readonly stateDir: string;
  readonly artifacts: Artifacts;
  readonly configDir: string;
  /** What runs this process: `[node, ...flags, program]`. */
  readonly argv: readonly string[];
  /** Whether the coordinator answers this host. */
  readonly reach: () => Promise<boolean>;
}

/** The steps that this host can do. */
export function hostExecutors(parts: HostParts, clock: Clock): Executors {
  const { artifacts, sourcesDir, cacheDir, stateDir } = parts;
  const units = systemdUnits(runProgram);
  const reader = new HostFactsReader(runProgram);
  const preflight = { readFacts: (signal: AbortSignal) => reader.read(signal), clock };
  const packages = packagesStep(hostPackageSystem(readOs(hostFiles()), { run: runProgram, lockWaitMs: LOCK_WAIT_MS, sourcesDir, cacheDir }));
  return {
    packages: keepingRuntime(packages, criSocketNow),
    service: keepingRuntime(serviceStep(units, clock), criSocketNow),
    files: filesStep(getentAccounts(runProgram), { stateDir, ownFolders: [stateDir, sourcesDir, cacheDir] }),
    sysctl: sysctlStep(procKernelSettings(runProgram), stateDir, SYSCTL_DIRS),
    modules: modulesStep(kmodModules(runProgram), stateDir, MODULES_DIR),
    hook: hookStep(runProgram, HOOKS_DIR),
    reboot: rebootStep({ boot: systemdHostBoot(runProgram), units, clock }),
    ...kubeadmExecutors(units, clock, preflight),
    ...runtimeExecutors(artifacts, clock),
    k3s: preflighted(k3sStep({ units, clock, artifacts, k3s: installedK3s(runProgram), truthOf: nodeTruthOf, kubeletFolder: KUBEADM_PLACES.kubelet }), preflight),
    k3s_runtimes: k3sRuntimesStep({ units, clock, k3s: installedK3s(runProgram), truthOf: nodeTruthOf, cri: socketCri(K3S_CONTAINERD.socket), files: hostFiles() }),
    ...restoreSteps({ ...restoreParts(parts, clock), units, clock, artifacts }),
    ...etcdExecutors(artifacts, units, clock),
    restore_k3s: restoreK3sStep({ units, clock, artifacts, k3s: installedK3s(runProgram), truthOf: nodeTruthOf, identity: () => hostIdentity(stateDir), unitsDir: SYSTEM_UNITS_DIR }),
    containerd: containerdStep({ units, clock, run: runProgram, criAt, programFolders: PROGRAM_FOLDERS }),
    agent_upgrade: agentUpgradeStep({ ...agentParts(parts), packages, units, clock }),
  };
}

function agentParts({ stateDir, configDir, argv, reach }: HostParts): Omit<AgentUpgradeParts, 'packages' | 'units' | 'clock'> {
  return {
    versions: agentVersionsOnDisk(AGENT_HOME, dirname(argv[0] ?? '')),
    guard: systemdUpgradeGuard(runProgram, { stateDir, configDir, argv, unitsDir: SYSTEM_UNITS_DIR }),
    provedVersion: () => readProved(stateDir)?.version ?? null,
    forgetProved: () => forgetProved(stateDir),
    reach,
  };
}

function restoreParts({ stateDir }: HostParts, clock: Clock): Omit<RestoreParts, 'units' | 'clock' | 'artifacts'> {
  const places = KUBEADM_PLACES;
  const [config = ''] = kubeletFiles(places);
  return {
    setup: (signal) => readEtcdSetup(hostFiles(), systemdEtcdHost(runProgram), signal),
    memberAt: (place) => grpcEtcdMember(place, clock),
    endpoints: tlsEndpoints,
    processes: procProcesses,
    truth: kubeletTruth({ kubeconfig: join(places.kubernetes, 'kubelet.conf'), config, manifests: manifestsFolder(places) }),
    run: runProgram,
    identity: () => hostIdentity(stateDir),
    toolFolders: PROGRAM_FOLDERS,
    unitsDir: SYSTEM_UNITS_DIR,
    places,
  };
}

function etcdExecutors(artifacts: Artifacts, units: ReturnType<typeof systemdUnits>, clock: Clock): Pick<Executors, 'etcd_upgrade' | 'etcd_defragment' | 'etcd_disarm'> {
  const [host, files] = [systemdEtcdHost(runProgram), hostFiles()];
  const localMember = (signal: AbortSignal) => findLocalMember(files, readKubeadm(files, '') ?? readK3s(files, ''), host, signal);
  const maintenance = { ask: askMembers, clock, localMember };
  return {
    etcd_upgrade: etcdUpgradeStep({ host, files, units, ask: askMembers, artifacts, clock }),
    etcd_defragment: etcdDefragmentStep(maintenance),
    etcd_disarm: etcdDisarmStep(maintenance),
  };
}

/** Of a kubelet that kubeadm set up; null where there is none. */
function criSocketNow(): string | null {
  return readKubeadm(hostFiles(), '')?.criSocket ?? null;
}

/** @param endpoint `unix:///…` */
function criAt(endpoint: string): Cri {
  return socketCri(endpoint.replace('unix://', ''));
}

/** K3s has no kubelet of its own to ask, and no manifests. */
function nodeTruthOf(kubeconfig: string): Pick<NodeTruth, 'node'> {
  return kubeletTruth({ kubeconfig, config: '', manifests: '' });
}

const CONTAINERD = { socket: '/run/containerd/containerd.sock', folder: '/var/lib/containerd', ctr: ['ctr'] } as const;
const K3S_CONTAINERD = { socket: '/run/k3s/containerd/containerd.sock', folder: '/var/lib/rancher/k3s', ctr: ['k3s', 'ctr'] } as const;

function runtimeExecutors(artifacts: Artifacts, clock: Clock): Pick<Executors, 'images' | 'cri_probe'> {
  const [containerd, k3s] = [CONTAINERD, K3S_CONTAINERD].map(({ socket, folder, ctr }) => ({ cri: withoutOrphans(socketCri(socket), runProgram, ctr), store: ctrImageStore(runProgram, pipePrograms, ctr), folder })) as [ProbedRuntime, ProbedRuntime];
  return {
    images: imagesStep({ ...containerd, artifacts, clock, k3s: installedK3s(runProgram), containerdFolder: containerd.folder }),
    cri_probe: criProbeStep({ runtimes: { containerd, k3s }, artifacts, clock }),
  };
}

function kubeadmExecutors(units: ReturnType<typeof systemdUnits>, clock: Clock, preflight: PreflightParts): Pick<Executors, 'kubeadm' | 'kubelet' | 'kubeadm_certs' | 'kubelet_config' | 'kubelet_runtime'> {
  const places = KUBEADM_PLACES;
  const [config = ''] = kubeletFiles(places);
  const kubeconfig = join(places.kubernetes, 'kubelet.conf');
  const truth = kubeletTruth({ kubeconfig, config, manifests: manifestsFolder(places) });
  const kubeadm = { run: runProgram, truth, clock, places };
  const kubelet = { units, truth, clock, places };
  return {
    kubeadm: preflighted(kubeadmStep(kubeadm), preflight),
    kubelet: preflighted(kubeletStep(kubelet, runProgram), preflight),
    kubeadm_certs: kubeadmCertsStep({ ...kubeadm, processes: procProcesses }),
    kubelet_config: kubeletConfigStep({ ...kubelet, configFile: config }),
    kubelet_runtime: kubeletRuntimeStep({ ...kubelet, annotations: nodeAnnotations(kubeconfig), criAt, docker: dockerCli(runProgram), run: runProgram, files: hostFiles() }),
  };
}
