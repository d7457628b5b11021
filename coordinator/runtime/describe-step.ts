import { AGENT_PACKAGE, type StepSpec } from '../../shared/domain/step-spec.ts';
import type { ContainerdSettings } from '../../shared/domain/steps/containerd-spec.ts';
import { namesOf } from '../../shared/procedures/names-of.ts';

/** What a step brings to a host, beyond what its name says; empty where the name says all of it. */
export function describeStep(step: StepSpec): string {
  switch (step.kind) {
    case 'packages':
      return [...step.install.map(({ name, version }) => `${name} ${version}`), ...(step.remove ?? []).map((name) => `no ${name}`)].join(', ');
    case 'agent_upgrade':
      return `${AGENT_PACKAGE} ${step.version}`;
    case 'files':
      return namesOf(step.files.map(({ path, state }) => (state === 'absent' ? `no ${path}` : path)));
    case 'sysctl':
      return namesOf(step.settings.map(({ key, value }) => `${key}=${value}`));
    case 'modules':
      return namesOf(step.modules);
    case 'hook':
      return [step.args.join(' '), step.reversible ? '' : 'a point of no return'].filter((part) => part !== '').join('; ');
    case 'kubelet_config':
      return namesOf(step.set.map(({ path, value }) => `${path.join('.')}: ${JSON.stringify(value)}`));
    case 'kubeadm_certs':
      return step.renew.length === 0 ? 'all' : step.renew.join(', ');
    case 'kubeadm':
    case 'k3s':
    case 'etcd_upgrade':
      return step.version;
    case 'etcd_defragment':
      return `from ${step.fromFragmentedPercent}% unused or ${step.fromQuotaPercent}% of the quota on`;
    case 'etcd_disarm':
      return `compacts all but the last ${step.keepRevisions} revisions`;
    case 'kubelet':
      return step.action === 'restart' ? step.version : '';
    case 'containerd':
      return step.action === 'configure' ? describeContainerd(step.settings) : '';
    case 'images':
      return namesOf(step.source.kind === 'docker' ? step.source.images : step.source.archives.flatMap(({ images }) => images.map(({ name }) => name)));
    case 'cri_probe':
      return step.image.name;
    case 'kubelet_runtime':
      return step.action === 'set' ? step.endpoint : '';
    case 'k3s_runtimes':
      return namesOf([...(step.runtimes.length === 0 ? ['no runtimes of Farrier’s'] : step.runtimes.map(({ name }) => `runtime ${name}`)), ...step.mirrors.map(({ host }) => `mirrors of ${host}`)]);
    case 'restore_datastore':
      return `snapshot ${step.plain.sha256.slice(0, 12)} as member ${step.member}`;
    case 'restore_k3s':
      return `snapshot ${step.plain.sha256.slice(0, 12)}`;
    case 'start_datastore':
      return `${step.members.length} member(s)`;
    case 'stop_control_plane':
    case 'start_control_plane':
    case 'service':
    case 'reboot':
      return '';
  }
}

function describeContainerd({ enableCri, runtimes, removeRuntimes, defaultRuntime, sandboxImage, snapshotter, systemdCgroup, registry, cdi, alsoFor }: ContainerdSettings): string {
  const said = [
    enableCri ? 'CRI on' : '',
    ...runtimes.map(({ name }) => `runtime ${name}`),
    ...removeRuntimes.map((name) => `no runtime ${name}`),
    defaultRuntime === null ? '' : `default runtime ${defaultRuntime}`,
    systemdCgroup === null ? '' : `cgroups by ${systemdCgroup ? 'systemd' : 'cgroupfs'}`,
    sandboxImage === null ? '' : `sandbox ${sandboxImage}`,
    snapshotter === null ? '' : `snapshotter ${snapshotter}`,
    registry === null ? '' : `registries ${registry.hosts.length === 0 ? registry.configPath : namesOf(registry.hosts.map(({ host }) => host))}`,
    cdi === null ? '' : `CDI ${cdi.enabled ? 'on' : 'off'}`,
    alsoFor === null ? '' : `readable by ${alsoFor} too`,
  ];
  return said.filter((part) => part !== '').join(', ');
}
