import { join } from 'node:path';

import { parseKubeVersion } from '../../../shared/domain/kube-version.ts';
import type { KubeletField } from '../../../shared/domain/steps/kubeadm-spec.ts';
import type { HostFiles } from '../../facts/host-files.ts';
import { lastFlagValue, lastYamlValue, unitFiles } from '../../facts/kubelet-flags.ts';
import { textIfThere } from '../files/file-text.ts';
import type { KubeadmPlaces } from '../kubeadm/kubeadm-places.ts';
import { readKubeletConfig, readKubeletPatch } from '../kubelet/kubelet-configuration.ts';
import { stepFailure, type StepFailure } from '../step.ts';
import { withFields, type YamlMapping } from '../yaml-mapping.ts';
import { endpointsIn, withEndpoint } from './kubeadm-flags.ts';

/**
 * Where a kubeadm node has its container runtime written down.
 *
 * `flag`, up to 1.33: the kubelet gets it as a flag in kubeadm-flags.env, and kubeadm reads an annotation of the Node. `file`,
 * from 1.34 (NodeLocalCRISocket, KEP-4656): kubeadm keeps it in instance-config.yaml and writes it from there into
 * config.yaml, which is what the kubelet reads. A node that kubeadm 1.34 has not upgraded yet still has the older form.
 * Whatever names a runtime beside these is kept consistent: a flag that is left over wins over any file.
 */
export interface RuntimePlaces {
  readonly form: 'flag' | 'file';
  /** By path, as it has to be; only those that have to change. */
  readonly changes: ReadonlyMap<string, string>;
  /** The kubelet's cgroup driver, as config.yaml has it. */
  readonly driver: 'systemd' | 'cgroupfs';
}

export const CRI_SOCKET_ANNOTATION = 'kubeadm.alpha.kubernetes.io/cri-socket';

const FILE_FORM_MINOR = 34;
/** What kubeadm and packages hand the kubelet, as seen from the root of the host. */
const KUBEADM_FLAGS = '/var/lib/kubelet/kubeadm-flags.env';
const KUBELET_CONFIG = '/var/lib/kubelet/config.yaml';
const OTHER_FLAG_FILES = ['/etc/default/kubelet', '/etc/sysconfig/kubelet'];

/** Runtimes that may be left: Docker's, and containerd under another name of its socket. */
const LEAVABLE = /(?:^|\/)(?:dockershim|cri-dockerd|docker|containerd)\.sock$/;

export type LookedUp = { readonly ok: true; readonly places: RuntimePlaces } | StepFailure;

/**
 * Reads what there is, and says what would have to be written for `endpoint`.
 *
 * @param kubeletVersion as `1.34.2`.
 */
export async function lookUpPlaces(files: HostFiles, { kubelet }: Pick<KubeadmPlaces, 'kubelet'>, endpoint: string, kubeletVersion: string): Promise<LookedUp> {
  const [flagsPath, configPath, instancePath] = ['kubeadm-flags.env', 'config.yaml', 'instance-config.yaml'].map((name) => join(kubelet, name)) as [string, string, string];
  const foreign = setElsewhere(files, endpoint);
  if (foreign !== null) return foreign;
  const [flags, config, instance] = [await textIfThere(flagsPath), await readKubeletConfig(configPath), await readKubeletPatch(instancePath)];
  if (config === null) return unreadable(configPath);
  if (instance === null) return unreadable(instancePath);
  const given = endpointsIn(flags ?? '');
  if (given === null) return unreadable(flagsPath);
  const form = instance !== 'none' || (given.length === 0 && minorOf(kubeletVersion) >= FILE_FORM_MINOR) ? 'file' : 'flag';
  const named = [...given, endpointOf(config), ...(instance === 'none' ? [] : [endpointOf(instance)])].filter((each) => each !== '');
  const kept = named.find((each) => each !== endpoint && !LEAVABLE.test(each));
  if (kept !== undefined) return stepFailure('not-allowed', `the kubelet's runtime is ${kept}, which is neither Docker nor containerd; what runs there would be lost without a word: move this node by hand`, kept);
  const wanted = new Map<string, string | null>();
  if (form === 'flag' || given.length > 0) wanted.set(flagsPath, withEndpoint(flags ?? '', endpoint));
  if (form === 'file' || endpointOf(config) !== '') wanted.set(configPath, await withFields(config, fieldsOf(endpoint)));
  if (form === 'file') wanted.set(instancePath, instance === 'none' ? newInstance(endpoint) : await withFields(instance, fieldsOf(endpoint)));
  const changes = new Map<string, string>();
  for (const [path, text] of wanted) {
    if (text === null) return unreadable(path);
    if (text !== (await textIfThere(path))) changes.set(path, text);
  }
  return { ok: true, places: { form, changes, driver: config.document.get('cgroupDriver') === 'systemd' ? 'systemd' : 'cgroupfs' } };
}

/** What would win over all that kubeadm writes, unless it says the same. */
function setElsewhere(files: HostFiles, endpoint: string): StepFailure | null {
  const units = unitFiles(files, 'kubelet.service');
  const others = [...OTHER_FLAG_FILES, ...units].filter((path) => path !== KUBEADM_FLAGS);
  for (const path of others) {
    const value = placeIn(files, [path], 'container-runtime-endpoint');
    if (value !== null && value !== endpoint) return stepFailure('not-allowed', `${path} hands the kubelet --container-runtime-endpoint=${value}, which wins over what kubeadm keeps; take it out of there first`, path);
  }
  const all = [KUBEADM_FLAGS, ...others];
  const config = placeIn(files, all, 'config');
  if (config !== null && config !== KUBELET_CONFIG) return stepFailure('not-allowed', `the kubelet reads ${config}, not ${KUBELET_CONFIG}, which kubeadm keeps; change its runtime by hand`, config);
  const folder = placeIn(files, all, 'config-dir');
  const dropIns = folder === null ? [] : files.names(folder).map((name) => `${folder}/${name}`);
  // Where images come from may be named by itself: then it would still be the old runtime.
  const images = placeIn(files, all, 'image-service-endpoint') ?? lastYamlValue(files, [KUBELET_CONFIG, ...dropIns], 'imageServiceEndpoint');
  if (images !== null && images !== endpoint) return stepFailure('not-allowed', `the kubelet is told to ask ${images} for images, which would not be the runtime any more; take imageServiceEndpoint out of its configuration and flags first`, images);
  const dropIn = dropIns.find((path) => ![null, endpoint].includes(lastYamlValue(files, [path], 'containerRuntimeEndpoint')));
  return dropIn === undefined ? null : stepFailure('not-allowed', `${dropIn} sets containerRuntimeEndpoint, which wins over what kubeadm keeps; take it out of there first`, dropIn);
}

/** What a flag names as a path or a socket: scripts that start a kubelet speak of its flags in words, too. */
function placeIn(files: HostFiles, paths: readonly string[], flag: string): string | null {
  return paths.map((path) => lastFlagValue(files, [path], flag)).findLast((value) => value !== null && /^(?:[a-z]+:\/)?\//.test(value)) ?? null;
}

function fieldsOf(endpoint: string): readonly KubeletField[] {
  return [{ path: ['containerRuntimeEndpoint'], value: endpoint }];
}

function endpointOf({ document }: YamlMapping): string {
  const value = document.get('containerRuntimeEndpoint');
  return typeof value === 'string' ? value : '';
}

/** As kubeadm writes it. */
function newInstance(endpoint: string): string {
  return `containerRuntimeEndpoint: ${JSON.stringify(endpoint)}\n`;
}

function minorOf(version: string): number {
  return parseKubeVersion(version)?.minor ?? 0;
}

function unreadable(path: string): StepFailure {
  return stepFailure('config-unreadable', `${path} cannot be read without doubt; nobody but a person can say what it means: mend it by hand`, path);
}
