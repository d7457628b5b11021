import type { StepKind, StepSpec } from '../../shared/domain/step-spec.ts';
import type { RestoreSpec } from '../../shared/domain/steps/restore-specs.ts';
import type { ManagedFile } from '../../shared/domain/steps/files-spec.ts';
import type { ImageSource } from '../../shared/domain/steps/images-spec.ts';
import type { KubeletField } from '../../shared/domain/steps/kubeadm-spec.ts';
import { writeSettings } from '../../shared/plan/steps/containerd-step.ts';
import type { SpecOf } from '../../shared/wire/steps/step-codec.ts';

/** As a plan would write the step; a guard is written as the restart that it comes from. */
const WRITTEN: { readonly [Kind in Exclude<StepKind, RestoreSpec['kind']>]: (step: SpecOf<Kind>) => unknown } = {
  k3s: ({ role, version, binary, images, crossesMinor }) => ({ k3s: { role, version, binary, crossesMinor, ...(images === null ? {} : { images }) } }),
  k3s_runtimes: ({ role, runtimes, mirrors }) => ({ k3sRuntimes: { role, runtimes: runtimes.map(({ binary, ...one }) => ({ ...one, ...(binary === null ? {} : { binary }) })), ...(mirrors.length === 0 ? {} : { mirrors }) } }),
  etcd_upgrade: ({ unit, version, binary, crossesMinor }) => ({ etcdUpgrade: { unit, version, binary, crossesMinor } }),
  etcd_defragment: ({ fromFragmentedPercent, fromQuotaPercent }) => ({ etcdDefragment: { fromFragmentedPercent, fromQuotaPercent } }),
  etcd_disarm: ({ keepRevisions }) => ({ etcdDisarm: { keepRevisions } }),
  packages: ({ install, sources, conffiles, remove }) => (remove !== undefined ? { packages: { remove } } : { packages: { install: Object.fromEntries(install.map(({ name, version }) => [name, version])), sources: sources.length === 0 ? ['local'] : sources, conffiles } }),
  service: ({ unit, action, looks }) => ({ service: { [action === 'disable' ? 'disable' : 'restart']: unit, looks, every: '100ms' } }),
  files: ({ files, onDrift }) => ({ files: { manage: files.map(writtenFile), onDrift } }),
  sysctl: ({ config, settings, onDrift }) => ({ sysctl: { name: config, settings: Object.fromEntries(settings.map(({ key, value }) => [key, value])), onDrift } }),
  modules: ({ config, modules, onDrift }) => ({ modules: { name: config, modules, onDrift } }),
  hook: ({ hook, args, reversible }) => ({ hook: { name: hook, args, reversible } }),
  agent_upgrade: ({ version, sources, connectWithinMs }) => ({ agent: { version, sources, connectWithin: `${connectWithinMs}ms`, timeout: '2h' } }),
  reboot: ({ onlyIf, units }) => ({ reboot: { onlyIf, units } }),
  kubeadm: ({ role, version, etcdUpgrade, certificateRenewal, imagePullPolicy, patches, ignorePreflightErrors, timeouts }) => ({
    kubeadm: {
      ...{ role, version, etcdUpgrade, certificateRenewal, imagePullPolicy, ignorePreflightErrors },
      ...(patches === '' ? {} : { patches }),
      timeouts: Object.fromEntries([['upgradeManifests', timeouts.upgradeManifestsMs], ['etcdAPICall', timeouts.etcdApiCallMs]].filter(([, ms]) => ms !== 0).map(([key, ms]) => [key, `${ms}ms`])),
    },
  }),
  containerd: ({ settings, looks, lookIntervalMs }) => ({ containerd: { ...writeSettings(settings), looks, every: `${lookIntervalMs}ms`, timeout: '2h' } }),
  images: ({ source, pin }) => ({ images: { ...writtenImages(source), pin } }),
  cri_probe: ({ runtime, handler, image, archive, annotations, expect }) => ({
    criProbe: { runtime, image: image.name, id: image.id, expect, annotations: Object.fromEntries(annotations.map(({ key, value }) => [key, value])), ...(handler === '' ? {} : { handler }), ...(archive === null ? {} : { archive }) },
  }),
  kubelet: ({ version, looks, lookIntervalMs }) => ({ kubelet: { version, looks, every: `${lookIntervalMs}ms`, timeout: '2h' } }),
  kubeadm_certs: ({ renew, whenUnderDays }) => ({ kubeadmCerts: { renew: renew.length === 0 ? 'all' : renew, whenUnderDays } }),
  kubelet_runtime: ({ endpoint, runtime }) => ({ kubeletRuntime: { endpoint, runtime } }),
  kubelet_config: ({ set, looks, lookIntervalMs }) => ({ kubeletConfig: { set: nested(set), looks, every: `${lookIntervalMs}ms`, timeout: '2h' } }),
};

export function writtenStep(step: StepSpec): unknown {
  return (WRITTEN as Readonly<Record<string, ((step: never) => unknown) | undefined>>)[step.kind]?.(step as never);
}

function writtenImages(source: ImageSource): object {
  if (source.kind === 'docker') return { fromDocker: source.images };
  return { into: source.kind, archives: source.archives.map(({ sha256, size, images, ...own }) => ({ sha256, size, images: Object.fromEntries(images.map(({ name, id }) => [name, id])), ...('fileName' in own ? { file: own.fileName } : {}) })) };
}

function writtenFile(file: ManagedFile): unknown {
  if (file.state === 'absent') return { path: file.path, absent: true };
  const { path, contentBase64, mode, owner, group } = file;
  return { path, base64: contentBase64, mode: mode.toString(8).padStart(4, '0'), owner, group };
}

function nested(fields: readonly KubeletField[]): unknown {
  const whole: Record<string, unknown> = {};
  for (const { path, value } of fields) {
    let inner = whole;
    for (const key of path.slice(0, -1)) inner = (inner[key] ??= {}) as Record<string, unknown>;
    inner[path.at(-1) ?? ''] = value;
  }
  return whole;
}
