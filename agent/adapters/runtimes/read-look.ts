import type { CriLook } from '../../ports/cri.ts';
import type { StatusResponse__Output } from '../../../shared/wire/runtime-interface.ts';

/** What containerd says of its own configuration, as far as anything here asks. */
export interface ShownConfig {
  readonly containerd?: {
    readonly defaultRuntimeName?: string;
    readonly runtimes?: Readonly<Record<string, { readonly options?: { readonly SystemdCgroup?: boolean } | null }>>;
  };
}

/** Another runtime shows something else, or nothing. */
export function shownConfig({ info }: Pick<StatusResponse__Output, 'info'>): ShownConfig {
  try {
    return (JSON.parse(info['config'] ?? '{}') ?? {}) as ShownConfig;
  } catch {
    return {};
  }
}

/** containerd 1.6 and 1.7 name their handlers only in the configuration that they show. */
export function readLook(status: StatusResponse__Output): Pick<CriLook, 'ready' | 'why' | 'handlers' | 'defaultHandler'> {
  const { containerd } = shownConfig(status);
  const named = status.runtimeHandlers.map(({ name }) => name).filter((name) => name !== '');
  const ready = status.status?.conditions.find(({ type }) => type === 'RuntimeReady');
  return {
    ready: ready?.status === true,
    why: ready?.status === true ? '' : [ready?.reason, ready?.message].filter((text) => text !== undefined && text !== '').join(': '),
    handlers: (named.length > 0 ? named : Object.keys(containerd?.runtimes ?? {})).toSorted(),
    defaultHandler: containerd?.defaultRuntimeName ?? '',
  };
}

/** Before 2.0 containerd has no call for it: what the default handler is configured with says it. Null where that is not shown. */
export function shownDriver(status: StatusResponse__Output): CriLook['cgroupDriver'] {
  const { containerd } = shownConfig(status);
  const runtime = containerd?.runtimes?.[containerd.defaultRuntimeName ?? ''];
  if (runtime === undefined || runtime === null) return null;
  return runtime.options?.SystemdCgroup === true ? 'systemd' : 'cgroupfs';
}
