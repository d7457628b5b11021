/** An etcd that was set up by hand, as systemd and its own files show it. */
export interface EtcdHost {
  /** @returns null where there is no such unit, or none that starts anything. */
  unit(unit: string, signal: AbortSignal): Promise<EtcdUnit | null>;
  /**
   * What `<binary> --version` says, with these flags before it: etcd reads them first, and says which one it does not know.
   * Nothing is started.
   */
  version(binary: string, flags: readonly string[], signal: AbortSignal): Promise<EtcdVersionSaid>;
}

export interface EtcdUnit {
  /** Absolute path of what the unit runs. */
  readonly binary: string;
  /** As systemd hands them over. */
  readonly flags: readonly string[];
  /** By the name of its flag, without dashes; the one that counts. */
  readonly settings: ReadonlyMap<string, EtcdSetting>;
}

export interface EtcdSetting {
  readonly value: string;
  /** What a person has to open to change it: a file, or `ExecStart of etcd.service`. */
  readonly from: string;
}

/** `version` is null where it does not run, or says something else; `said` is why. */
export interface EtcdVersionSaid {
  readonly version: string | null;
  readonly said: string;
}
