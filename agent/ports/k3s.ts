/** K3s as it is installed on this host. */
export interface K3s {
  /** How systemd starts it. @returns null where there is no such unit, or it does not run K3s. */
  unit(unit: string, signal: AbortSignal): Promise<K3sUnit | null>;
  /** What `<binary> --version` says; null where it does not run or says something else. */
  version(binary: string, signal: AbortSignal): Promise<string | null>;
}

export interface K3sUnit {
  /** Absolute path of what the unit runs. */
  readonly binary: string;
  /** `server` or `agent` first. */
  readonly args: readonly string[];
  /** `NAME=value` of the unit's environment files; holds secrets. */
  readonly environment: readonly string[];
  /** Absolute; /var/lib/rancher/k3s unless the unit or config.yaml says otherwise. */
  readonly dataDir: string;
  /** Absolute path of what says where images come from; /etc/rancher/k3s/registries.yaml unless K3s is told otherwise. */
  readonly registries: string;
  /** It runs no containerd of its own: Docker, or what listens at another socket. */
  readonly hasOtherRuntime: boolean;
}
