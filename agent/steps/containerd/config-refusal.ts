/** Why a configuration is left to a person: a closed list. */
export type ConfigRefusalCode =
  | 'containerd-too-old'
  /** No TOML, or of no version that there is. */
  | 'config-broken'
  /** Of a version that this containerd, or one that has to read it too, does not know. */
  | 'config-version-unread'
  /** Names of plugins of one version in a file of another: nobody can say what is meant. */
  | 'config-unclear'
  | 'plugin-unknown'
  | 'mirrors-and-config-path'
  | 'drop-in-broken'
  | 'drop-in-version'
  /** containerd 1.x takes a whole plugin from the drop-in. */
  | 'drop-in-replaces'
  | 'drop-in-overrides'
  /** What is set for CRI has no effect. */
  | 'cri-off'
  | 'cgroup-driver-mixed'
  | 'default-runtime-missing'
  | 'default-runtime-overridden'
  | 'cdi-unsupported'
  | 'not-editable';

/** `message` speaks of the file as `it`. */
export interface ConfigRefusal {
  readonly ok: false;
  readonly code: ConfigRefusalCode;
  readonly message: string;
}

export function refuse(code: ConfigRefusalCode, message: string): ConfigRefusal {
  return { ok: false, code, message };
}
