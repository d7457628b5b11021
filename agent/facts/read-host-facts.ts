import { hostname, release } from 'node:os';

import type { HostFacts, KubernetesFacts, SnapshotFacts } from '../../shared/domain/host-facts.ts';
import { systemdEtcdHost } from '../adapters/etcd/systemd-etcd-host.ts';
import { readArchitecture } from '../adapters/host-facts.ts';
import type { EtcdLook } from '../../shared/domain/etcd-look.ts';
import type { RoleFacts } from '../../shared/domain/node-role.ts';
import { findLocalMember } from '../etcd/local-member.ts';
import { type AskMembers, lookAtMember } from '../etcd/look-at-member.ts';
import type { RunProgram } from '../ports/programs.ts';
import { readDatastoreFacts } from './etcd-setup.ts';
import type { FactsReader } from './facts-watch.ts';
import { type HostFiles, hostFiles } from './host-files.ts';
import { readInstalledPackages } from './installed-packages.ts';
import { readK3s } from './k3s.ts';
import { readKubeadm } from './kubeadm.ts';
import { readMachine } from './machine.ts';
import { plain, readOs } from './os.ts';
import { readOtherTools } from './other-tools.ts';
import { PROGRAMS, ProgramVersions } from './programs-on-path.ts';

/** Looked for in /run: dpkg's hook on Debian, zypper on SUSE. */
const REBOOT_FILES = ['/run/reboot-required', '/run/reboot-needed'];

export type SnapshotFactsReader = (host: RoleFacts, signal: AbortSignal) => Promise<SnapshotFacts | null>;

/** Reads what a host is; remembers only what programs and its member of etcd said. Changes nothing, and never throws for what it finds. */
export class HostFactsReader implements FactsReader {
  readonly #files: HostFiles;
  readonly #programs: ProgramVersions;
  readonly #run: RunProgram;
  readonly #snapshots: SnapshotFactsReader;
  #lastLook: EtcdLook | null = null;
  #ask: AskMembers | null = null;

  /**
   * @param root absolute; `/` but in tests.
   * @param snapshots what it can do for snapshots; nothing is told of that unless it is given
   */
  constructor(run: RunProgram, root = '/', snapshots: SnapshotFactsReader = async () => null) {
    this.#files = hostFiles(root);
    this.#programs = new ProgramVersions(root, run);
    this.#run = run;
    this.#snapshots = snapshots;
  }

  /** Rejects when the signal fires. */
  async read(signal: AbortSignal): Promise<HostFacts> {
    const { root } = this.#files;
    const os = readOs(this.#files);
    const packages = await readInstalledPackages(root, os.packageFamily, this.#run, signal);
    const versionOf = (name: keyof typeof PROGRAMS): Promise<string | null> => this.#programs.versionOf(PROGRAMS[name], packages, signal);
    const kubernetes = await readKubernetes(this.#files, versionOf);
    const etcdMember = await this.#lookAtMember(kubernetes, signal);
    const facts: HostFacts = {
      os,
      kernel: plain(release()),
      architecture: readArchitecture(),
      ...readMachine(root),
      runtimes: { containerd: await versionOf('containerd'), runc: await versionOf('runc'), crun: await versionOf('crun'), docker: await versionOf('docker') },
      kubernetes,
      etcdMember,
      rebootRequired: REBOOT_FILES.some((path) => this.#files.exists(path)),
      otherTools: readOtherTools(this.#files, packages),
      packages,
      snapshots: await this.#snapshots({ kubernetes, etcdMember }, signal),
      datastore: await readDatastoreFacts(this.#files, systemdEtcdHost(this.#run), signal),
    };
    signal.throwIfAborted();
    return facts;
  }

  /** The same facts with its member of etcd looked at anew: what may change from one moment to the next. */
  async readMember(facts: HostFacts, signal: AbortSignal): Promise<HostFacts> {
    return { ...facts, etcdMember: await this.#lookAtMember(facts.kubernetes, signal) };
  }

  async #lookAtMember(kubernetes: KubernetesFacts | null, signal: AbortSignal): Promise<EtcdLook | null> {
    const place = await findLocalMember(this.#files, kubernetes, systemdEtcdHost(this.#run), signal);
    if (place === null) return null;
    // Hosts without one never load what asks it.
    this.#ask ??= (await import('../adapters/etcd/ask-members.ts')).askMembersAgain();
    this.#lastLook = await lookAtMember(place, this.#ask, this.#lastLook, signal);
    return this.#lastLook;
  }
}

async function readKubernetes(files: HostFiles, versionOf: (name: keyof typeof PROGRAMS) => Promise<string | null>): Promise<KubernetesFacts | null> {
  const kubeadm = readKubeadm(files, hostname());
  if (kubeadm !== null) return { ...kubeadm, kubeadm: await versionOf('kubeadm'), kubelet: await versionOf('kubelet'), kubectl: await versionOf('kubectl') };
  const k3s = readK3s(files, hostname());
  return k3s === null ? null : { ...k3s, version: await versionOf('k3s') };
}
