/** Docker as it runs on this host. */
export interface Docker {
  /** @returns null where no Docker answers */
  look(signal: AbortSignal): Promise<DockerLook | null>;
}

export interface DockerLook {
  /** Its containers go on while it is down. */
  readonly liveRestore: boolean;
  readonly running: readonly DockerContainer[];
}

export interface DockerContainer {
  readonly name: string;
  /** Made by a kubelet. */
  readonly isKubernetes: boolean;
  /** Docker starts it again when it starts itself. */
  readonly restarts: boolean;
}
